import { describe, expect, test } from 'vitest'
import { defaultNotifications, type QuietHours, quietHours, type Weekday } from '../../../contract/notices.ts'
import { isQuiet } from './quietHours.ts'

const nights: QuietHours = { ...defaultNotifications.quiet, on: true, timeZone: 'Europe/Berlin' }
const weekend: QuietHours = { ...nights, from: '08:00', to: '20:00', days: ['sat', 'sun'] }
const fridayNight: QuietHours = { ...nights, days: ['fri' as Weekday] }

describe('quiet hours', () => {
  // 25 November 2026 is a Wednesday; Berlin is one hour ahead of UTC in winter and two in summer.
  test.each<[string, QuietHours, string, boolean]>([
    ['a minute before they begin', nights, '2026-11-25T20:59:00Z', false],
    ['their first minute', nights, '2026-11-25T21:00:00Z', true],
    ['past midnight', nights, '2026-11-26T03:00:00Z', true],
    ['their last minute', nights, '2026-11-26T05:59:59Z', true],
    ['the minute in which they end', nights, '2026-11-26T06:00:00Z', false],
    ['the same hour in summer', nights, '2026-07-01T20:00:00Z', true],
    ['switched off', { ...nights, on: false }, '2026-11-25T23:00:00Z', false],
    ['by day on a weekend', weekend, '2026-11-28T10:00:00Z', true],
    ['by day on a Friday', weekend, '2026-11-27T10:00:00Z', false],
    ['the night that began on a Friday, on Saturday morning', fridayNight, '2026-11-28T04:00:00Z', true],
    ['Friday morning, in the night that began on a Thursday', fridayNight, '2026-11-27T04:00:00Z', false],
    ['the night in which the clock goes back, at the hour that comes twice', nights, '2026-10-25T00:30:00Z', true],
  ])('%s', (_, hours, at, quiet) => expect(isQuiet(hours, new Date(at))).toBe(quiet))

  test.each<[string, Partial<QuietHours>]>([
    ['an hour that no day has', { from: '24:00' }],
    ['a minute that no hour has', { to: '07:60' }],
    ['no length', { from: '07:00', to: '07:00' }],
    ['no day', { days: [] }],
    ['a zone that is none', { timeZone: 'Mars/Olympus' }],
  ])('with %s are refused', (_, change) => expect(quietHours.safeParse({ ...nights, ...change }).success).toBe(false))
})
