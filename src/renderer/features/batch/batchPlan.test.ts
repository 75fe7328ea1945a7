import { expect, test } from 'vitest'
import type { Candidate, ProductionModel } from '../../../contract/approvals.ts'
import type { RunSummary } from '../../../contract/model.ts'
import { runOf } from '../../../contract/testRun.ts'
import { type BatchKind, comparisonOf, judged, needsTick, planOf, whyNot } from './batchPlan.ts'

const waiting: Partial<RunSummary> = { stage: 'AwaitingApproval' }
const ofTwo = (change: Partial<NonNullable<RunSummary['approvals']>> = {}): Partial<RunSummary> => ({
  ...waiting,
  approvals: { needed: 2, given: [], approvers: [], submitter: null, ...change },
})

test.each<[string, BatchKind, Partial<RunSummary>, string | null]>([
  ['a run that awaits a decision', 'approve', waiting, null],
  ['one that trains', 'approve', {}, 'Awaits no decision yet (Training).'],
  ['one that has ended', 'reject', { stage: 'Failed' }, 'Ended already (Failed).'],
  [
    'one that was decided here',
    'approve',
    { ...waiting, decisionPending: true },
    'Decided here already; the decision waits for Temporal.',
  ],
  [
    'the submitter',
    'approve',
    ofTwo({ needed: 1, submitter: 'Olga' }),
    'You submitted this file, so another must approve. You may reject it.',
  ],
  ['the submitter', 'reject', ofTwo({ needed: 1, submitter: 'Olga' }), null],
  ['somebody who is not named', 'reject', ofTwo({ approvers: ['ana', 'ben'] }), 'Only ana or ben may decide on this run.'],
  ['one under way', 'cancel', {}, null],
  ['one that Temporal does not have', 'cancel', { runId: null }, 'Still on its way to Temporal; try again in a moment.'],
  ['one that has ended', 'terminate', { stage: 'Completed' }, 'Ended already (Completed).'],
  ['one that waits for its next try', 'retryNow', { retryAt: '2025-11-23T10:09:00.000Z' }, null],
  ['one that is tried', 'retryNow', {}, 'No attempt of it waits.'],
  ['one under way', 'again', {}, 'Has not ended (Training).'],
  ['one that has ended', 'again', { stage: 'Rejected' }, null],
])('%s: %s %o', (_, kind, change, why) => expect(whyNot(kind, runOf('a', 0, change), 'olga')).toBe(why))

test('a plan says on how many it acts, which it leaves alone and why, and how an approval counts', () => {
  const plan = planOf(
    'approve',
    [
      runOf('a', 1, ofTwo()),
      runOf('b', 2),
      runOf('c', 3, waiting),
      runOf('d', 4),
      runOf(
        'e',
        5,
        ofTwo({ given: [{ operator: 'ben', host: 'desk', reason: 'fine', at: '2025-11-23T10:00:00.000Z' }] as never }),
      ),
    ],
    'olga',
  )
  expect(plan.acts.map(({ workflowId }) => workflowId)).toEqual(['a', 'c', 'e'])
  expect(plan.leaves.map(({ words, runs }) => [words, runs.length])).toEqual([['Awaits no decision yet (Training).', 2]])
  expect(plan.standings.map(({ words, runs }) => [words, runs.length])).toEqual([
    ['0 of 2 approvals; after yours 1 more is needed.', 1],
    ['1 of 2 approvals; yours would be the last.', 1],
  ])
})

const candidateOf = (workflowId: string, change: Partial<Candidate> = {}): Candidate => ({
  ...{ workflowId, modelId: null, task: 'regression', target: 'rings', checks: [], data: null },
  ...change,
})
const production: ProductionModel = {
  ...{ modelId: 'm', fileName: 'abalone.csv', task: 'regression', target: 'rings', since: '2025-11-23T09:00:00.000Z' },
  metrics: { mae: 1.5, r2: 0.5 },
}

test('what got worse by any metric comes first, the most so on top, and has to be ticked by itself', () => {
  const figures: Record<string, RunSummary['metrics']> = {
    better: { mae: 1.4, r2: 0.6 },
    mixed: { mae: 1.4, r2: 0.4 },
    worst: { mae: 3, r2: 0.5 },
    none: null,
    other: { mae: 1, r2: 0.9 },
  }
  const runs = Object.entries(figures).map(([id, metrics]) => runOf(id, 0, { metrics }))
  const candidates = new Map(runs.map(({ workflowId }) => [workflowId, candidateOf(workflowId)]))
  candidates.set('other', candidateOf('other', { target: 'weight' }))
  const rows = judged(runs, { candidates, production, problem: null })
  expect(rows.map(({ run, comparison }) => [run.workflowId, comparison.kind, needsTick(comparison)])).toEqual([
    ['worst', 'worse', true],
    ['mixed', 'worse', true],
    ['none', 'unknown', true],
    ['other', 'unlike', true],
    ['better', 'better', false],
  ])
})

test('a first model has nothing beside it; what production serves may be unknown, and then nothing goes by itself', () => {
  const run = runOf('a', 0, { metrics: { mae: 1 } })
  const candidates = new Map([['a', candidateOf('a')]])
  const first = comparisonOf(run, { candidates, production: null, problem: null })
  expect([first.kind, needsTick(first)]).toEqual(['first', false])
  const unknown = comparisonOf(run, { candidates, production: null, problem: 'Postgres is away.' })
  expect([unknown, needsTick(unknown)]).toEqual([{ kind: 'unknown', why: 'Postgres is away.' }, true])
})
