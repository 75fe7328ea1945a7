import { expect, it } from 'vitest'
import type { RunSummary, StackHealth } from '../../../contract/model.ts'
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

it('a row says of a run that nothing keeps but the lack of a worker that it waits for one', () => {
  const part = (state: 'up' | 'down') => ({ worker: { state, detail: 'stopped by ada' } }) as unknown as StackHealth
  const words = (change: Partial<RunSummary>, state: 'up' | 'down' = 'down') =>
    runCells.state(runOf('w1', 0, change), { now, options: { stack: part(state) } })?.content
  expect(words({ stage: 'Queued', attempt: 0 })).toBe('Queued · waits for a worker')
  expect(words({ stage: 'Preprocessing', attempt: 0 })).toBe('Preprocessing · waits for a worker')
  expect(words({ stage: 'Training', attempt: 2, retryAt: '2026-01-01T11:59:59.000Z' })).toBe('Training · waits for a worker')
  expect(words({ stage: 'Training', attempt: 1, retryAt: '2026-01-01T12:00:05.000Z' })).toBe(
    'Training failed · try 2 of 3 in 5 s',
  )
  expect(words({ stage: 'Training', attempt: 2 })).toBe('Training · try 2 of 3')
  expect(words({ stage: 'Queued', attempt: 0 }, 'up')).toBe('Queued')
  expect(words({ stage: 'Completed', attempt: 0 })).toBe('In dev; production not asked for')
})
