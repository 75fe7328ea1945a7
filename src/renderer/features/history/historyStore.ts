import { createStore } from 'zustand/vanilla'
import type { HistoryEvent, HistoryPage } from '../../../contract/history.ts'
import type { PayloadView } from '../../../contract/model.ts'
import { problemText } from '../../ui/problem.ts'
import { countLate, lateWait } from '../payload/late.ts'

export interface HistoryState {
  /** Of the run, or of the file, that is looked at. */
  id: string | null
  /** What was read so far, newest first; null before the first answer. */
  events: HistoryEvent[] | null
  /** Asks for the page before what is there; null when the oldest event is there. */
  older: string | null
  unreadable: number
  /** How many of the values are still being decoded; they are asked for again until they have come. */
  late: number
  /** Events that have come since, and are not among `events` yet: nothing moves under who reads. */
  fresh: readonly HistoryEvent[]
  loading: boolean
  problem: string | null
  /** Reads the newest page; of what is shown already, the events stay until the answer comes. */
  open(id: string): Promise<void>
  /** Adds the page before. */
  more(): Promise<void>
  /** Adds pages until that event is there, or the oldest one. */
  readTo(eventId: string): Promise<void>
  /** Looks whether there is something newer; what there is becomes `fresh`. */
  look(): Promise<void>
  /** Puts what is fresh on top. */
  showFresh(): void
  /** Asks for late values no more. */
  stopWaiting(): void
}

/** Some three minutes in all; whoever still looks then reads again. */
const mostAskings = 24

export type HistoryStore = ReturnType<typeof createHistoryStore>

/** The history that is looked at, a page at a time, wherever `readPage` has it from. */
export function createHistoryStore(readPage: (id: string, older: string | null) => Promise<HistoryPage>) {
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

    async function read(id: string, older: string | null) {
      const mine = ++asked
      set({ loading: true, problem: null })
      try {
        const page = await readPage(id, older)
        // A later question (another run, a new reading) has its own answer.
        if (mine !== asked) return
        if (older === null) {
          forget()
          set({ fresh: [] })
        }
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
      const { id } = get()
      if (id === null) return
      const mine = asked
      for (const older of [...latePages]) {
        const page = await readPage(id, older).catch(() => null)
        if (mine !== asked) return askForLate(times)
        if (page === null || !latePages.has(older)) continue
        const come = new Map(page.events.map((event) => [event.id, event]))
        show((get().events ?? []).map((event) => come.get(event.id) ?? event))
        if (countLate(valuesOf(page.events)) === 0) latePages.delete(older)
      }
      askForLate(times + 1)
    }

    return {
      ...{ id: null, events: null, older: null, unreadable: 0, late: 0 },
      ...{ fresh: [], loading: false, problem: null },
      open(id) {
        if (id !== get().id) {
          forget()
          set({ id, events: null, older: null, unreadable: 0, late: 0, fresh: [] })
        }
        return read(id, null)
      },
      async more() {
        const { id, older, loading } = get()
        if (id !== null && older !== null && !loading) await read(id, older)
      },
      async readTo(eventId) {
        const { id } = get()
        for (;;) {
          const { events, older, loading, problem, more } = get()
          const there = events?.some((event) => event.id === eventId)
          // Another run, or a page that could not be read, ends it.
          if (get().id !== id || there || older === null || loading || problem !== null) return
          await more()
        }
      },
      async look() {
        const { id, events, loading } = get()
        if (id === null || !events?.[0] || loading) return
        const mine = asked
        // What cannot be read now is read with the next change, or when somebody asks for it.
        const page = await readPage(id, null).catch(() => null)
        const newest = get().events?.[0]
        if (page === null || mine !== asked || newest === undefined) return
        const known = page.events.findIndex((event) => event.id === newest.id)
        // More than a page has come: all of it is read anew then.
        const fresh = known === -1 ? page.events : page.events.slice(0, known)
        if (fresh[0]?.id !== get().fresh[0]?.id) set({ fresh })
      },
      showFresh() {
        const { id, events, fresh } = get()
        const [oldest] = fresh.slice(-1)
        if (id === null || !oldest || !events?.[0]) return
        if (BigInt(oldest.id) !== BigInt(events[0].id) + 1n) return void read(id, null)
        set({ fresh: [] })
        show([...fresh, ...events])
        if (countLate(valuesOf(fresh)) === 0) return
        latePages.add(null)
        askForLate(0)
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
