import { expect, it } from 'vitest'
import { runOf } from '../../../contract/testRun.ts'
import { toneOf } from '../../ui/StageSign.tsx'
import { runCells } from './RunCells.tsx'

const now = Date.parse('2026-01-01T12:00:00.000Z')

it('a row says of a run whose step is paused that it is, and by whom', () => {
  const paused = { at: '2026-01-01T11:00:00.000Z', by: 'ada@here', reason: 'the card is swapped' }
  const run = runOf('w1', 0, { stage: 'Training', attempt: 2, maxAttempts: 3, paused })
  expect(runCells.state(run, { now, options: {} })).toMatchObject({ content: 'Training · paused by ada@here' })
  expect(toneOf(run)).toBe('human')
  const unnamed = runOf('w1', 0, { ...run, paused: { ...paused, by: null } })
  expect(runCells.state(unnamed, { now, options: {} })?.content).toBe('Training · paused')
})
