import { afterEach, beforeEach, expect, it } from 'vitest'
import { isLedgerHeld } from './isLedgerHeld.ts'
import { isLedgerFree, waitInWriteMs, whenLedgerFree } from './ledgerTurn.ts'
import { openSharedLedger } from './testing/sharedLedger.ts'

let shared: ReturnType<typeof openSharedLedger>
beforeEach(() => {
  shared = openSharedLedger()
})
afterEach(() => shared.remove())

it('whether another program holds the ledger is seen, and leaves nothing behind', () => {
  const { ledger, hold, letGo } = shared
  expect(isLedgerFree(ledger)).toBe(true)
  hold()
  expect(isLedgerFree(ledger)).toBe(false)
  // What is only read goes on.
  expect(ledger.prepare('SELECT count(*) FROM run').pluck().get()).toBe(0)
  letGo()
  expect(isLedgerFree(ledger)).toBe(true)
  expect(ledger.inTransaction).toBe(false)
  expect(ledger.pragma('busy_timeout', { simple: true })).toBe(waitInWriteMs)
})

it('within a transaction the ledger is ours, and the transaction goes on', () => {
  const { ledger } = shared
  ledger.exec('BEGIN IMMEDIATE')
  expect(isLedgerFree(ledger)).toBe(true)
  expect(ledger.inTransaction).toBe(true)
  ledger.exec('ROLLBACK')
})

it('an operator waits for it while all else goes on: here also for whoever holds it', async () => {
  const { ledger, hold, letGo } = shared
  hold()
  const waiting = whenLedgerFree(ledger)
  setImmediate(letGo)
  await waiting
  expect(isLedgerFree(ledger)).toBe(true)
})

it('an operator is refused after some time, by an error that is known', async () => {
  shared.hold()
  const error = await whenLedgerFree(shared.ledger).catch((error: unknown) => error)
  expect(isLedgerHeld(error)).toBe(true)
})
