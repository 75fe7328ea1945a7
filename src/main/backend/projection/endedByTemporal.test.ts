/** A run that Temporal itself ends on a real server, as its history has grown beyond the limit, and one that a client ends. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cancelRun } from '../../../temporal/operations.ts'
import { createTestBench, type TestBench } from '../../../temporal/testing/bench.ts'
import { openLedger } from '../ledger/openLedger.ts'
import { silentLog } from '../log.ts'
import { createProjection } from './createProjection.ts'
import { refreshRun } from './createReconciler.ts'
import { createSealer } from './sealer.ts'

/** Temporal's limit is 50 MB, and a signal holds 2 MB at most. */
const overTheLimit = 27
const value = 'x'.repeat(1_950_000)

let bench: TestBench
beforeAll(async () => {
  bench = await createTestBench()
})
afterAll(() => bench?.close())

async function seen(workflowId: string) {
  const { runId } = await bench.client.workflow.getHandle(workflowId).describe()
  const projection = createProjection({
    ledger: openLedger(':memory:'),
    sealer: createSealer(Buffer.alloc(32, 7)),
    ...{ emit: () => {}, onTransition: () => undefined, onAttemptFailed: () => undefined, log: silentLog },
  })
  const run = { workflowId, runId, path: '/data/large.csv', fileName: 'large.csv', submittedBy: 'ada' }
  projection.adopt({ ...run, startedAt: new Date().toISOString() })
  await refreshRun(bench.client, projection, workflowId)
  return projection.get(workflowId)
}

test('it has failed, and says that Temporal ended it and why', async () => {
  const workflowId = await bench.start('large.csv')
  await bench.reaches(workflowId, 'AwaitingApproval')
  const handle = bench.client.workflow.getHandle(workflowId)
  for (let signal = 0; signal < overTheLimit; signal++) await handle.signal('note', value).catch(() => undefined)
  await handle.result().catch(() => undefined)
  expect(await seen(workflowId)).toMatchObject({
    stage: 'Failed',
    problem: expect.stringMatching(/^Temporal ended this run by itself: .*size exceeds limit\. What it had done is kept\./),
  })
}, 120_000)

test('what a client terminates is cancelled, and says who did it and why', async () => {
  const workflowId = await bench.start('terminated.csv')
  await bench.reaches(workflowId, 'AwaitingApproval')
  await bench.client.workflow.getHandle(workflowId).terminate('not wanted after all')
  expect(await seen(workflowId)).toMatchObject({ stage: 'Cancelled', problem: 'tests terminated it: not wanted after all' })
})

test('a run that was asked to cancel says who asked and why', async () => {
  const workflowId = await bench.start('cancelled.csv')
  await bench.reaches(workflowId, 'AwaitingApproval')
  await cancelRun(bench.client, workflowId, { by: 'grace@here', reason: 'the wrong file' })
  await bench.client.workflow
    .getHandle(workflowId)
    .result()
    .catch(() => undefined)
  expect(await seen(workflowId)).toMatchObject({ stage: 'Cancelled', problem: 'grace@here asked for it: the wrong file' })
})
