import { expect, it } from 'vitest'
import { progressWords } from './progress.ts'

const at = '2026-01-01T00:00:00.000Z'

it('says how far a step is, and how long it takes where that is known', () => {
  expect(progressWords({ fraction: 0.424, message: 'Round 63 of 150', at, secondsLeft: 11.2 })).toBe(
    '42 % · Round 63 of 150 · about 12 s left',
  )
  expect(progressWords({ fraction: 1.2, message: '', at })).toBe('100 %')
  expect(progressWords({ fraction: 0, message: 'Begins', at, secondsLeft: null })).toBe('0 % · Begins')
  expect(progressWords({ fraction: 0, message: '', at, secondsLeft: Number.POSITIVE_INFINITY })).toBe('0 %')
})
