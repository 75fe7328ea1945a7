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

/**
 * What the clock says at each mark. Where the marks are of more than one day, the first one of each day says it.
 * @param origin in milliseconds, as the marks count from it
 */
export function clockWords(
  ticks: readonly Tick[],
  origin: number,
  shown: { from: number; to: number },
  options: SentenceOptions,
): string[] {
  const every = ticks[0]?.every ?? 1000
  const clock = clockFormat(every, options)
  if (every >= day) return ticks.map(({ after }) => clock.format(origin + after))
  const days = clockFormat(day, options)
  let before = days.format(shown.from) === days.format(shown.to) ? days.format(shown.from) : null
  return ticks.map(({ after }) => {
    const of = days.format(origin + after)
    const words = clock.format(origin + after)
    const said = of === before ? words : `${of} ${words}`
    before = of
    return said
  })
}

/** About as wide as a letter of a label is, and the least room between two, in pixels. */
const [letterPx, roomPx] = [6.2, 6]

/** A label stays inside: the first begins at its mark, the last ends there. @param x share of the axis */
export const placeOf = (x: number): 'first' | 'last' | 'middle' => (x > 0.92 ? 'last' : x < 0.04 ? 'first' : 'middle')
const shareBefore = { first: 0, middle: 0.5, last: 1 }

/** The labels without those that would run into the one before. @param width of the axis in pixels */
export function apart(ticks: readonly Tick[], words: readonly string[], width: number): string[] {
  let last = Number.NEGATIVE_INFINITY
  return words.map((said, index) => {
    const px = said.length * letterPx
    const x = ticks[index]?.x ?? 0
    const from = x * width - px * shareBefore[placeOf(x)]
    if (from < last + roomPx) return ''
    last = from + px
    return said
  })
}
