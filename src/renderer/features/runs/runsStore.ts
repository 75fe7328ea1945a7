import { createStore } from 'zustand/vanilla'
import { isEndStage, type RunSummary, type Stage, stages } from '../../../contract/model.ts'
import { type RunFilter, runFits } from '../../../contract/runFilter.ts'
import type { Connection } from '../../../contract/wire.ts'
import { problemText } from '../../ui/problem.ts'
import { filterOf, isNarrowed, type ListFilter, wholeList } from './listFilter.ts'

/** Runs asked for at once; older ones are fetched when asked for. */
const pageSize = 2000
/** As many as the host gives in one answer. */
const mostAtOnce = 5000
/** A filter that is being typed is sent on when the typing rests this long, in milliseconds. */
const restMs = 250

export interface RunsState {
  load: 'loading' | 'ready' | 'failed'
  problem: string | null
  byId: ReadonlyMap<string, RunSummary>
  /** Runs that the host knows; more than `byId` holds when there are many. */
  total: number
  loadingOlder: boolean
  /** The host is asked for runs that fit the filter and are not here. */
  searching: boolean
  filter: ListFilter
  /** Ids in the order in which they stand on the screen. */
  visible: readonly string[]
  /** Runs that fit the filter and are not on the screen yet, because rows must not move now. */
  fresh: number
  /** The row that keys act on. */
  cursor: string | null
  fetch(): Promise<void>
  loadOlder(): Promise<void>
  /** Ids of all runs that fit the filter, also of those that were not here; they are then. @throws CallFailed */
  fetchFitting(): Promise<string[]>
  apply(runs: readonly RunSummary[]): void
  setText(text: string): void
  setStages(stages: readonly Stage[]): void
  /** Changes parts of the filter; `wholeList` takes all of it away. */
  narrow(change: Partial<ListFilter>): void
  /** Lays the list out again: how long a run has waited changes by itself. */
  refresh(): void
  /** While held, rows keep their places: the list is scrolled, or the pointer is busy on it. */
  setHeld(held: boolean): void
  /** Brings the new rows in, whatever holds them back. */
  reveal(): void
  setCursor(id: string | null): void
  moveCursor(by: number): void
}

/** Newest first; ids break ties, so that the order never depends on what arrived when. */
const newestFirst = (a: RunSummary, b: RunSummary) =>
  a.acceptedAt === b.acceptedAt ? (a.workflowId < b.workflowId ? 1 : -1) : a.acceptedAt < b.acceptedAt ? 1 : -1

/** The newer of two versions of the same run. */
export const newer = (known: RunSummary | undefined, told: RunSummary) => (known && known.revision > told.revision ? known : told)

export function createRunsStore(connection: Connection) {
  let held = false
  /** How many of the newest are here without a gap; searched ones may be of any age. */
  let fromTop = 0
  /** What pushes said while a fetch was under way: an answer that is older than a push never overwrites it. */
  let sincePushed: Map<string, RunSummary> | null = null

  const store = createStore<RunsState>()((set, get) => {
    const layout = ({ byId, filter }: Pick<RunsState, 'byId' | 'filter'>) => {
      const now = Date.now()
      return [...byId.values()]
        .filter(runFits(filterOf(filter, now), now))
        .sort(newestFirst)
        .map((run) => run.workflowId)
    }

    const place = (change: Partial<RunsState>, keepRows: boolean) => {
      const next = { ...get(), ...change }
      const wanted = layout(next)
      if (!keepRows) return set({ ...change, visible: wanted, fresh: 0 })
      const shown = new Set(next.visible)
      set({ ...change, fresh: wanted.reduce((n, id) => n + (shown.has(id) ? 0 : 1), 0) })
    }

    const merged = (runs: readonly RunSummary[], into: ReadonlyMap<string, RunSummary>) => {
      const byId = new Map(into)
      for (const run of runs) byId.set(run.workflowId, newer(byId.get(run.workflowId), run))
      return byId
    }

    let resting: ReturnType<typeof setTimeout> | undefined
    let asked = 0
    /** Runs that are not here may fit too: the host looks through all of them. */
    const searchBeyond = () => {
      clearTimeout(resting)
      const mine = ++asked
      const { filter, total, byId } = get()
      if (byId.size >= total || !isNarrowed(filter)) return set({ searching: false })
      set({ searching: true })
      resting = setTimeout(async () => {
        try {
          const asking: RunFilter = filterOf(filter, Date.now())
          const answer = await connection.call('runs.list', { limit: pageSize, ...asking })
          if (mine === asked) place({ byId: merged(answer.runs, get().byId), searching: false }, held)
        } catch (cause) {
          if (mine === asked) set({ searching: false, problem: problemText(cause) })
        }
      }, restMs)
    }

    return {
      load: 'loading',
      problem: null,
      byId: new Map(),
      total: 0,
      loadingOlder: false,
      searching: false,
      filter: wholeList,
      visible: [],
      fresh: 0,
      cursor: null,

      async fetch() {
        sincePushed = new Map()
        const first = get().load !== 'ready'
        try {
          const answer = await connection.call('runs.list', { limit: pageSize })
          const alive = stages.filter((stage) => !isEndStage(stage))
          const aliveCount = alive.reduce((n, stage) => n + (answer.byStage[stage] ?? 0), 0)
          const runs = [...answer.runs]
          // What still needs somebody or something is always here, however old it is.
          if (runs.length < answer.total && runs.filter((run) => !isEndStage(run.stage)).length < aliveCount) {
            runs.push(...(await connection.call('runs.list', { limit: mostAtOnce, stages: alive })).runs)
          }
          fromTop = answer.runs.length
          const byId = merged([...sincePushed.values()], merged(runs, new Map()))
          place({ byId, total: answer.total, load: 'ready', problem: null }, held && !first)
          // A filter may have come with the address, before anything was here.
          searchBeyond()
        } catch (cause) {
          // What was known stays readable; only a list that never came is told as a failure.
          set(first ? { load: 'failed', problem: problemText(cause) } : { problem: problemText(cause) })
        } finally {
          sincePushed = null
        }
      },

      async loadOlder() {
        if (get().loadingOlder) return
        set({ loadingOlder: true })
        try {
          const answer = await connection.call('runs.list', { limit: pageSize, offset: fromTop })
          fromTop += answer.runs.length
          place({ byId: merged(answer.runs, get().byId), total: answer.total, loadingOlder: false }, false)
        } catch (cause) {
          set({ loadingOlder: false, problem: problemText(cause) })
        }
      },

      async fetchFitting() {
        const { filter, byId, total } = get()
        if (byId.size >= total) return layout(get())
        const now = Date.now()
        const found = new Map<string, RunSummary>()
        for (let offset = 0, of = 1; offset < of; ) {
          const answer = await connection.call('runs.list', { limit: mostAtOnce, offset, ...filterOf(filter, now) })
          for (const run of answer.runs) found.set(run.workflowId, run)
          of = answer.runs.length === 0 ? 0 : answer.total
          offset += answer.runs.length
        }
        place({ byId: merged([...found.values()], get().byId) }, held)
        return layout(get())
      },

      apply(runs) {
        if (sincePushed) for (const run of runs) sincePushed.set(run.workflowId, newer(sincePushed.get(run.workflowId), run))
        const { byId, total } = get()
        const next = merged(runs, byId)
        place({ byId: next, total: Math.max(total + next.size - byId.size, next.size) }, held)
      },

      setText: (text) => get().narrow({ text }),
      setStages: (wanted) => get().narrow({ stages: wanted }),
      narrow(change) {
        place({ filter: { ...get().filter, ...change } }, false)
        searchBeyond()
      },
      refresh: () => place({}, held),
      setHeld(next) {
        held = next
        if (!held) place({}, false)
      },
      reveal: () => place({}, false),
      setCursor: (cursor) => set({ cursor }),
      moveCursor(by) {
        const { visible, cursor } = get()
        if (visible.length === 0) return
        const at = cursor === null ? -1 : visible.indexOf(cursor)
        const next = at < 0 ? (by > 0 ? 0 : visible.length - 1) : Math.min(visible.length - 1, Math.max(0, at + by))
        set({ cursor: visible[next] ?? null })
      },
    }
  })
  connection.subscribe('runs.changed', ({ runs }) => store.getState().apply(runs))
  return store
}
export type RunsStore = ReturnType<typeof createRunsStore>

/** What awaits a decision, the oldest first; a decision that is on its way no longer awaits one. */
export const awaitingRuns = (state: Pick<RunsState, 'byId'>): RunSummary[] =>
  [...state.byId.values()]
    .filter((run) => run.stage === 'AwaitingApproval' && !run.decisionPending)
    .sort((a, b) => (a.stageSince < b.stageSince ? -1 : a.stageSince > b.stageSince ? 1 : a.workflowId < b.workflowId ? -1 : 1))
