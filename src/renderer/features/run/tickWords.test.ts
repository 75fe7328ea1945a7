import { describe, expect, it } from 'vitest'
import { apart, clockFormat, clockWords, lengthWords, midnightBefore, turnedBack, zoneOffset } from './tickWords.ts'
import { createScale, ticksOf } from './timeline.ts'

const at = Date.parse('2025-11-23T14:02:07.250Z')

describe('tickWords', () => {
  it.each([
    [0, 1000, '0'],
    [2000, 1000, '2 s'],
    [250, 50, '250 ms'],
    [2250, 50, '2.25 s'],
    [-5000, 5000, '−5 s'],
    [7_200_000, 3_600_000, '2 h'],
    [3 * 86_400_000, 86_400_000, '3 d'],
  ])('%d ms after the start, with a mark every %d ms: %s', (after, every, words) => {
    expect(lengthWords({ x: 0, after, every })).toBe(words)
  })

  it.each([
    [86_400_000, '23 Nov'],
    [60_000, '14:02'],
    [1000, '14:02:07'],
    [50, '14:02:07.250'],
  ])('with a mark every %d ms the clock says %s', (every, words) => {
    expect(clockFormat(every, { timeZone: 'UTC' }).format(at)).toBe(words)
  })

  it.each([
    ['UTC', 0, '2025-11-23T00:00:00.000Z'],
    ['Asia/Kolkata', 5.5, '2025-11-22T18:30:00.000Z'],
    ['America/New_York', -5, '2025-11-23T05:00:00.000Z'],
    ['Asia/Tokyo', 9, '2025-11-22T15:00:00.000Z'],
  ])('in %s the day begins where it does there', (zone, hours, midnight) => {
    expect(zoneOffset(at, zone)).toBe(hours * 3_600_000)
    expect(new Date(midnightBefore(at, zone)).toISOString()).toBe(midnight)
  })

  it.each([
    ['ends', '2026-10-31T15:00:00.000Z', 4, '1 Nov, 2 Nov, 3 Nov, 4 Nov'],
    ['begins', '2026-03-07T15:00:00.000Z', 4, '8 Mar, 9 Mar, 10 Mar, 11 Mar'],
    ['ends', '2026-11-01T04:30:00.000Z', 0.5, '02:00, 04:00, 06:00, 08:00, 10:00'],
    ['begins', '2026-03-08T16:00:00.000Z', 0.5, '12:00, 14:00, 16:00, 18:00, 20:00, 22:00'],
  ])('where summer time %s, marks from %s on stand at round times', (_, began, days, labels) => {
    const timeZone = 'America/New_York'
    const [from, to] = [Date.parse(began), Date.parse(began) + days * 86_400_000]
    const origin = midnightBefore(from, timeZone)
    const ticks = ticksOf(from, to, createScale(from, to), origin, 7, (at) => turnedBack(origin, at, timeZone))
    const format = clockFormat(ticks[0]?.every ?? 0, { timeZone })
    expect(ticks.map(({ after }) => format.format(origin + after)).join(', ')).toBe(labels)
    const clock = clockFormat(60_000, { timeZone })
    for (const { after } of ticks) expect(clock.format(origin + after)).toMatch(days > 1 ? /^00:00$/ : /^\d[02468]:00$/)
  })

  it('the marks of more than one day say which, once each', () => {
    const origin = Date.parse('2025-11-23T00:00:00.000Z')
    const [from, to] = [origin + 20 * 3_600_000, origin + 34 * 3_600_000]
    const ticks = ticksOf(from, to, createScale(from, to), origin, 5)
    expect(clockWords(ticks, origin, { from, to }, { timeZone: 'UTC' })).toEqual([
      ...['23 Nov 21:00', '24 Nov 00:00', '03:00', '06:00', '09:00'],
    ])
    const ofOne = { from: from, to: from + 3_600_000 }
    expect(clockWords([{ after: 20 * 3_600_000, every: 60_000, x: 0 }], origin, ofOne, { timeZone: 'UTC' })).toEqual(['20:00'])
  })

  it('a label that would run into the one before is left out', () => {
    const ticks = [0.1, 0.2, 0.5].map((x) => ({ x, after: 0, every: 1 }))
    expect(apart(ticks, ['23 Nov 20:00', '20:05', '20:10'], 300)).toEqual(['23 Nov 20:00', '', '20:10'])
    const first = [0.01, 0.25].map((x) => ({ x, after: 0, every: 1 }))
    expect(apart(first, ['23 Nov 20:00', '20:05'], 300)).toEqual(['23 Nov 20:00', ''])
    expect(apart(ticks, ['23 Nov 20:00', '20:05', '20:10'], 900)).toEqual(['23 Nov 20:00', '20:05', '20:10'])
  })
})
