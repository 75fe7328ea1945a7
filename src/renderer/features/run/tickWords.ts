/** What stands at a mark of the timeline's axis. */
import { durationWords, type SentenceOptions } from '../../../contract/sentence.ts'
import type { Tick } from './timeline.ts'

const day = 86_400_000

const offsetFormats = new Map<string | undefined, Intl.DateTimeFormat>()
/** Making one takes about 0.2 ms, and the axis asks at each of its marks. */
function offsetFormat(timeZone: string | undefined): Intl.DateTimeFormat {
  const made = offsetFormats.get(timeZone) ?? new Intl.DateTimeFormat('en-GB', { timeZone, timeZoneName: 'longOffset' })
  offsetFormats.set(timeZone, made)
  return made
}

/** How far a zone's clock is before UTC at a moment, in milliseconds. */
export function zoneOffset(at: number, timeZone: string | undefined): number {
  const parts = offsetFormat(timeZone).formatToParts(at)
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
  const [, sign, hours, minutes] = /GMT([+-])(\d{2}):(\d{2})/.exec(name) ?? []
  return sign ? (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000 : 0
}

/** By how much a zone's clock was turned back between two moments, as it is at the end of summer time, in milliseconds. */
export const turnedBack = (from: number, at: number, timeZone: string | undefined): number =>
  zoneOffset(from, timeZone) - zoneOffset(at, timeZone)

/** The midnight before a moment in a zone: clock times are round from there. */
export function midnightBefore(at: number, timeZone: string | undefined): number {
  const offset = zoneOffset(at, timeZone)
  const midnight = Math.floor((at + offset) / day) * day - offset
  // The clock may have been turned since.
  return midnight + turnedBack(at, midnight, timeZone)
}

/** `0`, `250 ms`, `2 s`, `2.25 s`, `3 min`: how long after the start. */
export function lengthWords({ after, every }: Tick): string {
  if (after === 0) return '0'
  const sign = after < 0 ? '−' : ''
  const size = Math.abs(after)
  // So close, the fraction of a second is what tells two marks apart.
  if (every < 1000 && size >= 1000) return `${sign}${(size / 1000).toFixed(every < 10 ? 3 : every < 100 ? 2 : 1)} s`
  return sign + durationWords(size).replace(/\.0 s$/, ' s')
}

/** `23 Nov`, `14:02`, `14:02:07`, `14:02:07.250`, as fine as the marks are. */
export function clockFormat(every: number, { timeZone }: SentenceOptions): Intl.DateTimeFormat {
  if (every >= day) return new Intl.DateTimeFormat('en-GB', { timeZone, day: 'numeric', month: 'short' })
  return new Intl.DateTimeFormat('en-GB', {
    ...({ timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const),
    ...(every < 60_000 ? ({ second: '2-digit' } as const) : {}),
    ...(every < 1000 ? ({ fractionalSecondDigits: 3 } as const) : {}),
  })
}
