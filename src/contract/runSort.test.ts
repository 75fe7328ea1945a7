import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RunSummary } from './model.ts'
import { compareRuns, decidersOf, newestFirst, type RunColumn, runColumns, sortRuns } from './runSort.ts'
import { runOf } from './testRun.ts'

const now = Date.parse('2025-11-23T12:00:00.000Z')
const order = (runs: RunSummary[], by: RunColumn, descending: boolean) =>
  sortRuns(runs, { by, descending }, now).map(({ workflowId }) => workflowId)

describe('the order of runs', () => {
  it('counts the digits in file names as numbers', () =>
    expect(order([runOf('week_10'), runOf('week_9'), runOf('Week_1')], 'file', false)).toEqual(['Week_1', 'week_9', 'week_10']))

  it('puts what has no value last, whichever way it is sorted', () => {
    const runs = [runOf('none', 3), runOf('low', 1, { metrics: { mae: 1 } }), runOf('high', 2, { metrics: { mae: 2 } })]
    expect(order(runs, 'error', false)).toEqual(['low', 'high', 'none'])
    expect(order(runs, 'error', true)).toEqual(['high', 'low', 'none'])
  })

  it('never compares an MAE with a log loss', () => {
    const runs = [
      runOf('mae 3', 1, { metrics: { mae: 3 } }),
      runOf('loss 2', 2, { metrics: { log_loss: 2 } }),
      runOf('mae 1', 3, { metrics: { mae: 1 } }),
    ]
    expect(order(runs, 'error', false)).toEqual(['loss 2', 'mae 1', 'mae 3'])
    expect(order(runs, 'error', true)).toEqual(['loss 2', 'mae 3', 'mae 1'])
  })

  it('reckons how long a run takes until now, or until its end', () => {
    const runs = [
      runOf('running', 0, { startedAt: '2025-11-23T11:50:00.000Z' }),
      runOf('short', 1, { stage: 'Completed', startedAt: '2025-11-23T10:00:00.000Z', endedAt: '2025-11-23T10:01:00.000Z' }),
      runOf('long', 2, { stage: 'Completed', startedAt: '2025-11-23T10:00:00.000Z', endedAt: '2025-11-23T10:59:00.000Z' }),
    ]
    expect(order(runs, 'duration', true)).toEqual(['long', 'running', 'short'])
  })

  it('is the newest first among equals, then by id', () =>
    expect(order([runOf('a', 1), runOf('c', 2), runOf('b', 2)], 'gate', false)).toEqual(['c', 'b', 'a']))

  it('is one order for any column: the same pair never stands both ways, and sorting agrees with comparing', () => {
    const some = fc.record({
      minute: fc.integer({ min: 0, max: 5 }),
      attempt: fc.integer({ min: 0, max: 3 }),
      metrics: fc.option(fc.oneof(fc.record({ mae: fc.integer({ min: 0, max: 3 }) }), fc.record({ accuracy: fc.constant(0.5) }))),
      gatePassed: fc.option(fc.boolean()),
    })
    fc.assert(
      fc.property(fc.array(some, { maxLength: 12 }), fc.constantFrom(...runColumns), fc.boolean(), (parts, by, descending) => {
        const runs = parts.map(({ minute, ...change }, at) => runOf(`r${at}`, minute, change))
        const compare = compareRuns({ by, descending }, now)
        const sorted = sortRuns(runs, { by, descending }, now)
        for (const [at, run] of sorted.entries())
          for (const later of sorted.slice(at + 1)) {
            expect(compare(run, later)).toBeLessThan(0)
            expect(compare(later, run)).toBeGreaterThan(0)
          }
      }),
      { numRuns: 60 },
    )
  })

  it('has the newest first where nobody sorted', () =>
    expect(sortRuns([runOf('a', 1), runOf('b', 2)], newestFirst, now).map((run) => run.workflowId)).toEqual(['b', 'a']))
})

describe('who decided', () => {
  it('names each approver once, and a client without a name as one', () => {
    const given = (operator: string | null) => ({ operator, host: null, reason: 'Good.', at: '2025-11-23T10:00:00.000Z' })
    const decision = { ...given('bo'), decisionId: 'd', decision: 'approve' as const, via: 'update' as const }
    const approvals = { needed: 2, given: [given(null), given('bo')], approvers: [], submitter: null }
    expect(decidersOf({ decision, approvals })).toEqual([null, 'bo'])
    expect(decidersOf({ decision: null, approvals: null })).toEqual([])
  })
})
