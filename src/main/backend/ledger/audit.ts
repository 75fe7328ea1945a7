import type { Ledger } from './openLedger.ts'

/** One row of `audit`. */
export interface AuditRow {
  id: number
  at: string
  /** What kind of thing, such as `drill`. */
  topic: string
  /** Which of them. */
  name: string
  event: string
  operator: string
  host: string
  workflowId: string | null
  step: string | null
  attempt: number | null
  detail: string
}

export interface Audit {
  add(entry: Omit<AuditRow, 'id'>): void
  /** Newest first. */
  latest(topic: string, limit: number): AuditRow[]
}

/** What operators switched and what that did; written once, never changed. */
export function createAudit(ledger: Ledger): Audit {
  const insert = ledger.prepare<Omit<AuditRow, 'id'>>(
    `INSERT INTO audit (at, topic, name, event, operator, host, workflow_id, step, attempt, detail)
     VALUES (@at, @topic, @name, @event, @operator, @host, @workflowId, @step, @attempt, @detail)`,
  )
  const latest = ledger.prepare<[string, number], AuditRow>(
    `SELECT id, at, topic, name, event, operator, host, workflow_id AS workflowId, step, attempt, detail
     FROM audit WHERE topic = ? ORDER BY id DESC LIMIT ?`,
  )
  return { add: (entry) => void insert.run(entry), latest: (topic, limit) => latest.all(topic, limit) }
}
