import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decide, queryStatus, runResult } from './operations.ts'
import { createTestBench, quickRetries, type TestBench } from './testing/bench.ts'

let bench: TestBench
beforeAll(async () => {
  bench = await createTestBench()
})
afterAll(() => bench?.close())

const approval = (workflowId: string) => ({
  workflowId,
  decisionId: `decision-of-${workflowId}`,
  decision: 'approve' as const,
  reason: 'Better.',
  operator: 'ana',
})
/** One attempt only, so that the loss of a worker cannot hide behind a retry. */
const oneAttempt = { ...quickRetries, train_model: { ...quickRetries.train_model, maximumAttempts: 1 } }
const training = (workflowId: string) =>
  bench.until(({ kind, event }) => kind === 'progress' && event.workflowId === workflowId && event.step === 'train_model')

test('a worker that stops in the middle of a training gives it back, and the next worker brings the run to its end', async () => {
  const workflowId = await bench.start('good', { retries: oneAttempt, demo_trainer: { min_seconds: 3, max_seconds: 3 } })
  await training(workflowId)
  await bench.worker.stop()
  expect(bench.told).toContainEqual(
    expect.objectContaining({
      kind: 'attemptEnded',
      event: expect.objectContaining({
        workflowId,
        step: 'train_model',
        failure: expect.objectContaining({ type: 'WorkerShutdown' }),
      }),
    }),
  )

  const second = await bench.startWorker()
  await bench.reaches(workflowId, 'AwaitingApproval')
  await second.stop()

  // The click waits for a worker; the run goes on from where it stood.
  const click = decide(bench.client, approval(workflowId))
  await bench.startWorker()
  expect(await click).toMatchObject({ state: 'delivered' })
  expect(await runResult(bench.client, workflowId)).toMatchObject({ status: 'completed', prod_approved: true })
  expect(bench.done(workflowId)).toEqual([
    'log',
    'deploy dev',
    'deployment dev',
    'decision approve',
    'deploy prod',
    'deployment prod',
  ])
})

test('a worker killed in the middle of a training is missed within seconds, and the run does not fail for it', async () => {
  const other = await createTestBench()
  await other.worker.stop()
  const script = fileURLToPath(new URL('./testing/workerProcess.ts', import.meta.url))
  const child = spawn(process.execPath, [script, other.server.address, other.workflowBundle], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await once(child.stdout, 'data')
    const workflowId = await other.start('good', { retries: oneAttempt, demo_trainer: { min_seconds: 3, max_seconds: 3 } })
    const { workflowService } = other.client
    for (let pending: unknown[] = []; pending.length === 0; ) {
      const described = await workflowService.describeWorkflowExecution({ namespace: 'default', execution: { workflowId } })
      pending = (described.pendingActivities ?? []).filter((a) => a.activityId === 'train_model' && a.lastHeartbeatTime)
    }
    const dead = once(child, 'exit')
    child.kill('SIGKILL')
    await dead

    await other.startWorker()
    await other.reaches(workflowId, 'AwaitingApproval')
    expect(await queryStatus(other.client, workflowId)).toMatchObject({ awaiting_approval: true, failure_reason: null })
  } finally {
    child.kill('SIGKILL')
    await other.close()
  }
})

test('a worker that a drill kills in the middle of a step loses that attempt, and the next worker makes the second one', async () => {
  const other = await createTestBench()
  await other.worker.stop()
  const script = fileURLToPath(new URL('./testing/workerProcess.ts', import.meta.url))
  const child = spawn(process.execPath, [script, other.server.address, other.workflowBundle, 'train_model'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await once(child.stdout, 'data')
    const dead = once(child, 'exit')
    const workflowId = await other.start('good', { demo_trainer: { min_seconds: 3, max_seconds: 3 } })
    expect(await dead).toEqual([null, 'SIGKILL'])

    await other.startWorker()
    await other.reaches(workflowId, 'AwaitingApproval')
    expect(
      other.told.flatMap(({ kind, event }) =>
        kind === 'attemptStarted' && event.workflowId === workflowId ? [`${event.step} ${event.attempt}`] : [],
      ),
    ).toEqual(['train_model 2', 'log_experiment 1', 'assess_model_quality 1', 'deploy_dev 1'])
    const { events } = await other.client.workflow.getHandle(workflowId).fetchHistory()
    const lost = (events ?? []).find(({ activityTaskStartedEventAttributes: started }) => started?.attempt === 2)
    expect(lost?.activityTaskStartedEventAttributes?.lastFailure?.timeoutFailureInfo).toBeTruthy()
  } finally {
    child.kill('SIGKILL')
    await other.close()
  }
})
