import { createStore } from 'zustand/vanilla'
import { newestFirst, type RunColumn, type RunSort } from '../../../contract/runSort.ts'
import type { ViewsState as HostViews, RunView } from '../../../contract/runViews.ts'
import type { Connection } from '../../../contract/wire.ts'
import { problemText } from '../../ui/problem.ts'
import { formatFilter, type ListFilter, sameSort, wholeList } from './listFilter.ts'

/** What a view shows; without columns of its own it leaves those that are there. */
export interface ViewParts {
  filter: ListFilter
  sort: RunSort
  columns: readonly RunColumn[] | null
}

/** There from the start, and nobody's to change. */
export const builtInViews: readonly (ViewParts & { id: string; name: string })[] = [
  {
    id: 'waiting',
    name: 'Waiting for me over 1 h',
    filter: { ...wholeList, waitingOver: 60 },
    sort: { by: 'since', descending: true },
    columns: null,
  },
  { id: 'retrying', name: 'Retrying now', filter: { ...wholeList, retrying: true }, sort: newestFirst, columns: null },
  {
    id: 'failed-today',
    name: 'Failed today',
    filter: { ...wholeList, stages: ['Failed', 'GateFailed'], ended: 'today' },
    sort: newestFirst,
    columns: null,
  },
]

export interface ViewsState {
  views: readonly RunView[]
  /** The columns that the list has unless an address or a view names others; null before anybody chose. */
  kept: readonly RunColumn[] | null
  /** What of the kept views could not be used. */
  problem: string | null
  /** Why the last change was not kept. */
  failure: string | null
  /** Deleted last, and can come back. */
  removed: RunView | null
  dialog: 'save' | 'manage' | null
  show(dialog: ViewsState['dialog']): void
  fetch(): Promise<void>
  /** Gives whether it was kept; `failure` says why not. */
  save(view: RunView): Promise<boolean>
  remove(view: RunView): Promise<void>
  undo(): Promise<void>
  keep(columns: readonly RunColumn[]): Promise<void>
}

/** Views that somebody named, and the columns chosen last: the host keeps both. */
export function createViewsStore(connection: Connection) {
  let revision = 0
  const store = createStore<ViewsState>()((set, get) => {
    const attempt = async (ask: () => Promise<HostViews>, then: Partial<ViewsState> = {}): Promise<boolean> => {
      try {
        take(await ask())
        set({ failure: null, ...then })
        return true
      } catch (cause) {
        set({ failure: problemText(cause) })
        return false
      }
    }
    return {
      views: [],
      kept: null,
      problem: null,
      failure: null,
      removed: null,
      dialog: null,
      show: (dialog) => set({ dialog, failure: null, ...(dialog === null ? { removed: null } : {}) }),
      async fetch() {
        // A host that was started anew counts from the beginning.
        revision = 0
        await attempt(() => connection.call('views.list', {}))
      },
      save: (view) => attempt(() => connection.call('views.save', { view })),
      async remove(view) {
        await attempt(() => connection.call('views.remove', { id: view.id }), { removed: view })
      },
      async undo() {
        const view = get().removed
        if (view !== null) await attempt(() => connection.call('views.save', { view }), { removed: null })
      },
      async keep(columns) {
        set({ kept: columns })
        await attempt(() => connection.call('views.keepColumns', { columns: [...columns] }))
      },
    }
  })
  const take = (told: HostViews) => {
    if (told.revision < revision) return
    revision = told.revision
    store.setState({ views: told.views, kept: told.columns, problem: told.problem })
  }
  connection.subscribe('views.changed', ({ state }) => take(state))
  return store
}
export type ViewsStore = ReturnType<typeof createViewsStore>

/** The view that the list shows now, built in or saved; undefined when it shows none of them. */
export function viewShown(
  views: readonly RunView[],
  { filter, sort, columns }: { filter: ListFilter; sort: RunSort; columns: readonly RunColumn[] },
) {
  const asked = formatFilter(filter)
  return [...views, ...builtInViews].find(
    (view) =>
      formatFilter(view.filter) === asked &&
      sameSort(view.sort, sort) &&
      (view.columns === null || sameColumns(view.columns, columns)),
  )
}

export const sameColumns = (a: readonly RunColumn[], b: readonly RunColumn[]) => a.join() === b.join()
