import type { RunInput } from '../../../temporal/types.ts'
import type { Ledger } from './openLedger.ts'

export interface PendingStart {
  workflowId: string
  input: RunInput
  attempts: number
}

export interface StartOutbox {
  /**
   * Starts whose time has come, oldest first.
   * @param latest the latest time that a wait begun now would end. What is to wait longer was noted before the clock was
   * set back, and is due: else a file would wait for as long as the clock was wrong.
   */
  due(now: string, latest: string, limit: number): PendingStart[]
  /** When the next start is due; null when nothing is pending. */
  nextAt(): string | null
  count(): number
  /** Temporal has the run: its start goes, and the list learns the run id, in one transaction. */
  started(workflowId: string, runId: string, at: string): void
  failed(workflowId: string, error: string, nextAttemptAt: string): void
  /** Makes these due at once, each again in the order of its acceptance. */
  dueNow(workflowIds: readonly string[]): void
  allDueNow(): void
}

/** Starts that Temporal has not confirmed yet. */
export function createStartOutbox(ledger: Ledger): StartOutbox {
  const due = ledger.prepare<[string, string, number], { workflowId: string; input: string; attempts: number }>(
    `SELECT workflow_id AS workflowId, input, attempts FROM start_outbox
     WHERE next_attempt_at <= ? OR next_attempt_at > ? ORDER BY next_attempt_at, rowid LIMIT ?`,
  )
  const next = ledger.prepare<[], string | null>('SELECT min(next_attempt_at) FROM start_outbox').pluck()
  const count = ledger.prepare<[], number>('SELECT count(*) FROM start_outbox').pluck()
  const remove = ledger.prepare<[string]>('DELETE FROM start_outbox WHERE workflow_id = ?')
  // The worker may have told of the run before Temporal's answer to the start came back: what it said stands.
  const project = ledger.prepare<[string, string, string]>(
    `UPDATE projection SET run_id = coalesce(run_id, ?), started_at = coalesce(started_at, ?), revision = revision + 1
     WHERE workflow_id = ?`,
  )
  const failed = ledger.prepare<[string, string, string]>(
    'UPDATE start_outbox SET attempts = attempts + 1, last_error = ?, next_attempt_at = ? WHERE workflow_id = ?',
  )
  const accepted = '(SELECT accepted_at FROM run WHERE run.workflow_id = start_outbox.workflow_id)'
  const oneNow = ledger.prepare<[string]>(`UPDATE start_outbox SET next_attempt_at = ${accepted} WHERE workflow_id = ?`)
  const allNow = ledger.prepare<[]>(`UPDATE start_outbox SET next_attempt_at = ${accepted}`)
  const started = ledger.transaction((workflowId: string, runId: string, at: string) => {
    remove.run(workflowId)
    project.run(runId, at, workflowId)
  })
  const dueNow = ledger.transaction((workflowIds: readonly string[]) => {
    for (const id of workflowIds) oneNow.run(id)
  })
  return {
    due: (now, latest, limit) => due.all(now, latest, limit).map((row) => ({ ...row, input: JSON.parse(row.input) as RunInput })),
    nextAt: () => next.get() ?? null,
    count: () => count.get() ?? 0,
    started,
    failed(workflowId, error, nextAttemptAt) {
      failed.run(error, nextAttemptAt, workflowId)
    },
    dueNow,
    allDueNow() {
      allNow.run()
    },
  }
}
