import { type IntakeEntry, isEndStage, type RunSummary } from '../../contract/model.ts'
import type { Connection } from '../../contract/wire.ts'
import { NoHostError } from '../control/connectToHost.ts'

export interface FollowOptions {
  /** What the intake answered for the files that are followed. */
  entries: readonly IntakeEntry[]
  /** A run came into another stage, the first one seen included. */
  onStage(run: RunSummary): void
  /** A file that was waiting has been accepted or refused. */
  onEntry(entry: IntakeEntry): void
}

/** Begins to listen, so that nothing is missed between a submit and its answer; `follow` works off what was heard. */
export function listenToRuns(host: Connection) {
  const runs = new Map<string, RunSummary>()
  const entries = new Map<number, IntakeEntry>()
  let wake = () => {}
  let lost = false
  const stop = [
    host.subscribe('runs.changed', (payload) => {
      for (const run of payload.runs) {
        const known = runs.get(run.workflowId)
        if (known === undefined || known.revision < run.revision) runs.set(run.workflowId, run)
      }
      wake()
    }),
    host.subscribe('intake.changed', (payload) => {
      for (const entry of payload.entries) entries.set(entry.id, entry)
      wake()
    }),
    host.onStatus((status) => {
      lost ||= status === 'lost' || status === 'refused'
      wake()
    }),
  ]

  return {
    /**
     * Resolves when every run has ended or awaits approval, with the runs and the files as they are then.
     * @throws NoHostError when the host goes away meanwhile
     */
    async follow({ entries: first, onStage, onEntry }: FollowOptions): Promise<{ runs: RunSummary[]; entries: IntakeEntry[] }> {
      const files = new Map(first.map((entry) => [entry.id, entry]))
      const told = new Map<string, string>()
      const asked = new Set<string>()
      for (;;) {
        const heard = new Promise<void>((resolve) => {
          wake = resolve
        })
        if (lost) {
          throw new NoHostError(
            'Gatehouse went away while its runs were followed. Nothing that was accepted is lost: they go on when it is started again.',
          )
        }
        for (const [id, entry] of files) {
          const now = entries.get(id)
          if (entry.outcome !== 'waiting' || now === undefined || now.outcome === 'waiting') continue
          files.set(id, now)
          onEntry(now)
        }
        const ids = new Set([...files.values()].flatMap((entry) => entry.workflowId ?? []))
        for (const workflowId of ids) {
          if (runs.has(workflowId) || asked.has(workflowId)) continue
          asked.add(workflowId)
          const run = await host.call('runs.get', { workflowId })
          if ((runs.get(workflowId)?.revision ?? -1) < run.revision) runs.set(workflowId, run)
        }
        const followed = [...ids].flatMap((id) => runs.get(id) ?? [])
        for (const run of followed) {
          if (told.get(run.workflowId) === run.stage) continue
          told.set(run.workflowId, run.stage)
          onStage(run)
        }
        const open = [...files.values()].some((entry) => entry.outcome === 'waiting') || !followed.every(hasComeToRest)
        if (!open) return { runs: followed, entries: [...files.values()] }
        await heard
      }
    },
    close() {
      for (const end of stop) end()
    },
  }
}

/** Nothing more happens by itself. */
export const hasComeToRest = (run: RunSummary): boolean =>
  isEndStage(run.stage) || (run.stage === 'AwaitingApproval' && !run.decisionPending)
