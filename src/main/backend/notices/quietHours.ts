import { type QuietHours, type Weekday, weekdays } from '../../../contract/notices.ts'

const minutesOf = (clock: string) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3))

/** Day of the week and minute of the day, as a clock on the wall of that zone shows them. */
function onTheWall(at: Date, timeZone: string | null): { day: Weekday; minute: number } {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: timeZone ?? undefined,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at)
  const part = (type: string) => parts.find((p) => p.type === type)?.value ?? ''
  return { day: part('weekday').toLowerCase() as Weekday, minute: Number(part('hour')) * 60 + Number(part('minute')) }
}

const dayBefore = (day: Weekday): Weekday => weekdays[(weekdays.indexOf(day) + 6) % 7] as Weekday

/** Whether it is quiet at that moment. Hours that pass midnight belong to the day on which they begin. */
export function isQuiet({ on, from, to, days, timeZone }: QuietHours, at: Date): boolean {
  if (!on) return false
  const { day, minute } = onTheWall(at, timeZone)
  const [begin, end] = [minutesOf(from), minutesOf(to)]
  if (begin < end) return days.includes(day) && minute >= begin && minute < end
  return (days.includes(day) && minute >= begin) || (days.includes(dayBefore(day)) && minute < end)
}
