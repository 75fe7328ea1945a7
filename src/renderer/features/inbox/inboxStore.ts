import { createStore } from 'zustand/vanilla'
import type { Candidate, ProductionModel } from '../../../contract/approvals.ts'
import type { Connection } from '../../../contract/wire.ts'
import { problemText } from '../../ui/problem.ts'

/** As many as the host answers at once; rows below have their own figures alone until those above are decided. */
const mostAsked = 500

export interface InboxState {
  byId: ReadonlyMap<string, Candidate>
  production: ProductionModel | null
  /** Why what production serves, or the candidates, cannot be told; null when they can. */
  problem: string | null
  /** Whether the host has answered since the console began. */
  known: boolean
  /** Asks about these runs; what was known of them stays until the answer is there. */
  fetch(workflowIds: readonly string[]): Promise<void>
}

export function createInboxStore(connection: Connection) {
  let asked = 0
  let latest: readonly string[] = []
  const store = createStore<InboxState>()((set) => ({
    byId: new Map(),
    production: null,
    problem: null,
    known: false,
    async fetch(workflowIds) {
      const mine = ++asked
      latest = workflowIds
      try {
        const answer = await connection.call('approvals.list', { workflowIds: workflowIds.slice(0, mostAsked) })
        if (mine !== asked) return
        const byId = new Map(answer.candidates.map((candidate) => [candidate.workflowId, candidate]))
        set({ byId, production: answer.production, problem: answer.problem, known: true })
      } catch (cause) {
        if (mine === asked) set({ problem: problemText(cause) })
      }
    },
  }))
  // Another model in production is another comparison.
  connection.subscribe('deployments.changed', ({ environments }) => {
    if (environments.includes('prod') && latest.length > 0) void store.getState().fetch(latest)
  })
  return store
}
export type InboxStore = ReturnType<typeof createInboxStore>
