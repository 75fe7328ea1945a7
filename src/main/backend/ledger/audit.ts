import type { AuditRecord } from '../../../contract/operator.ts'
import type { Ledger } from './openLedger.ts'

export interface Audit {
  add(entry: Omit<AuditRecord, 'id'>): void
  /** Newest first. */
  latest(topic: string, limit: number): AuditRecord[]
  /** Of every topic, newest first; of one run where that is named. */
  all(limit: number, workflowId?: string): AuditRecord[]
}

/** What operators switched and what that did; written once, never changed. */
export function createAudit(ledger: Ledger): Audit {
  const insert = ledger.prepare<Omit<AuditRecord, 'id'>>(
    `INSERT INTO audit (at, topic, name, event, operator, host, workflow_id, step, attempt, detail)
     VALUES (@at, @topic, @name, @event, @operator, @host, @workflowId, @step, @attempt, @detail)`,
  )
  const select = 'SELECT id, at, topic, name, event, operator, host, workflow_id AS workflowId, step, attempt, detail FROM audit'
  const latest = ledger.prepare<[string, number], AuditRecord>(`${select} WHERE topic = ? ORDER BY id DESC LIMIT ?`)
  const everything = ledger.prepare<[number], AuditRecord>(`${select} ORDER BY id DESC LIMIT ?`)
  const ofRun = ledger.prepare<[string, number], AuditRecord>(`${select} WHERE workflow_id = ? ORDER BY id DESC LIMIT ?`)
  return {
    add: (entry) => void insert.run(entry),
    latest: (topic, limit) => latest.all(topic, limit),
    all: (limit, workflowId) => (workflowId === undefined ? everything.all(limit) : ofRun.all(workflowId, limit)),
  }
}
