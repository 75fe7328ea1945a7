import type { HistoryEvent } from '../../../contract/history.ts'
import type { PayloadView } from '../../../contract/model.ts'
import { wordsInSight } from '../payload/tree.ts'

/** Temporal's name of an event as words: `ActivityTaskScheduled` is "Activity task scheduled". */
export const typeWords = (type: string): string =>
  type.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`) || 'Unknown event'

/** Whether an event holds the text: in its id, its name, what it is about, a failure or a value; upper or lower case alike. Covered values are not looked at. */
export function fits(event: HistoryEvent, text: string): boolean {
  const wanted = text.trim().toLowerCase()
  if (wanted === '' || event.id === wanted) return true
  const holds = (value: string | null) => value?.toLowerCase().includes(wanted) ?? false
  return (
    holds(event.type) ||
    holds(typeWords(event.type)) ||
    holds(event.subject) ||
    event.failures.some(({ message, type, stack }) => holds(message) || holds(type) || holds(stack)) ||
    event.facts.some(({ name, value }) => holds(name) || holds(value)) ||
    event.payloads.some((payload) => {
      const { label, json, plain } = payload
      // Only what is escaped may hold a text that does not stand there.
      const mayHold = json !== null && (json.includes('\\') || holds(json))
      return holds(label) || holds(plain) || (mayHold && holds(inSight(payload)))
    })
  )
}

/** Read once: a filter asks again with every letter. */
const known = new WeakMap<PayloadView, string | null>()

function inSight(payload: PayloadView): string | null {
  const before = known.get(payload)
  if (before !== undefined) return before
  const text = payload.json === null ? null : wordsInSight(payload.json)
  known.set(payload, text)
  return text
}
