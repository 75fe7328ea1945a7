import { createStore } from 'zustand/vanilla'
import { awaitsDecision, isEndStage, type RunSummary, type Stage, stages } from '../../../contract/model.ts'
import { runFits } from '../../../contract/runFilter.ts'
import { compareRuns, newestFirst, type RunColumn, type RunSort, sortRuns } from '../../../contract/runSort.ts'
import type { Connection } from '../../../contract/wire.ts'
import { problemText } from '../../ui/problem.ts'
import { cursorIn, cursorMoved } from '../../ui/rowCursor.ts'
import { usualColumns } from './columns.ts'
import { filterOf, formatFilter, formatLayout, type ListFilter, wholeList } from './listFilter.ts'

/** Newest runs asked for at the start. */
const firstPage = 2000
/** Runs asked for as one scrolls on. */
const nextPage = 500
/** Runs asked for by a filter or an order that needs more than what is here: some screens full, and quickly there. */
const lookPage = 150
/** As many as the host gives in one answer. */
const mostAtOnce = 5000
/** A list of up to so many runs (some 25 MB) is read to its end in the background; a longer one as one scrolls. */
const mostKept = 20_000
/** Between two pages that are read ahead, in milliseconds: what the operator does goes first. */
const betweenMs = 40
/** With more changes than this at once, laying out anew is cheaper than putting each in its place. */
const fewChanges = 64
/** Answers that are remembered, by what was asked. */
const mostCovers = 50

export interface RunsState {
  load: 'loading' | 'ready' | 'failed'
  problem: string | null
  byId: ReadonlyMap<string, RunSummary>
  /** Runs that the host knows; more than `byId` holds when there are many. */
  total: number
  /** More rows of the present list are on their way. */
  loadingMore: boolean
  /** The host is asked for what fits and is not here; `failed`: it could not be, so the list is of what is here. */
  beyond: 'here' | 'asking' | 'failed'
  /** Runs that fit, as the host counted them; what is here when it was not asked. */
  fitting: number
  filter: ListFilter
  sort: RunSort
  /** As chosen, in order; how many of them are shown is a matter of room. */
  columns: readonly RunColumn[]
  /** Ids in the order in which they stand on the screen. */
  visible: readonly string[]
  /** Runs that fit the filter and are not on the screen yet, because rows must not move now. */
  fresh: number
  /** The rows on the screen would stand otherwise by now, were they not held. */
  moved: boolean
  /** The row that keys act on. */
  cursor: string | null
  fetch(): Promise<void>
  /** Reads what is not here yet, a page at a time, so that filters, orders and scrolling soon need no answer of the host. */
  readAhead(): Promise<void>
  /** The next rows of the present list, in its order. */
  loadMore(): Promise<void>
  /** Ids of all runs that fit the filter, also of those that were not here; they are then. @throws CallFailed */
  fetchFitting(): Promise<string[]>
  /** How many of all runs would fit. @throws CallFailed */
  countFitting(filter: ListFilter): Promise<number>
  apply(runs: readonly RunSummary[]): void
  setText(text: string): void
  setStages(stages: readonly Stage[]): void
  /** Changes parts of the filter; `wholeList` takes all of it away. */
  narrow(change: Partial<ListFilter>): void
  setSort(sort: RunSort): void
  /** Filter and order at once, and columns where the view has its own. */
  show(view: { filter: ListFilter; sort: RunSort; columns: readonly RunColumn[] | null }): void
  setColumns(columns: readonly RunColumn[]): void
  /** Lays the list out again: how long a run has waited changes by itself. */
  refresh(): void
  /** While something holds them, rows keep their places: the list is scrolled, the pointer is busy on it, a menu is open. */
  setHeld(held: boolean, by?: string): void
  /** Brings the new rows in, whatever holds them back. */
  reveal(): void
  setCursor(id: string | null): void
  moveCursor(by: number): void
  /** The search is left for the list: the cursor is on what it found, on the first row at the latest when the host told of it. */
  enterList(): void
}

/**
 * How far down a list everything that fits is here: to this run as it was then, or to the end. It stays true, as whatever
 * changes afterwards is told.
 */
type Cover = { to: RunSummary; fitting: number } | 'all'
type View = Pick<RunsState, 'filter' | 'sort'>

/** The newer of two versions of the same run. */
export const newer = (known: RunSummary | undefined, told: RunSummary) => (known && known.revision > told.revision ? known : told)

export function createRunsStore(connection: Connection) {
  const holds = new Set<string>()
  /** By what was asked for. */
  const covers = new Map<string, Cover>()
  /** What pushes said while a fetch was under way: an answer that is older than a push never overwrites it. */
  let sincePushed: Map<string, RunSummary> | null = null
  /** The list as it should stand, so that one change puts one row in its place instead of sorting all. */
  let laid: { key: string; cover: Cover | undefined; ids: readonly string[] } | null = null
  let asking = false
  /** Somebody left the search before there was a row. */
  let wantsFirst = false
  /** The reading ahead that counts: a connection that came back begins another. */
  let ahead = 0

  const viewKey = ({ filter, sort }: View) =>
    `${formatFilter({ ...filter, text: filter.text.trim() })} ${formatLayout({ sort, columns: null })}`
  const coverOf = (state: Pick<RunsState, 'byId' | 'total'> & View): Cover | undefined =>
    state.byId.size >= state.total ? 'all' : covers.get(viewKey(state))

  const store = createStore<RunsState>()((set, get) => {
    type Laying = Pick<RunsState, 'byId' | 'total'> & View

    /** Whether a run stands in the list: it fits, and nothing is missing above it. */
    const standing = (state: Laying, cover: Cover | undefined, now: number) => {
      const fits = runFits(filterOf(state.filter, now), now)
      if (cover === undefined || cover === 'all') return fits
      const compare = compareRuns(state.sort, now)
      return (run: RunSummary) => fits(run) && compare(run, cover.to) <= 0
    }

    const layout = (state: Laying): readonly string[] => {
      const now = Date.now()
      const cover = coverOf(state)
      const runs = [...state.byId.values()].filter(standing(state, cover, now))
      laid = { key: viewKey(state), cover, ids: sortRuns(runs, state.sort, now).map(({ workflowId }) => workflowId) }
      return laid.ids
    }

    /** The same list after some runs changed. */
    const relayout = (state: Laying, changed: readonly RunSummary[]): readonly string[] => {
      const cover = coverOf(state)
      if (!laid || laid.key !== viewKey(state) || laid.cover !== cover || changed.length > fewChanges) return layout(state)
      const now = Date.now()
      const stands = standing(state, cover, now)
      const compare = compareRuns(state.sort, now)
      const ids = new Set(changed.map(({ workflowId }) => workflowId))
      const kept = laid.ids.filter((id) => !ids.has(id))
      for (const id of ids) {
        const run = state.byId.get(id)
        if (!run || !stands(run)) continue
        let [low, high] = [0, kept.length]
        while (low < high) {
          const middle = (low + high) >> 1
          const other = state.byId.get(kept[middle] as string)
          if (other && compare(other, run) < 0) low = middle + 1
          else high = middle
        }
        kept.splice(low, 0, id)
      }
      laid = { ...laid, ids: sameIds(kept, laid.ids) ? laid.ids : kept }
      return laid.ids
    }

    /** The same list with its next page: whatever lies between its end and the page's is in that page. */
    const grow = (state: Laying, before: Cover | undefined, runs: readonly RunSummary[]): readonly string[] => {
      const cover = coverOf(state)
      // Once everything is here, what was known from elsewhere stands in the list too.
      if (!laid || laid.key !== viewKey(state) || laid.cover !== before || cover === 'all') return layout(state)
      const stands = standing(state, cover, Date.now())
      const there = new Set(laid.ids)
      const below = runs.filter((run) => !there.has(run.workflowId) && stands(state.byId.get(run.workflowId) ?? run))
      laid = { ...laid, cover, ids: [...laid.ids, ...below.map(({ workflowId }) => workflowId)] }
      return laid.ids
    }

    /** @param read from the host just now: no news, so they go below the rows that keep their places */
    const place = (
      change: Partial<RunsState>,
      keepRows: boolean,
      lay: (state: Laying) => readonly string[] = layout,
      read: readonly RunSummary[] = [],
    ) => {
      const next = { ...get(), ...change }
      const wanted = lay(next)
      const cover = coverOf(next)
      const fitting = cover === undefined || cover === 'all' ? wanted.length : Math.max(cover.fitting, wanted.length)
      if (!keepRows) return set({ ...change, fitting, visible: wanted, fresh: 0, moved: false })
      const shown = new Set(next.visible)
      const below = new Set(read.flatMap(({ workflowId: id }) => (shown.has(id) ? [] : id)))
      const visible = below.size === 0 ? next.visible : [...next.visible, ...wanted.filter((id) => below.has(id))]
      const standing = new Set(wanted)
      const there = wanted.filter((id) => shown.has(id) || below.has(id))
      const still = visible.filter((id) => standing.has(id))
      set({ ...change, visible, fitting, fresh: wanted.length - there.length, moved: !sameIds(there, still) })
    }

    const merged = (runs: readonly RunSummary[], into: ReadonlyMap<string, RunSummary>) => {
      const byId = new Map(into)
      for (const run of runs) byId.set(run.workflowId, newer(byId.get(run.workflowId), run))
      return byId
    }

    const remember = (view: View, runs: readonly RunSummary[], offset: number, fitting: number) => {
      if (covers.size >= mostCovers) covers.clear()
      const last = runs.at(-1)
      covers.set(viewKey(view), last === undefined || offset + runs.length >= fitting ? 'all' : { to: last, fitting })
    }

    /** One page of the view from the host; how far it reaches is remembered. @throws CallFailed */
    const page = async (view: View, offset: number, limit: number) => {
      const { filter, sort } = view
      const answer = await connection.call('runs.list', { limit, offset, sort, ...filterOf(filter, Date.now()) })
      remember(view, answer.runs, offset, answer.total)
      return answer.runs
    }

    /** Runs that are not here may fit too, or stand above those that are: the host looks through all of them. */
    const lookBeyond = async () => {
      if (asking) return
      asking = true
      try {
        for (;;) {
          const { filter, sort, load } = get()
          // Before the first answer nothing is known, and that answer looks on by itself.
          if (load !== 'ready' || coverOf(get()) !== undefined) break
          set({ beyond: 'asking' })
          const runs = await page({ filter, sort }, 0, lookPage)
          // Somebody asked for this just now: it is shown, whatever holds the rows.
          place({ byId: merged(runs, get().byId) }, false)
        }
        set({ beyond: 'here' })
        if (wantsFirst && get().cursor === null) set({ cursor: get().visible[0] ?? null })
      } catch (cause) {
        set({ beyond: 'failed', problem: problemText(cause) })
      } finally {
        asking = false
      }
    }

    const see = (change: Partial<RunsState>) => {
      wantsFirst = false
      place(change, false)
      void lookBeyond()
    }

    return {
      load: 'loading',
      problem: null,
      byId: new Map(),
      total: 0,
      loadingMore: false,
      beyond: 'here',
      fitting: 0,
      filter: wholeList,
      sort: newestFirst,
      columns: usualColumns,
      visible: [],
      fresh: 0,
      moved: false,
      cursor: null,

      async fetch() {
        sincePushed = new Map()
        const first = get().load !== 'ready'
        try {
          const answer = await connection.call('runs.list', { limit: firstPage })
          const alive = stages.filter((stage) => !isEndStage(stage))
          const aliveCount = alive.reduce((n, stage) => n + (answer.byStage[stage] ?? 0), 0)
          const runs = [...answer.runs]
          // What still needs somebody or something is always here, however old it is.
          if (runs.length < answer.total && runs.filter((run) => !isEndStage(run.stage)).length < aliveCount) {
            runs.push(...(await connection.call('runs.list', { limit: mostAtOnce, stages: alive })).runs)
          }
          covers.clear()
          remember({ filter: wholeList, sort: newestFirst }, answer.runs, 0, answer.total)
          const { filter, sort } = get()
          // A filter may have come with the address; and what the list shows stays there while it is read anew.
          if (runs.length < answer.total && !covers.has(viewKey({ filter, sort })))
            runs.push(...(await page({ filter, sort }, 0, lookPage)))
          const byId = merged([...sincePushed.values()], merged(runs, new Map()))
          place({ byId, total: Math.max(answer.total, byId.size), load: 'ready', problem: null }, holds.size > 0 && !first)
          void lookBeyond()
        } catch (cause) {
          // What was known stays readable; only a list that never came is told as a failure.
          set(first ? { load: 'failed', problem: problemText(cause) } : { problem: problemText(cause) })
        } finally {
          sincePushed = null
        }
      },

      async readAhead() {
        const mine = ++ahead
        const read: RunSummary[] = []
        try {
          for (let offset = firstPage; offset < get().total && get().total <= mostKept; offset += nextPage) {
            await new Promise((done) => setTimeout(done, betweenMs))
            const { runs } = await connection.call('runs.list', { limit: nextPage, offset, sort: newestFirst })
            if (mine !== ahead) return
            read.push(...runs)
          }
        } catch {
          // Then as before: they are read when somebody scrolls or filters, and a failure is told there.
          return
        }
        if (read.length > 0) place({ byId: merged(read, get().byId) }, holds.size > 0, layout, read)
      },

      async loadMore() {
        const { filter, sort, loadingMore } = get()
        const cover = coverOf(get())
        if (loadingMore || cover === 'all') return
        set({ loadingMore: true })
        try {
          // Counted here, not added up: runs that left the list since then moved the others up.
          const offset = cover === undefined ? 0 : relayout(get(), []).length
          const runs = await page({ filter, sort }, offset, nextPage)
          place(
            { byId: merged(runs, get().byId), loadingMore: false, beyond: 'here' },
            holds.size > 0,
            (state) => grow(state, cover, runs),
            runs,
          )
        } catch (cause) {
          set({ loadingMore: false, problem: problemText(cause) })
        }
      },

      async fetchFitting() {
        const { filter, sort } = get()
        for (let offset = 0; coverOf({ ...get(), filter, sort }) !== 'all'; ) {
          const runs = await page({ filter, sort }, offset, mostAtOnce)
          offset += runs.length
          place({ byId: merged(runs, get().byId) }, holds.size > 0)
        }
        const { byId, total } = get()
        return [...layout({ filter, sort, byId, total })]
      },

      async countFitting(filter) {
        return (await connection.call('runs.list', { limit: 1, ...filterOf(filter, Date.now()) })).total
      },

      apply(runs) {
        if (sincePushed) for (const run of runs) sincePushed.set(run.workflowId, newer(sincePushed.get(run.workflowId), run))
        const { byId, total } = get()
        const next = merged(runs, byId)
        place({ byId: next, total: Math.max(total + next.size - byId.size, next.size) }, holds.size > 0, (state) =>
          relayout(state, runs),
        )
      },

      setText: (text) => see({ filter: { ...get().filter, text }, cursor: null }),
      setStages: (wanted) => get().narrow({ stages: [...wanted] }),
      narrow: (change) => see({ filter: { ...get().filter, ...change } }),
      setSort: (sort) => see({ sort }),
      show: ({ filter, sort, columns }) => see({ filter, sort, ...(columns === null ? {} : { columns }) }),
      setColumns: (columns) => set({ columns }),
      refresh: () => place({}, holds.size > 0),
      setHeld(held, by = 'list') {
        if (held) holds.add(by)
        else if (holds.delete(by) && holds.size === 0) place({}, false)
      },
      reveal: () => place({}, false),
      setCursor: (cursor) => set({ cursor }),
      moveCursor(by) {
        const { visible, cursor } = get()
        if (visible.length > 0) set({ cursor: cursorMoved(visible, cursor, by) })
      },
      enterList() {
        const { visible, cursor, beyond } = get()
        set({ cursor: cursorIn(visible, cursor) ?? visible[0] ?? null })
        wantsFirst = beyond === 'asking'
      },
    }
  })
  connection.subscribe('runs.changed', ({ runs }) => store.getState().apply(runs))
  return store
}
export type RunsStore = ReturnType<typeof createRunsStore>

const sameIds = (a: readonly string[], b: readonly string[]) => a.length === b.length && a.every((id, at) => id === b[at])

/** What awaits a decision, the oldest first; a decision that is on its way no longer awaits one. */
export const awaitingRuns = (state: Pick<RunsState, 'byId'>): RunSummary[] =>
  [...state.byId.values()]
    .filter(awaitsDecision)
    .sort((a, b) => (a.stageSince < b.stageSince ? -1 : a.stageSince > b.stageSince ? 1 : a.workflowId < b.workflowId ? -1 : 1))
