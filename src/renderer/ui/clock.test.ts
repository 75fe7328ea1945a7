import { describe, expect, it } from 'vitest'
import { waitingTime } from './clock.ts'

describe('the time of a wait', () => {
  const since = 1_000_000
  const at = (seconds: number) => since + seconds * 1000

  it('moves by the second at first, then by the minute', () => {
    expect(waitingTime(at(59), since, null)).toBe(at(59))
    expect(waitingTime(at(61), since, null)).toBe(at(60))
    expect(waitingTime(at(119), since, null)).toBe(at(60))
    expect(waitingTime(at(120), since, null)).toBe(at(120))
  })

  it('moves by the second again when the end is near', () => {
    expect(waitingTime(at(500), since, at(700))).toBe(at(480))
    expect(waitingTime(at(650), since, at(700))).toBe(at(650))
  })

  it('that has not begun moves by the second', () => {
    expect(waitingTime(at(61), Number.POSITIVE_INFINITY, null)).toBe(at(61))
  })
})
