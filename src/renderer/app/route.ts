/** Where the console is, kept in the address's hash, so that reload, back and links work in both shells. */
import { createStore } from 'zustand/vanilla'
import type { DecisionKind } from '../../contract/model.ts'
import { formatFilter, type ListFilter, parseFilter } from '../features/runs/listFilter.ts'

export const places = [
  'inbox',
  'runs',
  'models',
  'deployments',
  'files',
  'workers',
  'drills',
  'encryption',
  'audit',
  'settings',
] as const
export type Place = (typeof places)[number]

export interface Route {
  place: Place
  /** The run that is open beside the list, or as a page. */
  run: string | null
  full: boolean
  /** What the native shell asks to be decided there: the dialog opens, and the address forgets it. */
  decide: DecisionKind | null
  /** What the run list is narrowed to; null where the address says nothing about it. */
  filter: ListFilter | null
  /** The model whose page is open. */
  model: string | null
  /** The model that it is compared with. */
  beside: string | null
}

const decoded = (part: string | undefined) => {
  try {
    return part === undefined || part === '' ? null : decodeURIComponent(part)
  } catch {
    return null
  }
}

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?')
  const [place = '', id, page, other] = path.split('/')
  const known = places.find((name) => name === place) ?? 'runs'
  const run = known === 'inbox' || known === 'runs' ? decoded(id) : null
  const model = known === 'models' ? decoded(id) : null
  return {
    place: known,
    run,
    full: run !== null && page === 'page',
    decide: run !== null && (page === 'approve' || page === 'reject') ? page : null,
    filter: known === 'runs' ? parseFilter(query) : null,
    model,
    beside: model !== null && page === 'beside' ? decoded(other) : null,
  }
}

export function formatRoute({ place, run, full, model, beside, filter }: Omit<Route, 'decide'>): string {
  const query = place === 'runs' && filter !== null ? formatFilter(filter) : ''
  const narrowed = query === '' ? '' : `?${query}`
  if (run !== null) return `#/${place}/${encodeURIComponent(run)}${full ? '/page' : ''}${narrowed}`
  if (model === null) return `#/${place}${narrowed}`
  return `#/${place}/${encodeURIComponent(model)}${beside === null ? '' : `/beside/${encodeURIComponent(beside)}`}`
}

export interface RouteState extends Route {
  go(to: Partial<Route>, how?: 'push' | 'replace'): void
}

export function createRouteStore(page: Pick<Window, 'location' | 'history' | 'addEventListener'>) {
  const store = createStore<RouteState>()((set, get) => ({
    ...parseRoute(page.location.hash),
    go(to, how = 'push') {
      const { place, run, full, model, beside, filter } = { ...get(), ...to }
      const atModels = place === 'models'
      const next: Route = {
        place,
        run: atModels ? null : run,
        full: !atModels && run !== null && full,
        decide: null,
        filter,
        model: atModels ? model : null,
        beside: atModels && model !== null ? beside : null,
      }
      const hash = formatRoute(next)
      if (hash !== page.location.hash) {
        if (how === 'push') page.history.pushState(null, '', hash)
        else page.history.replaceState(null, '', hash)
      }
      set(next)
    },
  }))
  page.addEventListener('popstate', () => store.setState(parseRoute(page.location.hash)))
  page.addEventListener('hashchange', () => store.setState(parseRoute(page.location.hash)))
  return store
}
export type RouteStore = ReturnType<typeof createRouteStore>
