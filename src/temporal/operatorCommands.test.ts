/** What an operator does to a run, on a real server. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DatabaseProblem } from './activities/deps.ts'
import { approveSignalName } from './names.ts'
import { decide, queryStatus, retryNow, runResult } from './operations.ts'
import { CommandRefused, pauseStep, resetRun, resumeStep, terminateRun } from './operatorCommands.ts'
import { createTestBench, quickRetries, type TestBench } from './testing/bench.ts'

let bench: TestBench
beforeAll(async () => {
  bench = await createTestBench()
})
afterAll(() => bench?.close())

const order = { by: 'ana@desk-1', reason: 'Because of the test.' }
const runOf = async (workflowId: string) => {
  const { runId } = await bench.client.workflow.getHandle(workflowId).describe()
  return { workflowId, runId }
}
const atTheGate = (workflowId: string) =>
  until(
    () => queryStatus(bench.client, workflowId),
    ({ stage }) => stage === 'AwaitingApproval',
  )
const trainingsOf = async (workflowId: string) =>
  bench.told.filter(
    ({ kind, event }) => kind === 'attemptStarted' && event.workflowId === workflowId && event.step === 'train_model',
  ).length
const pendingOf = async (workflowId: string) =>
  (await bench.client.workflow.getHandle(workflowId).describe()).raw.pendingActivities?.[0]
const until = async <T>(look: () => Promise<T>, fits: (value: T) => boolean): Promise<T> => {
  for (;;) {
    const value = await look()
    if (fits(value)) return value
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
const beginningOf = async (run: { workflowId: string; runId: string }, activityId: string) => {
  const { events } = await bench.client.workflow.getHandle(run.workflowId, run.runId).fetchHistory()
  const scheduled = events?.find((event) => event.activityTaskScheduledEventAttributes?.activityId === activityId)
  return scheduled?.activityTaskScheduledEventAttributes?.workflowTaskCompletedEventId as never
}
/** Long waits, so that only the operator makes a step go on. */
const patient = {
  ...quickRetries,
  log_experiment: { maximumAttempts: 0, initialIntervalSeconds: 3600, backoffCoefficient: 1, maximumIntervalSeconds: 3600 },
}
const databaseIsAway = () => {
  throw new DatabaseProblem('weather', 'connection refused', null)
}
const passwordIsWrong = () => {
  throw new DatabaseProblem('configuration', 'password refused', '28P01')
}

describe('an operator', () => {
  test('pauses a step that waits for its next try; it is tried only when resumed', async () => {
    const workflowId = await bench.start('paused', { retries: patient })
    bench.interfere(workflowId, { log: databaseIsAway })
    await until(
      () => pendingOf(workflowId),
      (pending) => (pending?.attempt ?? 0) > 1,
    )
    const run = await runOf(workflowId)

    await pauseStep(bench.client, run, 'log_experiment', order)
    const paused = await until(
      () => pendingOf(workflowId),
      (pending) => pending?.paused === true,
    )
    expect(paused?.pauseInfo?.manual).toMatchObject({ identity: 'ana@desk-1', reason: 'Because of the test.' })

    bench.interfere(workflowId, {})
    // As the host does for every step that waits when Postgres is back.
    await retryNow(bench.client, { ...run, activityId: 'log_experiment' })
    expect(await pendingOf(workflowId)).toMatchObject({ activityId: 'log_experiment', paused: true })
    await resumeStep(bench.client, run, 'log_experiment', order)
    await bench.reaches(workflowId, 'AwaitingApproval')
    await terminateRun(bench.client, run, order)
  })

  test('pauses a step in the middle of an attempt: it is stopped, and made again when resumed', async () => {
    const workflowId = await bench.start('paused-training', { demo_trainer: { min_seconds: 600, max_seconds: 600 } })
    await bench.until(({ kind, event }) => kind === 'progress' && event.workflowId === workflowId && event.step === 'train_model')
    const run = await runOf(workflowId)
    await pauseStep(bench.client, run, 'train_model', order)
    const ended = await bench.until(
      ({ kind, event }) => kind === 'attemptEnded' && event.workflowId === workflowId && event.step === 'train_model',
    )
    expect(ended.event).toMatchObject({ attempt: 1, outcome: 'cancelled' })
    await until(
      () => pendingOf(workflowId),
      (pending) => pending?.paused === true && pending.attempt === 2,
    )
    await resumeStep(bench.client, run, 'train_model', order)
    await bench.until(({ kind, event }) => kind === 'attemptStarted' && event.workflowId === workflowId && event.attempt === 2)
    await terminateRun(bench.client, run, order)
    await expect(terminateRun(bench.client, run, order)).rejects.toThrow(CommandRefused)
  })

  test('corrects what was wrong and has the failed run go on from the step that failed', async () => {
    const workflowId = await bench.start('wrong-password')
    bench.interfere(workflowId, { log: passwordIsWrong })
    await bench.reaches(workflowId, 'Failed')
    const failed = await runOf(workflowId)
    const before = await beginningOf(failed, 'log_experiment')

    bench.interfere(workflowId, {})
    const runId = await resetRun(bench.client, failed, { workflowTaskEventId: before, requestId: randomUUID(), ...order })
    await atTheGate(workflowId)
    expect((await runOf(workflowId)).runId).toBe(runId)
    expect(await trainingsOf(workflowId)).toBe(1)
    expect(bench.done(workflowId)).toEqual(['log', 'deploy dev', 'deployment dev'])
  })

  test('goes back to before a decision: it does not count any more, and somebody has to decide again', async () => {
    const workflowId = await bench.start('decided')
    await bench.reaches(workflowId, 'AwaitingApproval')
    // Whoever may send it: the bare signal too must not approve what comes after the reset.
    await bench.client.workflow.getHandle(workflowId).signal(approveSignalName)
    await runResult(bench.client, workflowId)
    const approved = await runOf(workflowId)

    const event = await beginningOf(approved, 'deploy_dev')
    await resetRun(bench.client, approved, { workflowTaskEventId: event, requestId: randomUUID(), ...order })
    await atTheGate(workflowId)
    const status = await queryStatus(bench.client, workflowId)
    expect(status).toMatchObject({ stage: 'AwaitingApproval', decision: null, prod_approved: false })
    await decide(bench.client, { workflowId, decisionId: randomUUID(), decision: 'reject', reason: 'No.', operator: 'ana' })
    expect(await runResult(bench.client, workflowId)).toMatchObject({ status: 'rejected' })
    expect(bench.done(workflowId).filter((deed) => deed === 'deploy prod')).toHaveLength(1)
  })
})
