import { setTimeout as sleep } from 'node:timers/promises'
import { isLedgerHeld } from './isLedgerHeld.ts'
import type { Ledger } from './openLedger.ts'

/**
 * How long (ms) SQLite waits for another program within a write, with the main thread in its hands: as long as another's
 * commit takes, not as long as a tool may stay.
 */
export const waitInWriteMs = 50
/** What is merely due looks again after so long (ms). */
export const whileHeldMs = 500
/** What an operator asks for waits so long (ms) before it is refused. */
const patienceMs = 2_000
const lookEveryMs = 50

/** Whether a write would get through now; found out without waiting. What is merely due asks this first, and comes again. */
export const isLedgerFree = (ledger: Ledger): boolean => held(ledger) === null

/**
 * Waits a moment for another program to let go of the ledger, while all else goes on. For what an operator asks for.
 * @throws SQLite's own error, in which `isLedgerHeld` sees it, when that takes longer than two seconds; nothing was written
 */
export async function whenLedgerFree(ledger: Ledger): Promise<void> {
  const until = performance.now() + patienceMs
  for (let error = held(ledger); error !== null; error = held(ledger)) {
    if (performance.now() >= until) throw error
    await sleep(lookEveryMs)
  }
}

function held(ledger: Ledger): Error | null {
  if (ledger.inTransaction) return null
  ledger.pragma('busy_timeout = 0')
  try {
    ledger.exec('BEGIN IMMEDIATE; ROLLBACK')
    return null
  } catch (error) {
    // Whatever else is wrong is met, and said, by the write itself.
    return isLedgerHeld(error) ? (error as Error) : null
  } finally {
    ledger.pragma(`busy_timeout = ${waitInWriteMs}`)
  }
}
