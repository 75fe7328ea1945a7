import { invalid } from '../../../contract/errors.ts'
import { isDiskFull } from '../../../temporal/diskFull.ts'
import { isLedgerHeld } from './isLedgerHeld.ts'
import { whenLedgerFree } from './ledgerTurn.ts'
import type { Ledger } from './openLedger.ts'

export interface Requests {
  /**
   * Does what a request asks for once, however often it is sent: a second one while the first is under way gets its
   * answer, one after it was done is answered as done, also by a host that was started anew. What was refused or failed
   * changed nothing and may be asked for again under the same id.
   *
   * @param deed what is asked for, as text; the same for each sending of one request
   * @param act `sentAt`: when an earlier try was made that was neither confirmed nor refused, so it may have been carried
   *   out; null when there was none
   * @throws CallFailed `invalid` when the id was used for another deed; whatever `act` throws; SQLite's error when the
   * ledger cannot be written, before anything is done
   */
  once(requestId: string, deed: string, act: (sentAt: string | null) => Promise<void>): Promise<void>
}

interface Options {
  ledger: Ledger
  /** Whether an error says for certain that nothing was changed. */
  isAnswer(error: unknown): boolean
}

/** Requests by id, in the ledger: a double click, a retry after a lost answer and a crash in between act once. */
export function createRequests({ ledger, isAnswer }: Options): Requests {
  const begin = ledger.prepare('INSERT INTO request (request_id, deed, at) VALUES (?, ?, ?)')
  const find = ledger.prepare<[string], { deed: string; at: string; done: number }>(
    'SELECT deed, at, done_at IS NOT NULL AS done FROM request WHERE request_id = ?',
  )
  const finish = ledger.prepare('UPDATE request SET done_at = ? WHERE request_id = ?')
  const forget = ledger.prepare('DELETE FROM request WHERE request_id = ?')
  const underWay = new Map<string, Promise<void>>()
  /** Ends that the ledger did not take: the deed is done, or refused, all the same. By request. */
  const unwritten = new Map<string, 'done' | 'refused'>()

  function end(requestId: string, how: 'done' | 'refused'): void {
    unwritten.set(requestId, how)
    try {
      for (const [id, end] of unwritten) {
        if (end === 'done') finish.run(new Date().toISOString(), id)
        else forget.run(id)
        unwritten.delete(id)
      }
    } catch (error) {
      if (!isDiskFull(error) && !isLedgerHeld(error)) throw error
    }
  }

  async function carryOut(requestId: string, sentAt: string | null, act: (sentAt: string | null) => Promise<void>) {
    try {
      await act(sentAt)
    } catch (error) {
      if (isAnswer(error)) end(requestId, 'refused')
      throw error
    }
    end(requestId, 'done')
  }

  return {
    async once(requestId, deed, act) {
      await whenLedgerFree(ledger)
      const known = find.get(requestId)
      if (known && known.deed !== deed) {
        throw invalid('This request id was used for something else already; nothing was changed.', 'requestId')
      }
      if (known?.done || unwritten.get(requestId) === 'done') return
      const running = underWay.get(requestId)
      if (running) return running
      if (!known) begin.run(requestId, deed, new Date().toISOString())
      const sentAt = unwritten.get(requestId) === 'refused' ? null : (known?.at ?? null)
      unwritten.delete(requestId)
      const started = carryOut(requestId, sentAt, act).finally(() => underWay.delete(requestId))
      underWay.set(requestId, started)
      return started
    },
  }
}
