import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Approvals } from '../../../contract/model.ts'
import { openLedger } from '../ledger/openLedger.ts'
import { openSharedLedger } from '../ledger/testing/sharedLedger.ts'
import { silentLog } from '../log.ts'
import { createDecisionOutbox, type Delivery, type OutgoingDecision } from './createDecisionOutbox.ts'

const decision = (over: Partial<OutgoingDecision> = {}): OutgoingDecision => ({
  decisionId: randomUUID(),
  workflowId: 'mlops-1-good',
  decision: 'approve',
  reason: 'better on every check',
  operator: 'ada',
  host: 'desk',
  at: new Date().toISOString(),
  ...over,
})

afterEach(() => void vi.useRealTimers())

function setUp(
  deliver: (decision: OutgoingDecision) => Promise<Delivery>,
  canDeliver = () => true,
  ledger = openLedger(':memory:'),
  awaitsDecision = () => true,
  approvals: Approvals | null = null,
) {
  const mayBeSettled: boolean[] = []
  const seen: OutgoingDecision[] = []
  const late: Delivery[] = []
  const outbox = createDecisionOutbox({
    ledger,
    deliver: (d) => {
      seen.push(d)
      return deliver(d)
    },
    canDeliver,
    awaitsDecision,
    approvals: () => approvals,
    onChange: (_, pending) => mayBeSettled.push(pending),
    onLateDelivery: (_, delivery) => late.push(delivery),
    log: silentLog,
  })
  return { outbox, seen, late, ledger, mayBeSettled }
}

describe('a decision', () => {
  it('is delivered once, however often it is clicked', async () => {
    const { outbox, seen } = setUp(async () => ({ state: 'delivered' }))
    const click = decision()
    expect(await Promise.all([outbox.decide(click), outbox.decide(click)])).toEqual(['delivered', 'delivered'])
    expect(await outbox.decide(click)).toBe('delivered')
    expect(seen).toHaveLength(1)
    await outbox.close()
  })

  it('that the run refuses is a conflict, now and on a second look', async () => {
    const { outbox } = setUp(async () => ({ state: 'refused', message: 'Grace rejected it first.' }))
    const click = decision()
    await expect(outbox.decide(click)).rejects.toThrow('Grace rejected it first.')
    await expect(outbox.decide(click)).rejects.toThrow('Grace rejected it first.')
    await outbox.close()
  })

  it('that was put off while the clock was a day ahead does not wait for that day', async () => {
    vi.useFakeTimers()
    let away = true
    const { outbox, seen, ledger } = setUp(async () => {
      if (away) throw new Error('no connection')
      return { state: 'delivered' }
    })
    const answer = outbox.decide(decision())
    await vi.advanceTimersByTimeAsync(5_000)
    expect(await answer).toBe('pending')
    ledger.prepare('UPDATE decision_outbox SET next_attempt_at = ?').run(new Date(Date.now() + 86_400_000).toISOString())
    away = false
    const before = seen.length
    await vi.advanceTimersByTimeAsync(20_000)
    vi.useRealTimers()
    expect(seen).toHaveLength(before + 1)
    expect(ledger.prepare('SELECT state FROM decision_outbox').pluck().get()).toBe('delivered')
    await outbox.close()
  })

  it('on a run that is not known to wait is refused at once while Temporal cannot be asked', async () => {
    const { outbox, ledger } = setUp(
      async () => ({ state: 'delivered' }),
      () => false,
      openLedger(':memory:'),
      () => false,
    )
    await expect(outbox.decide(decision())).rejects.toThrow('does not wait for a decision')
    expect(ledger.prepare('SELECT count(*) FROM decision_outbox').pluck().get()).toBe(0)
    await outbox.close()
  })

  it('is kept while Temporal is away and goes out when it is back', async () => {
    let up = false
    const delivered = Promise.withResolvers<void>()
    const { outbox, late } = setUp(
      async () => {
        delivered.resolve()
        return { state: 'delivered' }
      },
      () => up,
    )
    const click = decision()
    expect(await outbox.decide(click)).toBe('pending')
    await expect(outbox.decide(decision({ operator: 'grace' }))).rejects.toThrow('ada has already decided')
    up = true
    outbox.wake()
    await delivered.promise
    expect(await outbox.decide(click)).toBe('delivered')
    expect(late).toEqual([{ state: 'delivered' }])
    await outbox.close()
  })

  it('does not stand in the way of others where several have to approve, until together they may settle the run', async () => {
    const given = [{ operator: 'Ana', host: null, reason: 'Fine.', at: '2026-11-30T07:00:00.000Z' }]
    const policy = { needed: 3, given, approvers: [], submitter: null }
    let up = false
    const { outbox, seen, mayBeSettled } = setUp(
      async () => ({ state: 'delivered' }),
      () => up,
      undefined,
      undefined,
      policy,
    )
    expect(await outbox.decide(decision())).toBe('pending')
    await expect(outbox.decide(decision({ operator: ' ADA' }))).rejects.toThrow('ada has already decided')
    expect(mayBeSettled).toEqual([false])
    expect(await outbox.decide(decision({ operator: 'grace' }))).toBe('pending')
    expect(mayBeSettled).toEqual([false, true])
    await expect(outbox.decide(decision({ operator: 'bo' }))).rejects.toThrow('ada has already decided')
    up = true
    outbox.wake()
    await expect.poll(() => mayBeSettled.at(-1)).toBe(false)
    expect(seen.map(({ operator }) => operator)).toEqual(['ada', 'grace'])
    await outbox.close()
  })

  it('that rejects is taken beside an approval that does not settle the run, and nothing beside the rejection', async () => {
    const policy = { needed: 3, given: [], approvers: [], submitter: null }
    const { outbox } = setUp(
      async () => ({ state: 'delivered' }),
      () => false,
      undefined,
      undefined,
      policy,
    )
    expect(await outbox.decide(decision())).toBe('pending')
    expect(await outbox.decide(decision({ operator: 'grace', decision: 'reject' }))).toBe('pending')
    await expect(outbox.decide(decision({ operator: 'bo' }))).rejects.toThrow('grace has already decided (reject)')
    await outbox.close()
  })

  it('survives the end of the host, and its operator hears of a refusal that comes later', async () => {
    const first = setUp(
      async () => ({ state: 'delivered' }),
      () => false,
    )
    const click = decision()
    expect(await first.outbox.decide(click)).toBe('pending')
    await first.outbox.close()

    const refused = Promise.withResolvers<void>()
    const second = setUp(
      async () => {
        refused.resolve()
        return { state: 'refused', message: 'The wait had timed out.' }
      },
      () => true,
      first.ledger,
    )
    second.outbox.wake()
    await refused.promise
    await expect.poll(() => second.late).toEqual([{ state: 'refused', message: 'The wait had timed out.' }])
    await second.outbox.close()
  })

  it('that cannot be kept, as another program holds the ledger, is refused and goes nowhere', async () => {
    const { ledger, hold, letGo, remove } = openSharedLedger()
    const { outbox, seen } = setUp(async () => ({ state: 'delivered' }), undefined, ledger)
    const click = decision()
    hold()
    await expect(outbox.decide(click)).rejects.toThrow('locked')
    expect(seen).toEqual([])
    letGo()
    expect(await outbox.decide(click)).toBe('delivered')
    expect(seen).toHaveLength(1)
    await outbox.close()
    remove()
  })

  it('whose answer the ledger cannot take now is not sent again before it can', async () => {
    const { ledger, hold, letGo, remove } = openSharedLedger()
    const { outbox, seen, late } = setUp(
      async () => {
        if (seen.length === 1) hold()
        return { state: 'delivered' }
      },
      undefined,
      ledger,
    )
    expect(await outbox.decide(decision())).toBe('pending')
    outbox.wake()
    outbox.wake()
    expect(seen).toHaveLength(1)
    letGo()
    await expect.poll(() => late, { timeout: 10_000 }).toEqual([{ state: 'delivered' }])
    expect(seen).toHaveLength(2)
    expect(ledger.prepare('SELECT state FROM decision_outbox').pluck().all()).toEqual(['delivered'])
    await outbox.close()
    remove()
  })

  it('is tried again after a broken connection', async () => {
    let calls = 0
    const { outbox } = setUp(async () => {
      if (++calls === 1) throw new Error('connection reset')
      return { state: 'delivered' }
    })
    const click = decision()
    expect(await outbox.decide(click)).toBe('pending')
    await expect.poll(() => outbox.decide(click), { timeout: 10_000 }).toBe('delivered')
    expect(calls).toBe(2)
    await outbox.close()
  })
})
