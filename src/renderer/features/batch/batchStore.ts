import { createStore } from 'zustand/vanilla'
import type { Candidate } from '../../../contract/approvals.ts'
import { type CallError, CallFailed } from '../../../contract/errors.ts'
import { assertNever, type RunSummary, type StepName, stepThatWaits } from '../../../contract/model.ts'
import { reasonProblem } from '../../../contract/people.ts'
import type { Connection } from '../../../contract/wire.ts'
import { problemText } from '../../ui/problem.ts'
import type { RunsStore } from '../runs/runsStore.ts'
import type { BatchMemory } from './batchMemory.ts'
import { type BatchKind, comparisonOf, needsTick, planOf, type Reference } from './batchPlan.ts'

/** So many calls are under way at once: a batch must not keep the host from its other work. */
const atOnce = 4
/** As many as `approvals.list` answers at once. */
const candidatesAtOnce = 500

export type Outcome =
  | { state: 'waiting' | 'sending' | 'done' }
  /** Kept by the host, and delivered as soon as Temporal can be reached. */
  | { state: 'kept' }
  /** The host or the run said no. */
  | { state: 'refused'; error: CallError }
  /** It is not known whether it was done; sent again under the same id, it is done once. */
  | { state: 'failed'; error: CallError }
  /** It was never sent. */
  | { state: 'unsent' }

export interface Item {
  workflowId: string
  fileName: string
  /** One per run and batch, kept for every sending. */
  requestId: string
  step: StepName | null
  outcome: Outcome
}

export interface Batch {
  kind: BatchKind
  reason: string
  items: readonly Item[]
  phase: 'sending' | 'stopping' | 'over'
}

/** A batch before it is sent. */
export interface Draft {
  kind: BatchKind
  ids: readonly string[]
  reason: string
  problem: string | null
  /** Of an approval: what candidates are compared with; null until the host has said. */
  reference: Reference | null
  /** What the operator said of single runs: to approve it although it got worse, or to leave it out. */
  ticks: ReadonlyMap<string, boolean>
}

export interface BatchState {
  draft: Draft | null
  /** The one that is sent or was the last; its results stay until the next one or until they are dismissed. */
  batch: Batch | null
  /** The dialog shows the draft, or how the batch goes. */
  isOpen: boolean
  /** Opens the dialog about these runs; while a batch is being sent, it shows that one. */
  start(kind: BatchKind, ids: Iterable<string>): void
  /** Compares the candidates of an open draft anew. */
  productionChanged(): void
  setReason(reason: string): void
  tick(workflowId: string, on: boolean): void
  /** Resolves when the batch is over, or at once when something is missing. */
  send(): Promise<void>
  /** What is under way ends; nothing more is begun. */
  stop(): void
  /** Sends what failed or was never sent, and nothing else. */
  resend(): Promise<void>
  /** Shows the batch again. */
  show(): void
  /** A batch goes on behind a closed dialog; a draft is gone. */
  close(): void
  dismiss(): void
}

/** The runs that an approval would leave out unless they are ticked are left out; what is ticked off is, too. */
export function chosenOf({ kind, ticks, reference }: Draft, acts: readonly RunSummary[]): RunSummary[] {
  if (kind !== 'approve') return [...acts]
  return acts.filter((run) => reference !== null && (ticks.get(run.workflowId) ?? !needsTick(comparisonOf(run, reference))))
}

export const canResend = ({ outcome: { state } }: Item) => state === 'failed' || state === 'unsent'

interface Deps {
  connection: Connection
  runs: RunsStore
  /** Who acts: the operator of the settings. */
  operator(): string
  /** These runs were acted on. */
  onDone(workflowIds: string[]): void
  /** Keeps the batch over a reload of the page. */
  memory?: BatchMemory
  newId?: () => string
}

/** Acts on many runs, each by its own call: what goes wrong with one never touches another. */
export function createBatchStore({ connection, runs, operator, onDone, memory, newId = () => crypto.randomUUID() }: Deps) {
  const store = createStore<BatchState>()((set, get) => {
    const change = (next: Partial<Draft>) => {
      const { draft } = get()
      if (draft) set({ draft: { ...draft, ...next } })
    }

    /** What candidates are compared with; asked for again when production changes. */
    const fetchReference = async () => {
      const asked = get().draft
      if (asked?.kind !== 'approve') return
      const { byId } = runs.getState()
      const ids = asked.ids.filter((id) => byId.get(id)?.stage === 'AwaitingApproval')
      const candidates = new Map<string, Candidate>()
      let known: Omit<Reference, 'candidates'> = { production: null, problem: null }
      try {
        for (let from = 0; from < ids.length; from += candidatesAtOnce) {
          const answer = await connection.call('approvals.list', { workflowIds: ids.slice(from, from + candidatesAtOnce) })
          for (const candidate of answer.candidates) candidates.set(candidate.workflowId, candidate)
          known = answer
        }
      } catch (cause) {
        known = { production: null, problem: problemText(cause) }
      }
      // Another draft may have been opened meanwhile.
      if (get().draft?.ids === asked.ids) {
        change({ reference: { candidates, production: known.production, problem: known.problem } })
      }
    }

    const putOutcome = (workflowId: string, outcome: Outcome) => {
      const { batch } = get()
      if (!batch) return
      const items = batch.items.map((item) => (item.workflowId === workflowId ? { ...item, outcome } : item))
      set({ batch: { ...batch, items } })
    }

    /** Sends whatever waits, a few at once, until it is stopped or the host goes away. */
    const drive = async () => {
      memory?.write(get().batch)
      let lost = false
      const next = () => {
        const { batch } = get()
        if (lost || batch?.phase !== 'sending') return undefined
        return batch.items.find(({ outcome }) => outcome.state === 'waiting')
      }
      const work = async () => {
        for (let item = next(); item !== undefined; item = next()) {
          putOutcome(item.workflowId, { state: 'sending' })
          const outcome = await actOn(item)
          if (outcome.state === 'failed' && outcome.error.kind === 'unavailable' && outcome.error.part === 'host') lost = true
          putOutcome(item.workflowId, outcome)
        }
      }
      await Promise.all(Array.from({ length: atOnce }, work))
      const { batch } = get()
      if (!batch) return
      const items = batch.items.map(
        (item): Item => (item.outcome.state === 'waiting' ? { ...item, outcome: { state: 'unsent' } } : item),
      )
      set({ batch: { ...batch, items, phase: 'over' } })
      memory?.write(get().batch)
      onDone(
        items.filter(({ outcome }) => outcome.state === 'done' || outcome.state === 'kept').map(({ workflowId }) => workflowId),
      )
    }

    const actOn = async ({ workflowId, requestId, step }: Item): Promise<Outcome> => {
      const { batch } = get()
      if (!batch) return { state: 'unsent' }
      try {
        const kept = await callFor(batch, workflowId, requestId, step)
        return { state: kept ? 'kept' : 'done' }
      } catch (cause) {
        const error: CallError =
          cause instanceof CallFailed ? cause.error : { kind: 'internal', message: String(cause), id: batch.kind }
        return { state: error.kind === 'unavailable' || error.kind === 'internal' ? 'failed' : 'refused', error }
      }
    }

    /** @returns whether the host keeps it for later */
    const callFor = async ({ kind, reason }: Batch, workflowId: string, requestId: string, step: StepName | null) => {
      switch (kind) {
        case 'approve':
        case 'reject': {
          const decision = { workflowId, decisionId: requestId, decision: kind, reason }
          return (await connection.call('runs.decide', decision)).state === 'pending'
        }
        case 'cancel':
        case 'terminate':
          await connection.call(`runs.${kind}`, { workflowId, reason, requestId })
          return false
        case 'retryNow':
          if (step !== null) await connection.call('runs.actOnStep', { workflowId, step, action: kind, reason, requestId })
          return false
        case 'again':
          await connection.call('runs.again', { workflowId, reason, requestId })
          return false
        default:
          return assertNever(kind)
      }
    }

    return {
      draft: null,
      batch: memory?.read() ?? null,
      isOpen: false,

      start(kind, ids) {
        if (get().batch && get().batch?.phase !== 'over') return set({ isOpen: true })
        set({ isOpen: true, draft: { kind, ids: [...ids], reason: '', problem: null, reference: null, ticks: new Map() } })
        void fetchReference()
      },
      productionChanged: () => void fetchReference(),
      setReason: (reason) => change({ reason, problem: null }),
      tick(workflowId, on) {
        const { draft } = get()
        if (draft) change({ ticks: new Map(draft.ticks).set(workflowId, on) })
      },
      async send() {
        const { draft } = get()
        if (!draft) return
        const reason = draft.reason.trim()
        const wrong = reasonProblem(reason)
        if (wrong !== null) return change({ problem: wrong })
        const { byId } = runs.getState()
        const known = draft.ids.flatMap((id) => byId.get(id) ?? [])
        const chosen = chosenOf(draft, planOf(draft.kind, known, operator()).acts)
        if (chosen.length === 0) return
        const items = chosen.map(
          ({ workflowId, fileName, stage }): Item => ({
            ...{ workflowId, fileName, requestId: newId(), outcome: { state: 'waiting' } },
            step: draft.kind === 'retryNow' ? stepThatWaits(stage) : null,
          }),
        )
        set({ draft: null, batch: { kind: draft.kind, reason, items, phase: 'sending' } })
        await drive()
      },
      stop() {
        const { batch } = get()
        if (batch?.phase === 'sending') set({ batch: { ...batch, phase: 'stopping' } })
      },
      async resend() {
        const { batch } = get()
        if (batch?.phase !== 'over') return
        const items = batch.items.map((item): Item => (canResend(item) ? { ...item, outcome: { state: 'waiting' } } : item))
        set({ batch: { ...batch, items, phase: 'sending' } })
        await drive()
      },
      show: () => set({ isOpen: true, draft: null }),
      close: () => set({ isOpen: false, draft: null }),
      dismiss() {
        if (get().batch?.phase !== 'over') return
        set({ batch: null })
        memory?.write(null)
      },
    }
  })
  connection.subscribe('deployments.changed', ({ environments }) => {
    if (environments.includes('prod')) store.getState().productionChanged()
  })
  return store
}
export type BatchStore = ReturnType<typeof createBatchStore>

/** How far a batch is. */
export function tally({ items }: Pick<Batch, 'items'>) {
  const by: Record<Outcome['state'], number> = { waiting: 0, sending: 0, done: 0, kept: 0, refused: 0, failed: 0, unsent: 0 }
  for (const { outcome } of items) by[outcome.state]++
  return { ...by, all: items.length, answered: items.length - by.waiting - by.sending }
}
