/** Where the console is, kept in the address's hash, so that reload, back and links work in both shells. */
import { createStore } from 'zustand/vanilla'

export const places = ['inbox', 'runs', 'files', 'drills', 'settings'] as const
export type Place = (typeof places)[number]

export interface Route {
  place: Place
  /** The run that is open beside the list, or as a page. */
  run: string | null
  full: boolean
}

export function parseRoute(hash: string): Route {
  const [place = '', run = '', page = ''] = hash.replace(/^#\/?/, '').split('/')
  const known = places.find((name) => name === place) ?? 'runs'
  const canOpen = known === 'inbox' || known === 'runs'
  let id: string | null = null
  try {
    id = canOpen && run !== '' ? decodeURIComponent(run) : null
  } catch {
    id = null
  }
  return { place: known, run: id, full: id !== null && page === 'page' }
}

export const formatRoute = ({ place, run, full }: Route) =>
  `#/${place}${run === null ? '' : `/${encodeURIComponent(run)}${full ? '/page' : ''}`}`

export interface RouteState extends Route {
  go(to: Partial<Route>, how?: 'push' | 'replace'): void
}

export function createRouteStore(page: Pick<Window, 'location' | 'history' | 'addEventListener'>) {
  const store = createStore<RouteState>()((set, get) => ({
    ...parseRoute(page.location.hash),
    go(to, how = 'push') {
      const { place, run, full } = { ...get(), ...to }
      const next: Route = { place, run, full: run !== null && full }
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
