import { describe, expect, it } from 'vitest'
import { countedOnBy } from './countAttempts.ts'

describe('countedOnBy', () => {
  it.each([
    ['nothing is known', [], 1, 0],
    ['the first ones were not seen', [], 5, 0],
    ['the next one', [1, 2, 3], 4, 0],
    ['the same one', [1, 2, 3], 3, 0],
    ['begun anew', [1, 2, 3], 1, 3],
    ['begun anew and known', [1, 2, 3, 1], 1, 3],
    ['later, after it had begun anew', [1, 2, 3, 1, 2], 3, 3],
    ['begun anew twice', [1, 2, 1, 2], 1, 4],
  ])('%s', (_, before, next, offset) => {
    const other = { step: 'preprocess_data' as const, attempt: 9 }
    const known = before.map((attempt) => ({ step: 'train_model' as const, attempt }))
    expect(countedOnBy([other, ...known], 'train_model', next)).toBe(offset)
  })
})
