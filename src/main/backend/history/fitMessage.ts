import type { HistoryEvent } from '../../../contract/history.ts'
import type { PayloadView } from '../../../contract/model.ts'

/** Characters of values in one answer, decoded and stored: what is larger is asked for when somebody opens it. */
const mostCharacters = 4 * 1024 * 1024

/**
 * Lists of values as one answer holds them: those for which there is no more room are told without what they say, and
 * whoever looks at them asks for it (`history.payload`). A value that cannot be asked for again stays.
 */
export function fitMessage(lists: readonly (readonly PayloadView[])[], most = mostCharacters): PayloadView[][] {
  const lengthOf = ({ json, plain }: PayloadView) => (json ?? plain ?? '').length
  let room = most
  for (const view of lists.flat()) if (view.ref === null) room -= lengthOf(view) + view.stored.length
  return lists.map((views) =>
    views.map((view) => {
      if (view.ref === null) return view
      const fitting = { ...view }
      if (lengthOf(view) > room) {
        fitting.json = fitting.plain = null
        if (view.plain !== null) fitting.textApart = true
      }
      room -= lengthOf(fitting)
      // Thousands of small values would otherwise travel twice.
      if (view.stored.length > room) fitting.stored = ''
      room -= fitting.stored.length
      return fitting
    }),
  )
}

/** The same for the values of events. */
export function fitEvents(events: readonly HistoryEvent[]): HistoryEvent[] {
  const fitting = fitMessage(events.map(({ payloads }) => payloads))
  return events.map((event, index) => ({ ...event, payloads: fitting[index] ?? [] }))
}
