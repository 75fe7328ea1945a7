import type { HistoryEvent } from '../../../contract/history.ts'

/** Temporal's name of an event as words: `ActivityTaskScheduled` is "Activity task scheduled". */
export const typeWords = (type: string): string =>
  type.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`) || 'Unknown event'

/** Whether an event holds the text: in its id, its name, what it is about, a failure or a value; upper or lower case alike. */
export function fits(event: HistoryEvent, text: string): boolean {
  const wanted = text.trim().toLowerCase()
  if (wanted === '' || event.id === wanted) return true
  const holds = (value: string | null) => value?.toLowerCase().includes(wanted) ?? false
  return (
    holds(event.type) ||
    holds(typeWords(event.type)) ||
    holds(event.subject) ||
    event.failures.some(({ message, type }) => holds(message) || holds(type)) ||
    event.payloads.some(({ label, json }) => holds(label) || holds(json))
  )
}
