import { createStore } from 'zustand/vanilla'
import type { HistoryEvent } from '../../../contract/history.ts'
import type { PayloadView } from '../../../contract/model.ts'
import type { Connection } from '../../../contract/wire.ts'
import { problemText } from '../../ui/problem.ts'
import { countLate, lateWait } from '../payload/late.ts'

export interface HistoryState {
  workflowId: string | null
  /** What was read so far, newest first; null before the first answer. */
  events: HistoryEvent[] | null
  /** Asks for the page before what is there; null when the oldest event is there. */
  older: string | null
  unreadable: number
  /** How many of the values are still being decoded; they are asked for again until they have come. */
  late: number
  loading: boolean
  problem: string | null
  /** Reads the newest page; of the run that is shown already, what was there stays until the answer comes. */
  open(workflowId: string): Promise<void>
  /** Adds the page before. */
  more(): Promise<void>
  /** Asks for late values no more. */
  stopWaiting(): void
}

/** Some three minutes in all; whoever still looks then reads again. */
const mostAskings = 24

export type HistoryStore = ReturnType<typeof createHistoryStore>

/** Temporal's history of the run that is looked at, a page at a time. */
export function createHistoryStore(connection: Connection) {
  return createStore<HistoryState>()((set, get) => {
    let asked = 0
    let waiting: ReturnType<typeof setTimeout> | undefined
    /** `older` of the pages that hold a value that is late. */
    const latePages = new Set<string | null>()
    const valuesOf = (events: readonly HistoryEvent[]) => events.flatMap(({ payloads }) => payloads)
    const show = (events: HistoryEvent[], more: Partial<HistoryState> = {}) => {
      const values = valuesOf(events)
      const late = countLate(values)
      set({ events, late, unreadable: values.filter(({ unreadable }) => unreadable !== null).length - late, ...more })
    }
    const forget = () => {
      clearTimeout(waiting)
      latePages.clear()
    }

    async function read(workflowId: string, older: string | null) {
      const mine = ++asked
      set({ loading: true, problem: null })
      try {
        const page = await connection.call('history.page', { workflowId, older })
        // A later question (another run, a new reading) has its own answer.
        if (mine !== asked) return
        if (older === null) forget()
        show([...(older === null ? [] : (get().events ?? [])), ...page.events], { older: page.older, loading: false })
        if (countLate(valuesOf(page.events)) > 0) latePages.add(older)
        askForLate(0)
      } catch (cause) {
        if (mine === asked) set({ loading: false, problem: problemText(cause) })
      }
    }

    function askForLate(times: number) {
      clearTimeout(waiting)
      if (times > mostAskings) get().stopWaiting()
      else if (latePages.size > 0) waiting = setTimeout(() => void fillIn(times), lateWait(times))
    }

    /** Puts what has come into the events that are there; what is read by then stays as it is. */
    async function fillIn(times: number) {
      const { workflowId } = get()
      if (workflowId === null) return
      const mine = asked
      for (const older of [...latePages]) {
        const page = await connection.call('history.page', { workflowId, older }).catch(() => null)
        if (mine !== asked) return askForLate(times)
        if (page === null || !latePages.has(older)) continue
        const come = new Map(page.events.map((event) => [event.id, event]))
        show((get().events ?? []).map((event) => come.get(event.id) ?? event))
        if (countLate(valuesOf(page.events)) === 0) latePages.delete(older)
      }
      askForLate(times + 1)
    }

    return {
      ...{ workflowId: null, events: null, older: null, unreadable: 0, late: 0 },
      ...{ loading: false, problem: null },
      open(workflowId) {
        if (workflowId !== get().workflowId) {
          forget()
          set({ workflowId, events: null, older: null, unreadable: 0, late: 0 })
        }
        return read(workflowId, null)
      },
      async more() {
        const { workflowId, older, loading } = get()
        if (workflowId !== null && older !== null && !loading) await read(workflowId, older)
      },
      stopWaiting() {
        forget()
        const words = 'Its codec or key service did not answer. Read the history again to ask for it again.'
        const given = (value: PayloadView): PayloadView => (value.late ? { ...value, late: undefined, unreadable: words } : value)
        show((get().events ?? []).map((event) => ({ ...event, payloads: event.payloads.map(given) })))
      },
    }
  })
}
