import { randomUUID } from 'node:crypto'
import { WorkflowFailedError } from '@temporalio/client'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { defaultPipelines, type Pipeline } from '../contract/pipelines.ts'
import { CsvProblem, DatabaseProblem } from './activities/deps.ts'
import { listRuns } from './executions.ts'
import { approveSignalName, statusQueryName, taskQueue, workflowType } from './names.ts'
import { cancelRun, decide, queryStatus, retryNow, runResult, startRun } from './operations.ts'
import { createTestBench, inputFor, quickRetries, type TestBench } from './testing/bench.ts'
import type { DecisionInput } from './types.ts'

let bench: TestBench
beforeAll(async () => {
  bench = await createTestBench()
})
afterAll(() => bench?.close())

const decision = (over: Partial<DecisionInput> = {}): DecisionInput => ({
  decisionId: randomUUID(),
  decision: 'approve',
  reason: 'Better than the one in production.',
  operator: 'ana',
  ...over,
})
const decideFor = (workflowId: string, over: Partial<DecisionInput> = {}) =>
  decide(bench.client, { workflowId, ...decision(over) })
const atTheGate = async (name: string) => {
  const workflowId = await bench.start(name)
  await bench.reaches(workflowId, 'AwaitingApproval')
  return workflowId
}
const failureOf = async (workflowId: string) => {
  const error = await runResult(bench.client, workflowId).catch((e) => e)
  expect(error).toBeInstanceOf(WorkflowFailedError)
  return (error as WorkflowFailedError).cause
}
const stagesOf = (workflowId: string) =>
  bench.told.flatMap(({ kind, event }) => (kind === 'stageChanged' && event.workflowId === workflowId ? [event.stage] : []))
const attemptsOf = (workflowId: string, step: string) =>
  bench.told.flatMap(({ kind, event }) =>
    kind === 'attemptEnded' && event.workflowId === workflowId && event.step === step
      ? [{ attempt: event.attempt, outcome: event.outcome, type: event.failure?.type }]
      : [],
  )
const until = async <T>(look: () => Promise<T>, fits: (value: T) => boolean): Promise<T> => {
  for (;;) {
    const value = await look()
    if (fits(value)) return value
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe('to production', () => {
  test('a good file goes through every stage, waits, and is deployed when an operator approves', async () => {
    const workflowId = await atTheGate('good')
    const waiting = await queryStatus(bench.client, workflowId)
    expect(waiting).toMatchObject({
      current_step: 'awaiting_prod_approval',
      completed_steps: ['data_preprocessing', 'model_training', 'experiment_tracking', 'quality_assessment', 'dev_deployment'],
      workflow_id: workflowId,
      awaiting_approval: true,
      prod_approved: false,
      quality_gate_failed: false,
      deployment_status: { dev: 'deployed', prod: 'awaiting_approval' },
      failure_reason: null,
      stage: 'AwaitingApproval',
      decision: null,
      notes: [],
    })
    expect(waiting.quality_metrics?.accuracy).toBeGreaterThan(0.85)
    expect(waiting.gate_checks.map((c) => [c.metric, c.passed])).toEqual([
      ['accuracy', true],
      ['mae', true],
      ['r2', true],
    ])
    expect(Date.parse(waiting.approval_deadline ?? '') - Date.now()).toBeGreaterThan(500_000)

    const delivery = await decideFor(workflowId, { reason: ' Better. ', host: 'desk-1' })
    expect(delivery).toMatchObject({
      state: 'delivered',
      record: { decision: 'approve', reason: 'Better.', operator: 'ana', host: 'desk-1', via: 'update' },
    })
    const result = await runResult(bench.client, workflowId)
    expect(result).toMatchObject({
      status: 'completed',
      stage: 'Completed',
      current_step: 'completed',
      prod_approved: true,
      awaiting_approval: false,
      deployment_status: { dev: 'deployed', prod: 'deployed' },
      decision: { operator: 'ana' },
    })
    expect(bench.done(workflowId)).toEqual([
      'log',
      'deploy dev',
      'deployment dev',
      'decision approve',
      'deploy prod',
      'deployment prod',
    ])
    expect(new Set(stagesOf(workflowId))).toEqual(
      new Set([
        'Preprocessing',
        'Training',
        'LoggingExperiment',
        'AssessingQuality',
        'DeployingDev',
        'AwaitingApproval',
        'DeployingProd',
        'Completed',
      ]),
    )
    expect(await queryStatus(bench.client, workflowId)).toMatchObject({ stage: 'Completed' })
  })

  test('every step has its own name as activity id, in history and in what the observer is told', async () => {
    const workflowId = await atTheGate('good')
    await decideFor(workflowId)
    await runResult(bench.client, workflowId)
    const { events } = await bench.client.workflow.getHandle(workflowId).fetchHistory()
    const scheduled = events?.flatMap(({ activityTaskScheduledEventAttributes: a }) =>
      a ? [`${a.activityId}: ${a.activityType?.name}`] : [],
    )
    expect(scheduled).toEqual([
      'preprocess_data: preprocess_data',
      'train_model: train_model_mock',
      'log_experiment: log_experiment',
      'assess_model_quality: assess_model_quality',
      'deploy_dev: deploy_to_environment',
      'record_decision: record_decision',
      'deploy_prod: deploy_to_environment',
    ])
    for (const step of ['preprocess_data', 'train_model', 'deploy_prod']) {
      expect(attemptsOf(workflowId, step)).toEqual([{ attempt: 1, outcome: 'completed', type: undefined }])
    }
    expect(bench.told).toContainEqual(
      expect.objectContaining({
        kind: 'attemptStarted',
        event: expect.objectContaining({ workflowId, step: 'train_model', worker: bench.worker.identity }),
      }),
    )
    expect(bench.told.some(({ kind, event }) => kind === 'progress' && event.workflowId === workflowId)).toBe(true)
  })

  test('the bare signal of any Temporal client approves, without a name', async () => {
    const workflowId = await atTheGate('neutral')
    await bench.client.workflow.getHandle(workflowId).signal(approveSignalName)
    const result = await runResult(bench.client, workflowId)
    expect(result).toMatchObject({
      status: 'completed',
      decision: { decision: 'approve', operator: null, host: null, via: 'signal' },
    })
    expect(bench.done(workflowId)).toContain('deploy prod')
  })

  test('the stage is a search attribute from the start on, so that what awaits approval can be listed', async () => {
    const workflowId = await atTheGate('good')
    const listed = await until(
      async () => {
        const found = []
        for await (const run of listRuns(bench.client, `ExecutionStatus='Running' AND GatehouseStage='AwaitingApproval'`)) {
          found.push(run)
        }
        return found.find((run) => run.workflowId === workflowId)
      },
      (run) => run !== undefined,
    )
    expect(listed).toMatchObject({ stage: 'AwaitingApproval', status: 'RUNNING', closedAt: null })
    await decideFor(workflowId, { decision: 'reject' })
  })
})

describe('other ends', () => {
  test('a rejected model stays out of production, and the rejection is recorded first', async () => {
    const workflowId = await atTheGate('good')
    await decideFor(workflowId, { decision: 'reject', reason: 'Wrong quarter.' })
    expect(await runResult(bench.client, workflowId)).toMatchObject({
      status: 'rejected',
      stage: 'Rejected',
      current_step: 'awaiting_prod_approval',
      prod_approved: false,
      deployment_status: { dev: 'deployed', prod: 'rejected' },
      decision: { decision: 'reject', reason: 'Wrong quarter.' },
    })
    expect(bench.done(workflowId)).toEqual(['log', 'deploy dev', 'deployment dev', 'decision reject'])
  })

  test('a missed approval ends as timed out, never as approved', async () => {
    const workflowId = await bench.start('good', { approval_timeout_seconds: 0.5 })
    expect(await runResult(bench.client, workflowId)).toMatchObject({
      status: 'timed_out',
      stage: 'TimedOut',
      prod_approved: false,
      deployment_status: { dev: 'deployed', prod: 'timed_out' },
      decision: { decision: 'timeout', via: 'timer', operator: null, reason: 'Nobody decided within 0.5 seconds.' },
    })
    expect(bench.done(workflowId)).toEqual(['log', 'deploy dev', 'deployment dev', 'decision timeout'])
    expect(await decideFor(workflowId)).toMatchObject({ state: 'refused' })
  })

  test('a bad model is deployed nowhere; that is an end of the run, not a failure', async () => {
    const workflowId = await bench.start('bad')
    const result = await runResult(bench.client, workflowId)
    expect(result).toMatchObject({
      status: 'gate_failed',
      stage: 'GateFailed',
      current_step: 'quality_assessment',
      quality_gate_failed: true,
      awaiting_approval: false,
      deployment_status: { dev: 'pending' },
    })
    expect(result.failure_reason).toMatch(/^The quality gate failed: accuracy 0\.\d+ is below 0\.8; MAE .+ R² .+\.$/)
    expect(bench.done(workflowId)).toEqual(['log'])
  })

  test('a borderline model passes the gate and ends after dev: nobody is asked', async () => {
    const workflowId = await bench.start('borderline')
    const result = await runResult(bench.client, workflowId)
    expect(result).toMatchObject({ status: 'completed', stage: 'Completed', deployment_status: { dev: 'deployed' } })
    expect(result.notes).toEqual([expect.stringMatching(/^Production was not asked for: accuracy 0\.8\d+ is not above 0\.85\.$/)])
    expect(bench.done(workflowId)).toEqual(['log', 'deploy dev', 'deployment dev'])
  })

  test('cancelled in training: the step stops, the stage says so, and the workflow ends as cancelled', async () => {
    const workflowId = await bench.start('good', { demo_trainer: { min_seconds: 600, max_seconds: 600 } })
    await bench.until(({ kind, event }) => kind === 'progress' && event.workflowId === workflowId && event.step === 'train_model')
    expect(await cancelRun(bench.client, workflowId, { by: 'ada', reason: 'Wrong file.' })).toBe(true)
    expect(await failureOf(workflowId)).toBeInstanceOf(CancelledFailure)
    expect(await queryStatus(bench.client, workflowId)).toMatchObject({
      stage: 'Cancelled',
      current_step: 'model_training',
      failure_reason: 'The run was cancelled.',
    })
    expect((await bench.client.workflow.getHandle(workflowId).describe()).status.name).toBe('CANCELLED')
    await bench.until(
      ({ kind, event }) => kind === 'attemptEnded' && event.workflowId === workflowId && event.step === 'train_model',
    )
    expect(attemptsOf(workflowId, 'train_model')).toEqual([{ attempt: 1, outcome: 'cancelled', type: undefined }])
    expect(await cancelRun(bench.client, workflowId, { by: 'ada', reason: 'Again.' })).toBe(true) // an ended run stays as it is
    expect(await cancelRun(bench.client, 'mlops-never-was', { by: 'ada', reason: 'Again.' })).toBe(false)
  })

  test('cancelled at the gate: a decision that comes later is refused', async () => {
    const workflowId = await atTheGate('good')
    await cancelRun(bench.client, workflowId, { by: 'ada', reason: 'Not needed any more.' })
    expect(await failureOf(workflowId)).toBeInstanceOf(CancelledFailure)
    expect(await queryStatus(bench.client, workflowId)).toMatchObject({ stage: 'Cancelled', awaiting_approval: false })
    expect(await decideFor(workflowId)).toMatchObject({ state: 'refused', message: expect.stringContaining('has ended') })
    expect(bench.done(workflowId)).toEqual(['log', 'deploy dev', 'deployment dev'])
  })

  test.each([
    ['approve', 'Cancelled'],
    ['reject', 'Rejected'],
  ] as const)(
    'cancelled in the moment of a decision to %s: that goes on record, and production stays as it was',
    async (decision, stage) => {
      const workflowId = await atTheGate('good')
      let cancelled = false
      bench.interfere(workflowId, {
        async recordDecision() {
          if (cancelled) return
          await cancelRun(bench.client, workflowId, { by: 'ada', reason: 'Stop.' })
          // Answered by a workflow that has heard of the cancel.
          await queryStatus(bench.client, workflowId)
          cancelled = true
        },
      })
      expect(await decideFor(workflowId, { decision })).toMatchObject({ state: 'delivered' })
      await runResult(bench.client, workflowId).catch(() => null)
      expect(bench.done(workflowId)).toEqual(['log', 'deploy dev', 'deployment dev', `decision ${decision}`])
      expect(await queryStatus(bench.client, workflowId)).toMatchObject({
        stage,
        awaiting_approval: false,
        decision: { decision },
      })
    },
  )
})

describe('pipelines', () => {
  const standard = defaultPipelines.at(-1) as Pipeline

  test('a pipeline with a real trainer has its model trained, judged by its gate and sent to the operator', async () => {
    const workflowId = await bench.start('shells', { pipeline: standard })
    await bench.reaches(workflowId, 'AwaitingApproval')
    const waiting = await queryStatus(bench.client, workflowId)
    expect(waiting).toMatchObject({ pipeline: 'standard', quality_metrics: { mae: 1.5 }, profile: {}, report: {} })
    expect(waiting.model_id).toMatch(/^boosting-/)
    expect(waiting.gate_checks.map(({ kind, passed }) => [kind, passed])).toEqual([
      ['baseline', true],
      ['production', true],
      ['slice', true],
    ])
    const { events } = await bench.client.workflow.getHandle(workflowId).fetchHistory()
    const types = (events ?? []).map((event) => event.activityTaskScheduledEventAttributes?.activityType?.name)
    expect(types).toContain('train_model')
    expect(types).not.toContain('train_model_mock')
    await decideFor(workflowId)
  })

  test('a gate of its own refuses what the standard one would pass', async () => {
    const gate: Pipeline['gate'] = [{ kind: 'limit', metric: 'r2', limit: 0.9 }]
    const workflowId = await bench.start('shells', { pipeline: { ...standard, gate } })
    const result = await runResult(bench.client, workflowId)
    expect(result).toMatchObject({ status: 'gate_failed', failure_reason: 'The quality gate failed: R² 0.5 is below 0.9.' })
    expect(bench.done(workflowId)).toEqual(['log'])
  })

  test('production is asked for beyond a value only, where the pipeline says so', async () => {
    const askForProduction = { metric: 'mae', beyond: 1.2 } as const
    const workflowId = await bench.start('shells', { pipeline: { ...standard, askForProduction } })
    const result = await runResult(bench.client, workflowId)
    expect(result.notes).toContain('Production was not asked for: MAE 1.5 is not below 1.2.')
  })
})

describe('failures', () => {
  test('what passes by itself is tried again, and every attempt is told', async () => {
    const workflowId = 'mlops-flaky-database'
    let failures = 0
    bench.interfere(workflowId, {
      log: () => {
        if (++failures <= 4) throw new DatabaseProblem('weather', 'The database is starting up.', '57P03')
      },
    })
    await startRun(bench.client, workflowId, inputFor(workflowId))
    await bench.reaches(workflowId, 'AwaitingApproval')
    expect(attemptsOf(workflowId, 'log_experiment')).toEqual([
      ...[1, 2, 3, 4].map((attempt) => ({ attempt, outcome: 'failed', type: 'DatabaseUnavailable' })),
      { attempt: 5, outcome: 'completed', type: undefined },
    ])
    await decideFor(workflowId, { decision: 'reject' })
  })

  test('after the last attempt the run is failed, and its reason is a plain sentence', async () => {
    const workflowId = 'mlops-broken-reader'
    bench.interfere(workflowId, {
      read: () => {
        throw new Error('GPU temporarily unavailable')
      },
    })
    await startRun(bench.client, workflowId, inputFor(workflowId))
    const cause = await failureOf(workflowId)
    expect(cause).toBeInstanceOf(ApplicationFailure)
    expect(cause?.message).toBe('Preprocessing failed after 3 attempts: GPU temporarily unavailable')
    expect(attemptsOf(workflowId, 'preprocess_data').map((a) => a.outcome)).toEqual(['failed', 'failed', 'failed'])
    expect(await queryStatus(bench.client, workflowId)).toMatchObject({
      stage: 'Failed',
      current_step: 'data_preprocessing',
      failure_reason: 'Preprocessing failed after 3 attempts: GPU temporarily unavailable',
    })
  })

  test('what no retry can mend fails at once', async () => {
    const csv = 'mlops-three-rows'
    bench.interfere(csv, {
      read: () => {
        throw new CsvProblem('tooFewRows', 'The file has 3 rows; 25 are needed.')
      },
    })
    const database = 'mlops-wrong-password'
    bench.interfere(database, {
      log: () => {
        throw new DatabaseProblem('configuration', 'The password was refused.', '28P01')
      },
    })
    const trainer = await bench.start('good', { demo_trainer: { min_seconds: 9, max_seconds: 1 } })
    await startRun(bench.client, csv, inputFor(csv))
    await startRun(bench.client, database, inputFor(database))

    expect(await failureOf(csv)).toMatchObject({
      type: 'TooFewRows',
      message: 'Preprocessing failed: The file has 3 rows; 25 are needed.',
    })
    expect(attemptsOf(csv, 'preprocess_data')).toEqual([{ attempt: 1, outcome: 'failed', type: 'TooFewRows' }])
    expect(await failureOf(database)).toMatchObject({
      type: 'DatabaseConfiguration',
      message: 'Logging the experiment failed: The password was refused.',
    })
    expect(attemptsOf(database, 'log_experiment')).toHaveLength(1)
    expect(await failureOf(trainer)).toMatchObject({ type: 'BadTrainerConfiguration' })
    expect(attemptsOf(trainer, 'train_model')).toHaveLength(1)
  })

  test('a step that waits for its next attempt makes it at once when told to', async () => {
    const workflowId = 'mlops-retry-now'
    let away = true
    bench.interfere(workflowId, {
      log: () => {
        if (away) throw new DatabaseProblem('weather', 'The database is away.', null)
      },
    })
    const slow = { ...quickRetries.log_experiment, initialIntervalSeconds: 3600, maximumIntervalSeconds: 3600 }
    const input = inputFor(workflowId, { retries: { ...quickRetries, log_experiment: slow } })
    const { runId } = await startRun(bench.client, workflowId, input)
    await bench.until(
      ({ kind, event }) => kind === 'attemptEnded' && event.workflowId === workflowId && event.step === 'log_experiment',
    )
    away = false
    await until(
      () => retryNow(bench.client, { workflowId, runId, activityId: 'log_experiment' }),
      () => stagesOf(workflowId).includes('AwaitingApproval'),
    )
    expect(await retryNow(bench.client, { workflowId, runId, activityId: 'log_experiment' })).toBe(false)
    await decideFor(workflowId, { decision: 'reject' })
  })

  test('a database that goes away after the switch does not fail a deployment that happened', async () => {
    const workflowId = 'mlops-away-after-switch'
    let away = true
    bench.interfere(workflowId, {
      recordDeployment: () => {
        if (!away) return
        away = false
        throw new DatabaseProblem('weather', 'The database is away.', null)
      },
    })
    await startRun(bench.client, workflowId, inputFor(workflowId))
    await bench.reaches(workflowId, 'AwaitingApproval')
    expect(bench.done(workflowId)).toEqual(['log', 'deploy dev', 'deployment dev'])
    expect(attemptsOf(workflowId, 'deploy_dev')).toEqual([{ attempt: 1, outcome: 'completed', type: undefined }])
    await decideFor(workflowId, { decision: 'reject' })
  })
})

describe('decisions', () => {
  test('without a reason, a name, an id or a known decision, it is refused and the gate stays open', async () => {
    const workflowId = await atTheGate('good')
    const refused = async (over: Record<string, unknown>) => {
      const delivery = await decide(bench.client, { workflowId, ...decision(), ...over } as never)
      return delivery.state === 'refused' ? delivery.message : 'delivered'
    }
    expect(await refused({ reason: '  ' })).toBe('A decision needs a reason.')
    expect(await refused({ reason: undefined })).toBe('A decision needs a reason.')
    expect(await refused({ operator: '' })).toBe('A decision needs the name of its operator.')
    expect(await refused({ decision: 'perhaps' })).toBe('A decision is either "approve" or "reject".')
    const handle = bench.client.workflow.getHandle(workflowId)
    await expect(handle.executeUpdate('decideProduction', { args: ['approve'] })).rejects.toMatchObject({
      cause: { message: 'A decision is an object: {decisionId, decision, reason, operator}.' },
    })
    expect(await queryStatus(bench.client, workflowId)).toMatchObject({ awaiting_approval: true, decision: null })
    await decideFor(workflowId, { decision: 'reject' })
  })

  test('before the gate is reached, updates are refused and signals ignored: nothing is approved unseen', async () => {
    const workflowId = 'mlops-early-bird'
    const reading = Promise.withResolvers<void>()
    bench.interfere(workflowId, { read: () => reading.promise })
    await startRun(bench.client, workflowId, inputFor(workflowId))
    await bench.client.workflow.getHandle(workflowId).signal(approveSignalName)
    expect(await decideFor(workflowId)).toEqual({
      state: 'refused',
      message: 'Nothing awaits a decision: this run has not reached its approval gate.',
    })
    reading.resolve()
    await bench.reaches(workflowId, 'AwaitingApproval')
    const status = await queryStatus(bench.client, workflowId)
    expect(status).toMatchObject({ awaiting_approval: true, prod_approved: false, decision: null })
    expect(status.notes).toEqual([expect.stringContaining('came before the approval gate was reached and was ignored')])
    await decideFor(workflowId, { decision: 'reject' })
  })

  test('the second of two operators loses and is told who won', async () => {
    const workflowId = await atTheGate('good')
    // The audit row waits, so that the run is still there for the second one.
    const recording = Promise.withResolvers<void>()
    bench.interfere(workflowId, { recordDecision: () => recording.promise })
    expect(await decideFor(workflowId, { decision: 'reject', operator: 'ana' })).toMatchObject({ state: 'delivered' })
    expect(await decideFor(workflowId, { operator: 'ben' })).toEqual({
      state: 'refused',
      message: expect.stringMatching(/^Already decided: rejected by ana at /),
    })
    await bench.client.workflow.getHandle(workflowId).signal(approveSignalName)
    expect((await queryStatus(bench.client, workflowId)).notes).toEqual([expect.stringContaining('rejected by ana')])
    recording.resolve()
    expect(await runResult(bench.client, workflowId)).toMatchObject({ status: 'rejected' })
  })

  test('many operators at once: exactly one wins', async () => {
    const workflowId = await atTheGate('good')
    const names = ['ana', 'ben', 'cem', 'dia', 'eli', 'fay']
    const deliveries = await Promise.all(
      names.map((operator, i) => decideFor(workflowId, { operator, decision: i % 2 ? 'approve' : 'reject' })),
    )
    const winners = deliveries.flatMap((d) => (d.state === 'delivered' ? [d.record] : []))
    expect(winners).toHaveLength(1)
    expect((await runResult(bench.client, workflowId)).decision).toEqual(winners[0])
  })

  test('a double click is one decision, and answers the same also after the run has ended', async () => {
    const workflowId = await atTheGate('good')
    const same = decision()
    const [first, second] = await Promise.all([
      decide(bench.client, { workflowId, ...same }),
      decide(bench.client, { workflowId, ...same }),
    ])
    expect(first).toMatchObject({ state: 'delivered' })
    expect(second).toEqual(first)
    await runResult(bench.client, workflowId)
    expect(await decide(bench.client, { workflowId, ...same })).toEqual(first)
    expect(bench.done(workflowId).filter((what) => what.startsWith('decision'))).toEqual(['decision approve'])
  })

  test('the same decision sent without an update id by another client is known by its own id', async () => {
    const workflowId = await atTheGate('good')
    const recording = Promise.withResolvers<void>()
    bench.interfere(workflowId, { recordDecision: () => recording.promise })
    const same = decision()
    const handle = bench.client.workflow.getHandle(workflowId)
    const first = await handle.executeUpdate('decideProduction', { args: [same] })
    expect(await handle.executeUpdate('decideProduction', { args: [same] })).toEqual(first)
    recording.resolve()
    await runResult(bench.client, workflowId)
  })

  test('click and timeout race, and what the run does is what the winner was told', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const workflowId = await bench.start('good', { approval_timeout_seconds: 0.3 })
        await bench.reaches(workflowId, 'AwaitingApproval')
        const { approval_deadline } = await queryStatus(bench.client, workflowId)
        await new Promise((resolve) => setTimeout(resolve, Date.parse(approval_deadline ?? '') - Date.now() - 5))
        return { delivery: await decideFor(workflowId), result: await runResult(bench.client, workflowId), workflowId }
      }),
    )
    for (const { delivery, result, workflowId } of outcomes) {
      const approved = delivery.state === 'delivered'
      expect(result.status).toBe(approved ? 'completed' : 'timed_out')
      expect(bench.done(workflowId).includes('deploy prod')).toBe(approved)
    }
  })
})

describe('inputs of other clients', () => {
  test('a file path alone is enough: the file is taken into the store, and the defaults apply', async () => {
    const handle = await bench.client.workflow.start(workflowType, {
      workflowId: 'mlops-path-only',
      taskQueue,
      args: [{ file_path: '/inbox/mlops-path-only.csv', trigger_type: 'file_upload' }],
    })
    // The default trainer takes 15 to 25 seconds; that it has begun is enough here.
    await bench.until(
      ({ kind, event }) => kind === 'progress' && event.workflowId === 'mlops-path-only' && event.step === 'train_model',
    )
    expect(await handle.query(statusQueryName)).toMatchObject({ current_step: 'model_training' })
    await handle.cancel()
    await failureOf('mlops-path-only')
  })

  test('a file that is not there fails at once, by its path', async () => {
    await startRun(bench.client, 'mlops-missing', inputFor('mlops-missing'))
    expect(await failureOf('mlops-missing')).toMatchObject({
      type: 'FileMissing',
      message: expect.stringContaining('There is no file /inbox/mlops-missing.csv'),
    })
  })

  test.each([
    [undefined, 'The input of MLOpsWorkflow is an object with at least a file_path.'],
    [{}, 'The input of MLOpsWorkflow has no file_path: name the CSV that the run is for.'],
    [{ file_path: 7 }, 'The input of MLOpsWorkflow has no file_path: name the CSV that the run is for.'],
    [{ file_path: 'a.csv', dataset: { sha256: 'x' } }, 'dataset.uri must be a text.'],
    [
      { file_path: 'a.csv', settings: { retries: { train_model: { maximumAttempts: -1 } } } },
      'settings.retries.train_model.maximumAttempts must be a whole number; 0 means without end.',
    ],
    [
      { file_path: 'a.csv', settings: { approval_timeout_seconds: 'soon' } },
      'settings.approval_timeout_seconds must be a number of seconds between 0.001 and a year.',
    ],
  ])('malformed input %j fails the run at once', async (input, message) => {
    const workflowId = `mlops-${randomUUID()}`
    await bench.client.workflow.start(workflowType, { workflowId, taskQueue, args: input === undefined ? [] : [input] })
    expect(await failureOf(workflowId)).toMatchObject({ type: 'BadInput', message, nonRetryable: true })
    expect(await queryStatus(bench.client, workflowId)).toMatchObject({ stage: 'Failed', failure_reason: message })
  })

  test('a start is once for ever: again while it runs, and again when it has ended, finds the first run', async () => {
    const workflowId = 'mlops-once'
    const first = await startRun(bench.client, workflowId, inputFor(workflowId))
    expect(await startRun(bench.client, workflowId, inputFor(workflowId))).toEqual(first)
    await bench.reaches(workflowId, 'AwaitingApproval')
    await decideFor(workflowId, { decision: 'reject' })
    await runResult(bench.client, workflowId)
    expect(await startRun(bench.client, workflowId, inputFor(workflowId))).toEqual(first)
  })
})
