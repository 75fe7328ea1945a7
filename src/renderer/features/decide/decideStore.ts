import { createStore } from 'zustand/vanilla'
import { type CallError, CallFailed } from '../../../contract/errors.ts'
import { isEndStage, type RunDetail } from '../../../contract/model.ts'
import type { Connection } from '../../../contract/wire.ts'

export type DecisionKind = 'approve' | 'reject'
export type DecidePhase = 'editing' | 'sending' | 'delivered' | 'pending' | 'failed'

export interface OpenDecision {
  workflowId: string
  kind: DecisionKind
  /** One per opened dialog: however often it is sent, it is one decision. */
  decisionId: string
  reason: string
  phase: DecidePhase
  error: CallError | null
  detail: RunDetail | null
  /** Rows of the dataset, from the first step's result; null until known. */
  rows: number | null
}

export interface DecideState {
  open: OpenDecision | null
  start(workflowId: string, kind: DecisionKind): void
  /** Approve instead of reject, or the other way round: another decision, so another id. */
  switchKind(): void
  setReason(reason: string): void
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
    const fetchRows = async (workflowId: string) => {
      const answer = await connection.call('runs.payloads', { workflowId, step: 'preprocess_data' }).catch(() => null)
      const json = answer?.results[0]?.json
      const { open } = get()
      if (!json || open?.workflowId !== workflowId) return
      const value: unknown = JSON.parse(json)
      const rows = typeof value === 'object' && value !== null && 'rows' in value ? value.rows : null
      if (typeof rows === 'number') set({ open: { ...open, rows } })
    }
    return {
      open: null,
      start(workflowId, kind) {
        const decisionId = newId()
        set({ open: { workflowId, kind, decisionId, reason: '', phase: 'editing', error: null, detail: null, rows: null } })
        void fetchDetail(workflowId)
        void fetchRows(workflowId)
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
      async submit() {
        const { open } = get()
        if (!open || (open.phase !== 'editing' && open.phase !== 'failed')) return
        const { workflowId, decisionId, kind } = open
        const reason = open.reason.trim()
        if (reason === '') {
          change(decisionId, { error: { kind: 'invalid', message: 'A reason is required.', field: 'reason' }, phase: 'editing' })
          return
        }
        change(decisionId, { phase: 'sending', error: null })
        try {
          const { state } = await connection.call('runs.decide', { workflowId, decisionId, decision: kind, reason })
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
