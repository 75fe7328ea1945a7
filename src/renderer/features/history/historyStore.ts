import { createStore } from 'zustand/vanilla'
import type { HistoryEvent } from '../../../contract/history.ts'
import type { Connection } from '../../../contract/wire.ts'
import { problemText } from '../../ui/problem.ts'

export interface HistoryState {
  workflowId: string | null
  /** What was read so far, newest first; null before the first answer. */
  events: HistoryEvent[] | null
  /** Asks for the page before what is there; null when the oldest event is there. */
  older: string | null
  unreadable: number
  loading: boolean
  problem: string | null
  /** Reads the newest page; of the run that is shown already, what was there stays until the answer comes. */
  open(workflowId: string): Promise<void>
  /** Adds the page before. */
  more(): Promise<void>
}

export type HistoryStore = ReturnType<typeof createHistoryStore>

/** Temporal's history of the run that is looked at, a page at a time. */
export function createHistoryStore(connection: Connection) {
  return createStore<HistoryState>()((set, get) => {
    let asked = 0
    async function read(workflowId: string, older: string | null) {
      const mine = ++asked
      set({ loading: true, problem: null })
      try {
        const page = await connection.call('history.page', { workflowId, older })
        // A later question (another run, a new reading) has its own answer.
        if (mine !== asked) return
        const before = older === null ? { events: [], unreadable: 0 } : get()
        set({
          events: [...(before.events ?? []), ...page.events],
          unreadable: before.unreadable + page.unreadable,
          older: page.older,
          loading: false,
        })
      } catch (cause) {
        if (mine === asked) set({ loading: false, problem: problemText(cause) })
      }
    }
    return {
      ...{ workflowId: null, events: null, older: null, unreadable: 0, loading: false, problem: null },
      open(workflowId) {
        if (workflowId !== get().workflowId) set({ workflowId, events: null, older: null, unreadable: 0 })
        return read(workflowId, null)
      },
      async more() {
        const { workflowId, older, loading } = get()
        if (workflowId !== null && older !== null && !loading) await read(workflowId, older)
      },
    }
  })
}
