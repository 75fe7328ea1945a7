import { createStore } from 'zustand/vanilla'
import type { StepPayloads } from '../../../contract/history.ts'
import type { Progress, RunDetail, StepName } from '../../../contract/model.ts'
import type { AuditRecord } from '../../../contract/operator.ts'
import type { DataProfile, TrainingReport } from '../../../contract/training.ts'
import type { Connection } from '../../../contract/wire.ts'
import { problemText } from '../../ui/problem.ts'
import { countLate, lateWait } from '../payload/late.ts'
import type { RunAction } from './ActionDialog.tsx'

/** At most one detail is asked for in this time, however often the run changes. */
const refetchEveryMs = 400
/** A worker that no host is beside tells Temporal alone how far a step is: so often that is asked while one runs unheard. */
const unheardMs = 3000

export interface PayloadState {
  loading: boolean
  payloads: StepPayloads | null
  problem: string | null
}

/** `undefined`: not read yet; `null`: the host has none. */
export interface Pictures {
  profile: DataProfile | null | undefined
  report: TrainingReport | null | undefined
  problem: string | null
}
export const runTabs = ['run', 'data', 'model', 'history'] as const
export type RunTab = (typeof runTabs)[number]

export interface RunState {
  /** The run that is open. */
  id: string | null
  detail: RunDetail | null
  problem: string | null
  progress: Partial<Record<StepName, { attempt: number; progress: Progress }>>
  /** Decoded values, in memory only and only of the run that is open. */
  payloads: Partial<Record<StepName, PayloadState>>
  openSteps: readonly StepName[]
  /** Who did what to it from here, newest first. */
  audit: readonly AuditRecord[]
  /** What is looked at of a run; stays when another one is opened. */
  tab: RunTab
  pictures: Pictures
  setTab(tab: RunTab): void
  /** Reads profile and report; what is there already is not read again. */
  loadPictures(): Promise<void>
  open(id: string | null): void
  refetch(): void
  /** A step's own worker told how far it is: nobody has to ask. */
  heard(): void
  toggleStep(step: StepName): void
  /** What is late is asked for again while its step is open; `times` counts how often that was in vain. */
  loadPayloads(step: StepName, times?: number): Promise<void>
  /**
   * Idempotent by `requestId`. Gives the id of the run that it is about: of the new one after `again`, else of the open one.
   * @throws CallFailed with what stands in the way
   */
  act(action: RunAction, reason: string, requestId: string): Promise<string>
}

const closed = {
  detail: null,
  problem: null,
  progress: {},
  payloads: {},
  openSteps: [],
  audit: [],
  pictures: { profile: undefined, report: undefined, problem: null },
}

export function createRunStore(connection: Connection) {
  let timer: ReturnType<typeof setTimeout> | undefined
  let unheard: ReturnType<typeof setTimeout> | undefined
  let lastAsked = Number.NEGATIVE_INFINITY
  let underWay = false
  let askAgain = false

  const store = createStore<RunState>()((set, get) => {
    const fetchDetail = async () => {
      const { id } = get()
      if (id === null) return
      if (underWay) {
        askAgain = true
        return
      }
      underWay = true
      lastAsked = performance.now()
      try {
        const detail = await connection.call('runs.get', { workflowId: id })
        // Another run may have been opened meanwhile, and a slower answer must not undo a newer one.
        if (get().id === id && detail.revision >= (get().detail?.revision ?? 0)) set({ detail, problem: null })
        listen()
        const { entries } = await connection.call('audit.list', { workflowId: id, limit: 50 })
        if (get().id === id) set({ audit: entries })
      } catch (cause) {
        if (get().id === id) set({ problem: problemText(cause) })
      } finally {
        underWay = false
        if (askAgain) {
          askAgain = false
          schedule()
        }
      }
    }
    /** Waits for news of a step that runs; without any, the next detail brings its latest heartbeat. */
    const listen = () => {
      clearTimeout(unheard)
      if (get().detail?.steps.some(({ kind, state }) => kind === 'activity' && state === 'running'))
        unheard = setTimeout(schedule, unheardMs)
    }
    const schedule = () => {
      clearTimeout(timer)
      const wait = lastAsked + refetchEveryMs - performance.now()
      if (wait <= 0) void fetchDetail()
      else timer = setTimeout(fetchDetail, wait)
    }

    return {
      id: null,
      ...closed,
      tab: 'run',
      setTab: (tab) => set({ tab }),
      async loadPictures() {
        const { id, pictures } = get()
        if (id === null) return
        const put = (change: Partial<Pictures>) => {
          if (get().id === id) set({ pictures: { ...get().pictures, ...change } })
        }
        try {
          const [profile, report] = await Promise.all([
            pictures.profile ?? connection.call('runs.profile', { workflowId: id }),
            pictures.report ?? connection.call('runs.report', { workflowId: id }),
          ])
          put({ profile, report, problem: null })
        } catch (cause) {
          put({ problem: problemText(cause) })
        }
      },
      open(id) {
        if (id === get().id) return
        clearTimeout(timer)
        clearTimeout(unheard)
        set({ id, ...closed })
        void fetchDetail()
      },
      refetch: schedule,
      heard: listen,
      toggleStep(step) {
        const { openSteps } = get()
        set({ openSteps: openSteps.includes(step) ? openSteps.filter((s) => s !== step) : [...openSteps, step] })
      },
      async loadPayloads(step, times = 0) {
        const { id } = get()
        if (id === null) return
        const put = (change: Partial<PayloadState>) => {
          if (get().id !== id) return
          const before = get().payloads[step] ?? { loading: false, payloads: null, problem: null }
          set({ payloads: { ...get().payloads, [step]: { ...before, ...change } } })
        }
        put({ loading: true })
        try {
          const payloads = await connection.call('runs.payloads', { workflowId: id, step })
          put({ loading: false, payloads, problem: null })
          const { inputs, results, heartbeat, failureValues, headers } = payloads
          if (countLate([...inputs, ...results, ...heartbeat, ...failureValues, ...headers]) === 0) return
          setTimeout(() => {
            const { id: open, openSteps, loadPayloads } = get()
            if (open === id && openSteps.includes(step)) void loadPayloads(step, times + 1)
          }, lateWait(times))
        } catch (cause) {
          put({ loading: false, problem: problemText(cause) })
        }
      },
      async act(action, reason, requestId) {
        const { id } = get()
        if (id === null) throw new Error('no run is open')
        if ('step' in action) {
          const { step, kind } = action
          await connection.call('runs.actOnStep', { workflowId: id, step, action: kind, reason, requestId })
        } else if (action.kind === 'again')
          return (await connection.call('runs.again', { workflowId: id, reason, requestId })).workflowId
        else await connection.call(`runs.${action.kind}`, { workflowId: id, reason, requestId })
        schedule()
        return id
      },
    }
  })

  connection.subscribe('runs.changed', ({ runs }) => {
    const { id, detail, refetch } = store.getState()
    const told = runs.find((run) => run.workflowId === id)
    if (!told) return
    // The summary is newer than the detail at hand: show it at once, the steps follow with the next detail.
    if (detail && told.revision > detail.revision) store.setState({ detail: { ...detail, ...told } })
    refetch()
  })
  connection.subscribe('run.progress', ({ workflowId, step, attempt, progress }) => {
    if (workflowId !== store.getState().id) return
    store.setState((state) => ({ progress: { ...state.progress, [step]: { attempt, progress } } }))
    store.getState().heard()
  })
  return store
}
export type RunStore = ReturnType<typeof createRunStore>
