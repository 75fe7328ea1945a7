import { createStore } from 'zustand/vanilla'
import { type CallError, CallFailed } from '../../../contract/errors.ts'
import { type DecisionKind, isEndStage, type RunDetail } from '../../../contract/model.ts'
import type { ModelDetail } from '../../../contract/models.ts'
import { reasonProblem } from '../../../contract/people.ts'
import type { DataProfile, TrainingReport } from '../../../contract/training.ts'
import type { Connection } from '../../../contract/wire.ts'
import { problemText } from '../../ui/problem.ts'

export type DecidePhase = 'editing' | 'sending' | 'delivered' | 'pending' | 'failed'

export interface OpenDecision {
  workflowId: string
  kind: DecisionKind
  /** One per opened dialog: however often it is sent, it is one decision. */
  decisionId: string
  /** Who decides where that is not the operator of the settings: a console may be shared. */
  operator: string | null
  reason: string
  phase: DecidePhase
  error: CallError | null
  detail: RunDetail | null
  /** What was found in the file; null until known, or where there is none. */
  profile: DataProfile | null
  report: TrainingReport | null
  production: Production
}

/** The model that production serves now. */
export type Production =
  | { state: 'loading' }
  | { state: 'none' }
  | { state: 'known'; model: ModelDetail }
  | { state: 'unknown'; problem: string }

export interface DecideState {
  open: OpenDecision | null
  start(workflowId: string, kind: DecisionKind): void
  /** Approve instead of reject, or the other way round: another decision, so another id. */
  switchKind(): void
  setReason(reason: string): void
  /** null or empty: the operator of the settings. */
  setOperator(operator: string | null): void
  submit(): Promise<void>
  close(): void
}

export function createDecideStore(connection: Connection, newId: () => string = () => crypto.randomUUID()) {
  const fetchDetail = async (workflowId: string) => {
    const detail = await connection.call('runs.get', { workflowId }).catch(() => null)
    const { open } = store.getState()
    // A slower answer must not undo what a push has said meanwhile.
    if (!detail || open?.workflowId !== workflowId || detail.revision < (open.detail?.revision ?? 0)) return
    store.setState({ open: { ...open, detail } })
  }
  const store = createStore<DecideState>()((set, get) => {
    const change = (decisionId: string, next: Partial<OpenDecision>) => {
      const { open } = get()
      if (open?.decisionId === decisionId) set({ open: { ...open, ...next } })
    }
    /** What belongs to the run stays when approve becomes reject. */
    const learn = (workflowId: string, next: Partial<OpenDecision>) => {
      const { open } = get()
      if (open?.workflowId === workflowId) set({ open: { ...open, ...next } })
    }
    const fetchPictures = async (workflowId: string) => {
      const [profile, report] = await Promise.all([
        connection.call('runs.profile', { workflowId }).catch(() => null),
        connection.call('runs.report', { workflowId }).catch(() => null),
      ])
      learn(workflowId, { profile, report })
    }
    const fetchProduction = async (workflowId: string) => {
      try {
        const { environments } = await connection.call('deployments.list', {})
        const served = environments.find(({ environment }) => environment === 'prod')?.served
        if (!served) return learn(workflowId, { production: { state: 'none' } })
        const model = await connection.call('models.get', { modelId: served.modelId })
        learn(workflowId, { production: { state: 'known', model } })
      } catch (cause) {
        learn(workflowId, { production: { state: 'unknown', problem: problemText(cause) } })
      }
    }
    return {
      open: null,
      start(workflowId, kind) {
        const decisionId = newId()
        set({
          open: {
            workflowId,
            kind,
            decisionId,
            operator: null,
            reason: '',
            phase: 'editing',
            error: null,
            detail: null,
            profile: null,
            report: null,
            production: { state: 'loading' },
          },
        })
        void fetchDetail(workflowId)
        void fetchPictures(workflowId)
        void fetchProduction(workflowId)
      },
      switchKind() {
        const { open } = get()
        if (!open || open.phase === 'sending' || open.phase === 'delivered' || open.phase === 'pending') return
        const kind = open.kind === 'approve' ? 'reject' : 'approve'
        set({ open: { ...open, kind, decisionId: newId(), phase: 'editing', error: null } })
      },
      setReason(reason) {
        const { open } = get()
        if (open) set({ open: { ...open, reason } })
      },
      setOperator(operator) {
        const { open } = get()
        // Another name is another decision.
        if (open) set({ open: { ...open, operator, decisionId: newId(), phase: 'editing', error: null } })
      },
      async submit() {
        const { open } = get()
        if (!open || (open.phase !== 'editing' && open.phase !== 'failed')) return
        const { workflowId, kind } = open
        // A refusal is remembered under its id and changed nothing: the next one is another decision.
        const decisionId = open.error?.kind === 'conflict' ? newId() : open.decisionId
        const operator = open.operator?.trim() || undefined
        const reason = open.reason.trim()
        const wrong = reasonProblem(reason)
        if (wrong !== null) {
          set({ open: { ...open, error: { kind: 'invalid', message: wrong, field: 'reason' }, phase: 'editing' } })
          return
        }
        set({ open: { ...open, decisionId, phase: 'sending', error: null } })
        try {
          const { state } = await connection.call('runs.decide', { workflowId, decisionId, decision: kind, reason, operator })
          change(decisionId, { phase: state })
        } catch (cause) {
          const error: CallError =
            cause instanceof CallFailed ? cause.error : { kind: 'internal', message: String(cause), id: 'runs.decide' }
          change(decisionId, { phase: 'failed', error })
        }
        await fetchDetail(workflowId)
      },
      close: () => set({ open: null }),
    }
  })
  connection.subscribe('runs.changed', ({ runs }) => {
    const { open } = store.getState()
    const told = runs.find((run) => run.workflowId === open?.workflowId)
    if (open?.detail && told && told.revision > open.detail.revision) {
      store.setState({ open: { ...open, detail: { ...open.detail, ...told } } })
      // A summary does not name what was deployed.
      if (isEndStage(told.stage)) void fetchDetail(told.workflowId)
    }
  })
  return store
}
export type DecideStore = ReturnType<typeof createDecideStore>
