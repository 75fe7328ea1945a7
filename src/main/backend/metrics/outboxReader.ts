import type { Ledger } from '../ledger/openLedger.ts'

export interface OutboxDepth {
  outbox: 'starts' | 'decisions' | 'roll_backs'
  count: number
  /** When the oldest was accepted; null when there is none. */
  oldest: string | null
}

/** How much each outbox of the ledger holds: runs to start, decisions to deliver, roll backs to carry out or write down. */
export function createOutboxReader(ledger: Ledger): () => OutboxDepth[] {
  const read = ledger.prepare<[], OutboxDepth>(`
    SELECT 'starts' AS outbox, count(*) AS count, min(accepted_at) AS oldest FROM start_outbox JOIN run USING (workflow_id)
    UNION ALL SELECT 'decisions', count(*), min(at) FROM decision_outbox WHERE state = 'pending'
    UNION ALL SELECT 'roll_backs', count(*), min(at) FROM roll_back WHERE state IN ('accepted', 'switched')`)
  return () => read.all()
}
