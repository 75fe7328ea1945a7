import { createStore } from 'zustand/vanilla'
import type { IntakeEntry } from '../../../contract/model.ts'
import type { Connection } from '../../../contract/wire.ts'
import { problemText } from '../../ui/problem.ts'

const pageSize = 1000

export type FilesFilter = 'all' | IntakeEntry['outcome']

export interface FilesState {
  load: 'loading' | 'ready' | 'failed'
  problem: string | null
  /** Newest first. */
  entries: readonly IntakeEntry[]
  filter: FilesFilter
  fetch(): Promise<void>
  setFilter(filter: FilesFilter): void
}

/** Puts changed entries among those known: an entry is known by its id, and the newest stands first. */
export function mergeEntries(known: readonly IntakeEntry[], told: readonly IntakeEntry[]): IntakeEntry[] {
  const byId = new Map(known.map((entry) => [entry.id, entry]))
  for (const entry of told) byId.set(entry.id, entry)
  return [...byId.values()].sort((a, b) => (a.at === b.at ? b.id - a.id : a.at < b.at ? 1 : -1))
}

export function createFilesStore(connection: Connection) {
  const store = createStore<FilesState>()((set, get) => ({
    load: 'loading',
    problem: null,
    entries: [],
    filter: 'all',
    async fetch() {
      try {
        const { entries } = await connection.call('intake.list', { limit: pageSize })
        set({ load: 'ready', problem: null, entries: mergeEntries(get().entries, entries) })
      } catch (cause) {
        set(get().load === 'ready' ? { problem: problemText(cause) } : { load: 'failed', problem: problemText(cause) })
      }
    },
    setFilter: (filter) => set({ filter }),
  }))
  connection.subscribe('intake.changed', ({ entries }) => {
    store.setState((state) => ({ entries: mergeEntries(state.entries, entries) }))
  })
  return store
}
export type FilesStore = ReturnType<typeof createFilesStore>
