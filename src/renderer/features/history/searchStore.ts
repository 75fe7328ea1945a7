import { createStore } from 'zustand/vanilla'
import type { HistorySearch } from '../../../contract/history.ts'
import type { Connection } from '../../../contract/wire.ts'
import { problemText } from '../../ui/problem.ts'

export interface SearchState {
  /** What is looked for; null while nothing is. */
  text: string | null
  reveal: boolean
  /** What was found so far; null before the first answer. */
  found: HistorySearch | null
  problem: string | null
  /** Looks through every value of a run; what was looked for before is given up. */
  search(workflowId: string, text: string, reveal?: boolean): Promise<void>
  clear(): void
}

/** Search through all decoded values of a run: the host looks, and is asked again for as long as it still reads. */
export function createSearchStore(connection: Connection) {
  let turn = 0
  return createStore<SearchState>()((set) => ({
    ...{ text: null, reveal: false, found: null, problem: null },
    async search(workflowId, text, reveal = false) {
      const mine = ++turn
      set({ text, reveal, found: null, problem: null })
      try {
        for (;;) {
          const found = await connection.call('history.search', { workflowId, text, reveal })
          if (mine !== turn) return
          set({ found })
          if (found.done) return
        }
      } catch (cause) {
        if (mine === turn) set({ problem: problemText(cause) })
      }
    },
    clear() {
      turn++
      set({ text: null, reveal: false, found: null, problem: null })
    },
  }))
}
