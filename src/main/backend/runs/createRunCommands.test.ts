/** What an operator asks of the host, on a real Temporal server, with the host's own picture of the runs. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CallFailed } from '../../../contract/errors.ts'
import { DatabaseProblem } from '../../../temporal/activities/deps.ts'
import { createTestBench, type TestBench } from '../../../temporal/testing/bench.ts'
import { createHistorySearch } from '../history/createHistorySearch.ts'
import { openLedger } from '../ledger/openLedger.ts'
import { silentLog } from '../log.ts'
import { createProjection } from '../projection/createProjection.ts'
import { refreshRun } from '../projection/createReconciler.ts'
import { createSealer } from '../projection/sealer.ts'
import { createRunCommands } from './createRunCommands.ts'
import { createRunReader } from './createRunReader.ts'

const ledger = openLedger(':memory:')
const projection = createProjection({
  ledger,
  sealer: createSealer(Buffer.alloc(32, 7)),
  emit: () => {},
  onTransition: () => {},
  onAttemptFailed: () => {},
  log: silentLog,
})
const commands = createRunCommands({
  ledger,
  projection,
  connected: () => bench.client,
  operator: () => 'ana@desk-1',
  refresh: () => {},
})
let bench: TestBench
beforeAll(async () => {
  bench = await createTestBench({ listener: projection.observer })
})
afterAll(async () => {
  await bench?.close()
  projection.close()
  ledger.close()
})

const reader = () =>
  createRunReader({
    searcher: createHistorySearch(),
    projection,
    client: () => bench.client,
    namespace: () => 'default',
    endpointAddress: () => null,
    temporalUiUrl: () => null,
    askedToReset: () => 'ana@desk-1',
  })
const conflictOf = (asked: Promise<unknown>) =>
  asked.then(
    () => null,
    (error: CallFailed) => error.error,
  )
async function known(workflowId: string) {
  const { runId, startTime } = await bench.client.workflow.getHandle(workflowId).describe()
  const startedAt = startTime.toISOString()
  projection.adopt({ workflowId, runId, fileName: 'a.csv', path: '/inbox/a.csv', startedAt, submittedBy: 'ana' })
}

test('a wrong password fails a run; once it is corrected, "Retry from this step" finishes the same run, with its failure kept', async () => {
  const workflowId = await bench.start('password')
  await known(workflowId)
  bench.interfere(workflowId, {
    log: () => {
      throw new DatabaseProblem('configuration', 'The password for gatehouse was refused.', '28P01')
    },
  })
  await bench.reaches(workflowId, 'Failed')
  const failedRun = projection.get(workflowId)?.runId
  const firstStart = projection.get(workflowId)?.startedAt

  bench.interfere(workflowId, {})
  const requestId = randomUUID()
  const again = { workflowId, step: 'log_experiment', action: 'restart', reason: 'Password corrected.', requestId } as const
  // A double click is one restart.
  await Promise.all([commands.actOnStep(again), commands.actOnStep(again)])
  await bench.reaches(workflowId, 'AwaitingApproval')
  // The search attribute that a refresh reads follows the workflow's own word by a moment.
  do await refreshRun(bench.client, projection, workflowId)
  while (projection.get(workflowId)?.stage !== 'AwaitingApproval')
  const detail = await reader().detail(workflowId)
  expect(detail).toMatchObject({ stage: 'AwaitingApproval', endedAt: null, problem: null })
  expect(detail.runId).not.toBe(failedRun)
  // It is one run to its operator: its time goes on from the first start, and it says where it was sent back.
  expect(detail.startedAt).toBe(firstStart)
  expect(detail.resets).toMatchObject([{ by: 'ana@desk-1', reason: 'Password corrected.', fromRunId: failedRun }])
  expect(detail.steps.find(({ step }) => step === 'log_experiment')?.eventIds).toHaveLength(3)
  expect(detail.steps.find(({ step }) => step === 'log_experiment')?.attempts).toMatchObject([
    { attempt: 1, outcome: 'failed', failure: { message: expect.stringContaining('was refused') } },
    { attempt: 2, outcome: 'completed' },
  ])
  expect(bench.done(workflowId)).toEqual(['log', 'deploy dev', 'deployment dev'])

  // So is a retry after the answer was lost: the run has ended, and it is told as done, not as refused.
  const end = { workflowId, reason: 'The test is over.', requestId: randomUUID() }
  await commands.terminate(end)
  await refreshRun(bench.client, projection, workflowId)
  expect(projection.get(workflowId)).toMatchObject({ stage: 'Cancelled' })
  await commands.terminate(end)
  expect(await conflictOf(commands.terminate({ ...end, requestId: randomUUID() }))).toMatchObject({ kind: 'conflict' })
})

test('what cannot be done is refused in words, and nothing is changed', async () => {
  expect(
    await conflictOf(commands.terminate({ workflowId: 'mlops-0-none', reason: 'x', requestId: randomUUID() })),
  ).toMatchObject({ kind: 'notFound' })
  const workflowId = await bench.start('refusals')
  await known(workflowId)
  await bench.reaches(workflowId, 'AwaitingApproval')
  const act = (step: 'deploy_prod' | 'train_model', action: 'restart' | 'pause' | 'retryNow') =>
    conflictOf(commands.actOnStep({ workflowId, step, action, reason: 'x', requestId: randomUUID() }))
  expect(await act('deploy_prod', 'restart')).toMatchObject({ message: expect.stringContaining('has not come to that step') })
  expect(await act('train_model', 'pause')).toMatchObject({ message: expect.stringContaining('not under way any more') })
  expect(await act('train_model', 'retryNow')).toMatchObject({
    message: expect.stringContaining('does not wait for another try'),
  })
  projection.update(workflowId, { paused: { at: null, by: 'ben', reason: null } })
  expect(await act('train_model', 'retryNow')).toMatchObject({ message: expect.stringContaining('ben has paused this step') })
  await commands.cancel({ workflowId, reason: 'The test is over.', requestId: randomUUID() })
  await bench.reaches(workflowId, 'Cancelled')
  expect(await act('train_model', 'pause')).toMatchObject({ message: expect.stringContaining('has ended already') })
})

test('of a run that was deleted in Temporal nothing is asked in vain: each answer says that it is gone', async () => {
  const workflowId = await bench.start('deleted')
  await known(workflowId)
  await bench.reaches(workflowId, 'AwaitingApproval')
  const { namespace } = bench.client.options
  await bench.client.workflowService.deleteWorkflowExecution({ namespace, workflowExecution: { workflowId } })
  // Temporal deletes in the background.
  await expect
    .poll(() =>
      bench.client.workflow
        .getHandle(workflowId)
        .describe()
        .catch(({ name }) => name),
    )
    .toBe('WorkflowNotFoundError')
  const restart = { workflowId, step: 'train_model', action: 'restart', reason: 'x', requestId: randomUUID() } as const
  expect(await conflictOf(commands.actOnStep(restart))).toMatchObject({
    kind: 'conflict',
    message: 'Temporal no longer has this run, so it cannot go on.',
  })
  const { detail, history, payloads, runPayloads } = reader()
  const unread = { kind: 'notFound', message: expect.stringContaining('holds no history of this run any more') }
  expect(await conflictOf(history({ workflowId, older: null, limit: 10 }))).toMatchObject(unread)
  expect(await conflictOf(payloads(workflowId, 'train_model'))).toMatchObject(unread)
  expect(await conflictOf(runPayloads(workflowId))).toMatchObject(unread)
  expect(await detail(workflowId)).toMatchObject({
    stage: 'AwaitingApproval',
    incomplete: expect.stringContaining('holds no history'),
  })
})
