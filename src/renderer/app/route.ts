/** Where the console is, kept in the address's hash, so that reload, back and links work in both shells. */
import { createStore } from 'zustand/vanilla'
import { type DecisionKind, type StepName, stepNames } from '../../contract/model.ts'
import {
  formatFilter,
  formatLayout,
  type Layout,
  type ListFilter,
  parseFilter,
  parseLayout,
} from '../features/runs/listFilter.ts'

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

/** What stands beside an open run: another run that it is measured by, or two attempts of one of its steps. */
export type Comparison = { kind: 'run'; other: string } | { kind: 'attempts'; step: StepName; left: number; right: number }

export interface Route {
  place: Place
  /** The run that is open beside the list, or as a page. */
  run: string | null
  full: boolean
  /** Takes the run's page while it is there. */
  compare: Comparison | null
  /** What the native shell asks to be decided there: the dialog opens, and the address forgets it. */
  decide: DecisionKind | null
  /** What the run list is narrowed to; null where the address says nothing about it. */
  filter: ListFilter | null
  /** Its order and columns, as far as the address says them. */
  layout: Layout
  /** The model whose page is open. */
  model: string | null
  /** The model that it is compared with. */
  beside: string | null
}

const asItIs: Layout = { sort: null, columns: null }

const decoded = (part: string | undefined) => {
  try {
    return part === undefined || part === '' ? null : decodeURIComponent(part)
  } catch {
    return null
  }
}

function parseComparison([kind, first, left, right]: readonly string[]): Comparison | null {
  if (kind === 'with') {
    const other = decoded(first)
    return other === null ? null : { kind: 'run', other }
  }
  const step = stepNames.find((name) => name === first)
  if (kind !== 'attempts' || !step || !/^[1-9]\d{0,8}$/.test(left ?? '') || !/^[1-9]\d{0,8}$/.test(right ?? '')) return null
  return { kind: 'attempts', step, left: Number(left), right: Number(right) }
}

function formatComparison(compare: Comparison): string {
  if (compare.kind === 'run') return `/with/${encodeURIComponent(compare.other)}`
  return `/attempts/${compare.step}/${compare.left}/${compare.right}`
}

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?')
  const [place = '', id, page, other] = path.split('/')
  const known = places.find((name) => name === place) ?? 'runs'
  const run = known === 'inbox' || known === 'runs' ? decoded(id) : null
  const compare = run === null ? null : parseComparison(path.split('/').slice(2))
  const model = known === 'models' ? decoded(id) : null
  return {
    place: known,
    run,
    full: run !== null && (page === 'page' || compare !== null),
    compare,
    decide: run !== null && (page === 'approve' || page === 'reject') ? page : null,
    filter: known === 'runs' ? parseFilter(query) : null,
    layout: known === 'runs' ? parseLayout(query) : asItIs,
    model,
    beside: model !== null && page === 'beside' ? decoded(other) : null,
  }
}

export function formatRoute({ place, run, full, compare, model, beside, filter, layout }: Omit<Route, 'decide'>): string {
  const parts = place === 'runs' ? [filter === null ? '' : formatFilter(filter), formatLayout(layout)] : []
  const query = parts.filter(Boolean).join('&')
  const narrowed = query === '' ? '' : `?${query}`
  const page = compare !== null ? formatComparison(compare) : full ? '/page' : ''
  if (run !== null) return `#/${place}/${encodeURIComponent(run)}${page}${narrowed}`
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
      const { place, run, full, compare, model, beside, filter, layout } = { ...get(), ...to }
      const atModels = place === 'models'
      // A comparison is of the run that it was made for, and takes its page.
      const compares = !atModels && run !== null && full && (run === get().run || to.compare !== undefined)
      const next: Route = {
        place,
        run: atModels ? null : run,
        full: !atModels && run !== null && full,
        compare: compares ? compare : null,
        decide: null,
        filter,
        layout,
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
