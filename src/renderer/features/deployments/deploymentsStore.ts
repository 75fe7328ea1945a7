import { createStore } from 'zustand/vanilla'
import { type CallError, CallFailed } from '../../../contract/errors.ts'
import type { DeploymentRecord, Environment, EnvironmentState } from '../../../contract/models.ts'
import { reasonProblem } from '../../../contract/people.ts'
import type { Connection } from '../../../contract/wire.ts'
import { coalesced } from '../../api/coalesced.ts'
import { problemText } from '../../ui/problem.ts'

/** A roll back that is being put together or was sent. */
export interface OpenRollBack {
  environment: Environment
  modelId: string | null
  /** One per opened dialog: however often it is sent, it is done once. */
  requestId: string
  reason: string
  phase: 'editing' | 'sending' | 'done' | 'pending' | 'failed'
  error: CallError | null
}

export interface DeploymentsState {
  load: 'loading' | 'ready' | 'failed'
  problem: string | null
  /** Why a part is not known, as the host says it. */
  gap: string | null
  environments: readonly EnvironmentState[]
  rollBack: OpenRollBack | null
  fetch(): Promise<void>
  startRollBack(environment: Environment, modelId: string | null): void
  edit(change: Partial<Pick<OpenRollBack, 'modelId' | 'reason'>>): void
  submit(): Promise<void>
  close(): void
}

/** Models that an environment served before and serves no more, each once, the latest first. */
export function earlierModels({ served, history }: Pick<EnvironmentState, 'served' | 'history'>): DeploymentRecord[] {
  const byModel = new Map<string, DeploymentRecord>()
  for (const record of history) {
    if (record.kind === 'undone' || record.modelId === served?.modelId || byModel.has(record.modelId)) continue
    byModel.set(record.modelId, record)
  }
  return [...byModel.values()]
}

export function createDeploymentsStore(connection: Connection, newId: () => string = () => crypto.randomUUID()) {
  const store = createStore<DeploymentsState>()((set, get) => {
    const change = (requestId: string, next: Partial<OpenRollBack>) => {
      const { rollBack } = get()
      if (rollBack?.requestId === requestId) set({ rollBack: { ...rollBack, ...next } })
    }
    return {
      load: 'loading',
      problem: null,
      gap: null,
      environments: [],
      rollBack: null,
      async fetch() {
        try {
          const { environments, problem } = await connection.call('deployments.list', {})
          set({ environments, gap: problem, load: 'ready', problem: null })
        } catch (cause) {
          set(get().load === 'ready' ? { problem: problemText(cause) } : { load: 'failed', problem: problemText(cause) })
        }
      },
      startRollBack(environment, modelId) {
        const known = get().environments.find((one) => one.environment === environment)
        const proposed = modelId ?? (known ? (earlierModels(known)[0]?.modelId ?? null) : null)
        set({ rollBack: { environment, modelId: proposed, requestId: newId(), reason: '', phase: 'editing', error: null } })
      },
      edit(next) {
        const { rollBack } = get()
        if (!rollBack || (rollBack.phase !== 'editing' && rollBack.phase !== 'failed')) return
        // Another model is another request: the host must not take it for the one that it may have got already.
        const other = next.modelId !== undefined && next.modelId !== rollBack.modelId
        set({ rollBack: { ...rollBack, ...next, phase: 'editing', error: null, ...(other ? { requestId: newId() } : {}) } })
      },
      async submit() {
        const { rollBack } = get()
        if (!rollBack || (rollBack.phase !== 'editing' && rollBack.phase !== 'failed')) return
        const { environment, modelId, requestId } = rollBack
        const reason = rollBack.reason.trim()
        const wrong = reasonProblem(reason)
        if (modelId === null || wrong !== null) {
          const field = modelId === null ? 'modelId' : 'reason'
          const message = modelId === null ? 'Choose a model.' : (wrong ?? '')
          return change(requestId, { error: { kind: 'invalid', message, field } })
        }
        change(requestId, { phase: 'sending', error: null })
        try {
          const { state } = await connection.call('deployments.rollBack', { environment, modelId, reason, requestId })
          change(requestId, { phase: state })
        } catch (cause) {
          const error: CallError =
            cause instanceof CallFailed ? cause.error : { kind: 'internal', message: String(cause), id: 'deployments.rollBack' }
          change(requestId, { phase: 'failed', error })
        }
        await get().fetch()
      },
      close: () => set({ rollBack: null }),
    }
  })
  const ask = coalesced(() => store.getState().fetch())
  connection.subscribe('deployments.changed', () => {
    // What nobody has looked at yet is read when somebody does.
    if (store.getState().load !== 'loading') ask()
  })
  return store
}
export type DeploymentsStore = ReturnType<typeof createDeploymentsStore>

/** Letters that a POSIX shell takes as they are. */
const inShell = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

/** JSON escapes for what would turn the command around on the screen; the host reads the same names from them. */
const inSight = (json: string) =>
  json.replaceAll(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** A request for a prediction, to paste into a terminal. */
export function curlExample({ address, exampleRow }: Pick<EnvironmentState, 'address' | 'exampleRow'>): string | null {
  if (address === null || exampleRow === null) return null
  const body = inSight(JSON.stringify({ rows: [exampleRow] }))
  return `curl -s ${address}/predict -H 'Content-Type: application/json' -d ${inShell(body)}`
}
