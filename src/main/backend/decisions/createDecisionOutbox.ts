import { conflict, invalid } from '../../../contract/errors.ts'
import type { Approvals } from '../../../contract/model.ts'
import { isSameName } from '../../../contract/people.ts'
import { isLedgerFree, whenLedgerFree, whileHeldMs } from '../ledger/ledgerTurn.ts'
import type { Ledger } from '../ledger/openLedger.ts'
import type { Log } from '../log.ts'

export interface OutgoingDecision {
  decisionId: string
  workflowId: string
  decision: 'approve' | 'reject'
  reason: string
  operator: string
  host: string
  at: string
}

export type Delivery = { state: 'delivered' } | { state: 'refused'; message: string }

export interface DecisionOutbox {
  /**
   * Keeps the decision on disk, then tries to deliver it. `pending` means that Temporal could not be reached in time and
   * that delivery goes on by itself. Idempotent by `decisionId`.
   * @throws CallFailed `invalid` when the id was used for another decision, `conflict` when the run refuses it, or when what
   * is on its way to this run already may settle it, or is of the same operator;
   * SQLite's error when it could not be kept.
   */
  decide(decision: OutgoingDecision): Promise<'delivered' | 'pending'>
  /** Delivers at once what is pending; called when Temporal comes back. */
  wake(): void
  close(): Promise<void>
}

interface Options {
  ledger: Ledger
  /** @throws when Temporal cannot be reached; the same decision may then be delivered again. */
  deliver(decision: OutgoingDecision): Promise<Delivery>
  canDeliver(): boolean
  /** Whether a run waits for a decision, as far as is known here; asked when the run itself cannot be. */
  awaitsDecision(workflowId: string): boolean
  /** What the run's policy asks for and who has approved, as far as is known here; null: one approval, by anybody. */
  approvals(workflowId: string): Approvals | null
  /** A decision for this run went on its way, or arrived. `pending`: what is on its way now may settle it. */
  onChange(workflowId: string, pending: boolean): void
  /** What became of a decision that was answered with `pending`; its operator must be told of a refusal. */
  onLateDelivery(decision: OutgoingDecision, delivery: Delivery): void
  log: Log
}

// A click is answered within this time; what takes longer is "pending" and goes on in the background.
const answerWithinMs = 4_000
const firstRetryMs = 1_000
const longestRetryMs = 15_000

export function createDecisionOutbox({
  ledger,
  deliver,
  canDeliver,
  awaitsDecision,
  approvals,
  onChange,
  onLateDelivery,
  log,
}: Options): DecisionOutbox {
  const insert = ledger.prepare(`
    INSERT INTO decision_outbox (decision_id, workflow_id, decision, reason, operator, host, at, next_attempt_at)
    VALUES (@decisionId, @workflowId, @decision, @reason, @operator, @host, @at, @at)`)
  const byId = ledger.prepare('SELECT * FROM decision_outbox WHERE decision_id = ?')
  const pendingOf = ledger.prepare<[string], Row>(
    `SELECT * FROM decision_outbox WHERE workflow_id = ? AND state = 'pending' ORDER BY at`,
  )
  const pending = ledger.prepare(`SELECT * FROM decision_outbox WHERE state = 'pending' ORDER BY at`)
  const settle = ledger.prepare(
    'UPDATE decision_outbox SET state = ?, last_error = ?, attempts = attempts + 1 WHERE decision_id = ?',
  )
  const postpone = ledger.prepare(
    'UPDATE decision_outbox SET last_error = ?, attempts = attempts + 1, next_attempt_at = ? WHERE decision_id = ?',
  )

  const underWay = new Map<string, Promise<Delivery | null>>()
  const answeredPending = new Set<string>()
  let timer: NodeJS.Timeout | null = null
  let closed = false

  /** The first of those on their way that, together, may settle the run; undefined when others are needed besides. */
  function mayBeSettledBy(workflowId: string): Row | undefined {
    const rows = pendingOf.all(workflowId)
    const { needed, given } = approvals(workflowId) ?? { needed: 1, given: [] }
    // The run may know of an approval whose answer is still on its way back.
    const isGiven = ({ operator }: Row) => given.some((one) => one.operator !== null && isSameName(one.operator, operator))
    const coming = rows.filter((row) => !isGiven(row))
    return rows.find(({ decision }) => decision === 'reject') ?? (given.length + coming.length >= needed ? rows[0] : undefined)
  }

  /** One attempt; null when Temporal could not be reached. Never runs twice at once for one decision. */
  function attempt(row: Row): Promise<Delivery | null> {
    const running = underWay.get(row.decision_id)
    if (running) return running
    const started = (async () => {
      const decision = decisionOf(row)
      try {
        const delivery = await deliver(decision)
        settle.run(delivery.state, delivery.state === 'refused' ? delivery.message : null, row.decision_id)
        onChange(row.workflow_id, mayBeSettledBy(row.workflow_id) !== undefined)
        if (answeredPending.delete(row.decision_id)) onLateDelivery(decision, delivery)
        return delivery
      } catch (error) {
        const wait = Math.min(longestRetryMs, firstRetryMs * 2 ** row.attempts)
        log.warn({ decisionId: row.decision_id, workflowId: row.workflow_id, err: error }, 'decision not delivered yet')
        try {
          postpone.run(String(error), new Date(Date.now() + wait).toISOString(), row.decision_id)
        } catch (problem) {
          // It stays pending and due; giving it to Temporal once more changes nothing there.
          log.error({ decisionId: row.decision_id, err: problem }, 'the wait for a decision could not be noted')
        }
        return null
      } finally {
        underWay.delete(row.decision_id)
        schedule()
      }
    })()
    underWay.set(row.decision_id, started)
    return started
  }

  function schedule(): void {
    if (closed) return
    if (timer) clearTimeout(timer)
    const waiting = (pending.all() as Row[]).filter((row) => !underWay.has(row.decision_id))
    const next = waiting.map((row) => Date.parse(row.next_attempt_at))
    if (next.length > 0) timer = setTimeout(deliverDue, Math.min(longestRetryMs, Math.max(100, Math.min(...next) - Date.now())))
  }

  /** Nothing is delivered of which the ledger could not take the answer. @returns whether it is asked again later */
  function waitsForLedger(deliver: () => void): boolean {
    if (closed || isLedgerFree(ledger)) return closed
    if (timer) clearTimeout(timer)
    timer = setTimeout(deliver, whileHeldMs)
    return true
  }

  function deliverDue(): void {
    if (waitsForLedger(deliverDue)) return
    if (canDeliver()) {
      const now = Date.now()
      for (const row of pending.all() as Row[]) {
        const wait = Date.parse(row.next_attempt_at) - now
        // Longer than any wait is: the clock was set back since it was noted.
        if (wait <= 0 || wait > longestRetryMs) void attempt(row)
      }
    }
  }

  // What an earlier host accepted and could not deliver is answered "pending" from its operator's point of view.
  for (const row of pending.all() as Row[]) answeredPending.add(row.decision_id)

  function wake(): void {
    if (waitsForLedger(wake)) return
    for (const row of pending.all() as Row[]) void attempt(row)
  }

  return {
    async decide(decision) {
      if (!byId.get(decision.decisionId)) await whenLedgerFree(ledger)
      const known = byId.get(decision.decisionId) as Row | undefined
      if (known && (known.workflow_id !== decision.workflowId || known.decision !== decision.decision)) {
        throw invalid('This decision id was used for another decision already; nothing was changed.', 'decisionId')
      }
      if (!known) {
        const ofSame = pendingOf.all(decision.workflowId).find(({ operator }) => isSameName(operator, decision.operator))
        const other = ofSame ?? mayBeSettledBy(decision.workflowId)
        if (other)
          throw conflict(`${other.operator} has already decided (${other.decision}); that decision is on its way to Temporal.`)
        // Kept now, it would be refused when Temporal is back, long after its operator was told that it is on its way.
        if (!canDeliver() && !awaitsDecision(decision.workflowId)) {
          throw conflict(
            'As far as is known here this run does not wait for a decision, and Temporal cannot be asked now. Nothing was kept. Decide once the run waits for approval.',
          )
        }
        insert.run(decision)
        onChange(decision.workflowId, mayBeSettledBy(decision.workflowId) !== undefined)
      }
      const row = byId.get(decision.decisionId) as Row
      if (row.state === 'delivered') return 'delivered'
      if (row.state === 'refused') throw conflict(row.last_error ?? 'The run refused this decision.')

      const late = new Promise<null>((resolve) => setTimeout(resolve, answerWithinMs, null).unref())
      const delivery = canDeliver() ? await Promise.race([attempt(row), late]) : null
      if (delivery?.state === 'delivered') return 'delivered'
      if (delivery?.state === 'refused') throw conflict(delivery.message)
      answeredPending.add(decision.decisionId)
      schedule()
      return 'pending'
    },
    wake,
    async close() {
      closed = true
      if (timer) clearTimeout(timer)
      await Promise.race([Promise.allSettled(underWay.values()), new Promise((resolve) => setTimeout(resolve, 1_000))])
    },
  }
}

interface Row {
  decision_id: string
  workflow_id: string
  decision: 'approve' | 'reject'
  reason: string
  operator: string
  host: string
  at: string
  state: 'pending' | 'delivered' | 'refused'
  attempts: number
  next_attempt_at: string
  last_error: string | null
}

const decisionOf = (row: Row): OutgoingDecision => ({
  decisionId: row.decision_id,
  workflowId: row.workflow_id,
  decision: row.decision,
  reason: row.reason,
  operator: row.operator,
  host: row.host,
  at: row.at,
})
