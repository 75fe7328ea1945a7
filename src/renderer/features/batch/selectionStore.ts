import { createStore } from 'zustand/vanilla'
import { problemText } from '../../ui/problem.ts'
import type { RunsStore } from '../runs/runsStore.ts'

export interface SelectionState {
  /** By id: rows may arrive, move and leave the filter. */
  ids: ReadonlySet<string>
  /** The host is asked for everything that fits the filter. */
  asking: boolean
  problem: string | null
  toggle(id: string): void
  /** Selects from where the last choice was made to this row, as the list stands now. */
  reachTo(id: string): void
  /** The same from row to row: the cursor moves along, and turning back gives up what was passed. */
  extend(by: number): void
  /** Everything that fits the filter, also what is not in the list yet. */
  selectAll(): Promise<void>
  drop(ids: Iterable<string>): void
  clear(): void
}

/** Which runs a batch acts on. */
export function createSelectionStore(runs: RunsStore) {
  /** Where a range begins, where it reaches to, and what was selected before it. */
  let anchor: string | null = null
  let reached: string | null = null
  let before: ReadonlySet<string> = new Set()
  let asked = 0

  return createStore<SelectionState>()((set, get) => {
    const beginAt = (id: string | null) => {
      anchor = id
      reached = id
      before = get().ids
    }
    const reachTo = (id: string) => {
      const { visible, cursor } = runs.getState()
      const to = visible.indexOf(id)
      if (to < 0) return
      // A row that left the list is no beginning any more.
      if (anchor === null || !visible.includes(anchor)) beginAt(cursor !== null && visible.includes(cursor) ? cursor : id)
      const from = visible.indexOf(anchor ?? id)
      reached = id
      set({ ids: new Set([...before, ...visible.slice(Math.min(from, to), Math.max(from, to) + 1)]) })
    }
    return {
      ids: new Set(),
      asking: false,
      problem: null,

      toggle(id) {
        const ids = new Set(get().ids)
        if (!ids.delete(id)) ids.add(id)
        set({ ids, problem: null })
        beginAt(id)
        runs.getState().setCursor(id)
      },
      reachTo(id) {
        reachTo(id)
        runs.getState().setCursor(id)
      },
      extend(by) {
        const { cursor, moveCursor } = runs.getState()
        if (cursor !== reached || anchor === null) beginAt(cursor)
        moveCursor(by)
        const to = runs.getState().cursor
        if (to !== null) reachTo(to)
      },
      async selectAll() {
        const mine = ++asked
        const { filter } = runs.getState()
        set({ asking: true, problem: null })
        try {
          const fitting = await runs.getState().fetchFitting()
          // Another filter means other runs; what was asked for the one before is not wanted any more.
          if (mine !== asked || runs.getState().filter !== filter) return
          set({ ids: new Set([...get().ids, ...fitting]) })
          beginAt(runs.getState().cursor)
        } catch (cause) {
          if (mine === asked) set({ problem: `Nothing more was selected: ${problemText(cause)}` })
        } finally {
          if (mine === asked) set({ asking: false })
        }
      },
      drop(gone) {
        const ids = new Set(get().ids)
        for (const id of gone) ids.delete(id)
        set({ ids })
        beginAt(null)
      },
      clear() {
        asked++
        set({ ids: new Set(), asking: false, problem: null })
        beginAt(null)
      },
    }
  })
}
export type SelectionStore = ReturnType<typeof createSelectionStore>
