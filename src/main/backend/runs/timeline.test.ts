import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js'
import { describe, expect, it } from 'vitest'
import type { Step, StepName } from '../../../contract/model.ts'
import type { RecordedAttempt } from '../projection/createProjection.ts'
import { emptySealedPart, type RunRecord } from '../projection/runRecord.ts'
import { buildTimeline, type HistoryEvent, type PendingActivity, resetsOf } from './timeline.ts'

const histories = resolve(import.meta.dirname, '../../../temporal/workflows/fixtures/histories')
const saved = (name: string): HistoryEvent[] =>
  historyFromJSON(JSON.parse(readFileSync(join(histories, `${name}.json`), 'utf8'))).events ?? []

const record = (over: Partial<RunRecord>): RunRecord => ({
  ...emptySealedPart,
  workflowId: 'w1',
  runId: 'r1',
  fileName: 'good.csv',
  sha256: 'ab',
  sizeBytes: 10,
  origin: 'inbox',
  submittedBy: 'ada',
  stage: 'Completed',
  acceptedAt: '2026-01-01T12:00:00.000Z',
  startedAt: '2026-01-01T12:00:00.000Z',
  stageSince: '2026-01-01T12:00:00.000Z',
  endedAt: '2026-01-01T12:01:00.000Z',
  approvals: null,
  paused: null,
  waitsForRoom: false,
  decisionPending: false,
  revision: 1,
  ...over,
})

const timeline = async (
  over: Partial<RunRecord>,
  events: HistoryEvent[],
  pending: PendingActivity[] = [],
  recorded: RecordedAttempt[] = [],
) => {
  const steps = await buildTimeline({
    record: record(over),
    events,
    pending,
    recorded,
    decodeFailure: async (failure) => ({ message: innermost(failure), type: null, nonRetryable: false, stack: null }),
    decodeProgress: async () => null,
  })
  return new Map<StepName, Step>(steps.map((step) => [step.step, step]))
}
const innermost = (failure: { message?: string | null; cause?: unknown }): string =>
  failure.cause ? innermost(failure.cause as typeof failure) : (failure.message ?? '')

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toISOString()
const timeAt = (second: number) => ({ seconds: (Date.parse(at(second)) / 1000) as never })
const seen = (over: Partial<RecordedAttempt>): RecordedAttempt => ({
  step: 'log_experiment',
  attempt: 1,
  startedAt: at(1),
  endedAt: at(2),
  outcome: 'failed',
  worker: 'here',
  failure: { message: 'connection refused', type: null, nonRetryable: false, stack: null },
  ...over,
})

describe('the timeline of a saved history', () => {
  it('shows each step of a run that went to production, the human one included', async () => {
    const steps = await timeline({ stage: 'Completed' }, saved('happy'))
    for (const step of steps.values()) expect(step.state, step.step).toBe('completed')
    expect(steps.get('train_model')).toMatchObject({ attempts: [{ attempt: 1, outcome: 'completed' }], maxAttempts: 3 })
    const wait = steps.get('await_production_approval')
    expect(wait?.kind).toBe('human')
    expect(Date.parse(wait?.endedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(wait?.scheduledAt ?? ''))
  })

  it('skips what a failed gate never reached', async () => {
    const steps = await timeline({ stage: 'GateFailed' }, saved('gate-failed'))
    expect(steps.get('assess_model_quality')?.state).toBe('completed')
    expect(steps.get('deploy_dev')?.state).toBe('skipped')
    expect(steps.get('await_production_approval')?.state).toBe('skipped')
  })

  it('shows the failure of the step that ended the run', async () => {
    const steps = await timeline({ stage: 'Failed' }, saved('failed'))
    const failed = [...steps.values()].find((step) => step.state === 'failed')
    expect(failed?.attempts.at(-1)?.failure?.message).toBeTruthy()
    expect(steps.get('deploy_prod')?.state).toBe('skipped')
  })

  it('marks a wait that nobody ended as failed, and one under way as running', async () => {
    expect((await timeline({ stage: 'TimedOut' }, saved('timed-out'))).get('await_production_approval')?.state).toBe('failed')
    const waiting = await timeline({ stage: 'AwaitingApproval', endedAt: null }, saved('still-waiting'))
    expect(waiting.get('await_production_approval')).toMatchObject({ state: 'running', endedAt: null })
    expect(waiting.get('deploy_prod')?.state).toBe('waiting')
  })

  it('keeps the step that was cancelled apart from those that were never reached', async () => {
    const steps = await timeline({ stage: 'Cancelled' }, saved('cancelled'))
    expect(steps.get('train_model')?.state).toBe('cancelled')
    expect(steps.get('log_experiment')?.state).toBe('skipped')
  })
})

describe('attempts', () => {
  it('that the history dropped come from what the worker saw', async () => {
    const retried = saved('retried')
    const started = retried.find((event) => (event.activityTaskStartedEventAttributes?.attempt ?? 1) > 1)
    const last = started?.activityTaskStartedEventAttributes?.attempt ?? 0
    expect(last).toBeGreaterThan(1)
    const scheduled = retried.find(
      (event) => String(event.eventId) === String(started?.activityTaskStartedEventAttributes?.scheduledEventId),
    )
    const step = scheduled?.activityTaskScheduledEventAttributes?.activityId as StepName
    const before = Array.from({ length: last - 1 }, (_, i) => seen({ step, attempt: i + 1, startedAt: at(i), endedAt: at(i) }))
    const steps = await timeline({}, retried, [], before)
    expect(steps.get(step)?.attempts.map((a) => [a.attempt, a.outcome])).toEqual([
      ...before.map((a) => [a.attempt, 'failed']),
      [last, 'completed'],
    ])
  })

  it('that nobody saw leave the failure that the history keeps of the last of them', async () => {
    const retried = saved('retried')
    const steps = await timeline({}, retried)
    const told = [...steps.values()].flatMap(({ attempts }) => attempts.filter(({ failureBefore }) => failureBefore))
    expect(told).toMatchObject([{ outcome: 'completed', failureBefore: { message: expect.stringMatching(/\w/) } }])
    expect(told[0]?.attempt).toBeGreaterThan(1)
  })

  it('are counted on when Temporal counts anew after a "retry now"', async () => {
    const recorded = [
      seen({}),
      seen({ attempt: 2, startedAt: at(5), endedAt: at(6) }),
      seen({ startedAt: at(9), endedAt: at(10), outcome: 'completed', failure: null }),
    ]
    const steps = await timeline({ stage: 'AssessingQuality', endedAt: null }, [], [], recorded)
    expect(steps.get('log_experiment')).toMatchObject({
      state: 'completed',
      attempts: [{ attempt: 1 }, { attempt: 2 }, { attempt: 3 }],
    })
    const pending: PendingActivity[] = [{ activityId: 'log_experiment', state: 1, attempt: 2, maximumAttempts: 3 }]
    const waiting = await timeline({ stage: 'LoggingExperiment', endedAt: null }, [], pending, recorded)
    expect(waiting.get('log_experiment')?.maxAttempts).toBe(5)
  })

  it('that nobody ended are lost once another one follows', async () => {
    const recorded = [
      seen({ endedAt: null, outcome: 'running', failure: null }),
      seen({ attempt: 2, startedAt: at(12), endedAt: null, outcome: 'running', failure: null }),
    ]
    const steps = await timeline({ stage: 'LoggingExperiment', endedAt: null }, [], [], recorded)
    expect(steps.get('log_experiment')?.attempts.map((a) => a.outcome)).toEqual(['lost', 'running'])
    expect(steps.get('log_experiment')?.attempts[0]?.endedAt).toBe(at(12))
  })

  it('that were under way as their run was cancelled were told to stop, they are not lost', async () => {
    const steps = await timeline(
      { stage: 'Cancelled', endedAt: at(15) },
      [],
      [],
      [seen({ endedAt: null, outcome: 'running', failure: null })],
    )
    expect(steps.get('log_experiment')).toMatchObject({
      state: 'cancelled',
      attempts: [{ outcome: 'cancelled', endedAt: at(15), failure: null }],
    })
  })

  it('to come are announced while the step backs off', async () => {
    const pending: PendingActivity[] = [
      {
        activityId: 'log_experiment',
        state: 1,
        attempt: 3,
        maximumAttempts: 0,
        nextAttemptScheduleTime: { seconds: 1_767_268_820 as never },
      },
    ]
    const steps = await timeline({ stage: 'LoggingExperiment', endedAt: null }, [], pending, [
      seen({}),
      seen({ attempt: 2, startedAt: at(4) }),
    ])
    expect(steps.get('log_experiment')).toMatchObject({
      state: 'backingOff',
      retryAt: '2026-01-01T12:00:20.000Z',
      maxAttempts: null,
    })
  })
})

describe('what Temporal tells only until the next attempt', () => {
  const waiting = (over: PendingActivity = {}): PendingActivity => ({
    ...{ activityId: 'log_experiment', state: 1, attempt: 5, lastWorkerIdentity: 'elsewhere' },
    ...{ lastStartedTime: timeAt(10), lastAttemptCompleteTime: timeAt(11), lastFailure: { message: 'refused' } },
    ...over,
  })

  it('shows the failed attempt of a worker that this host does not hear of', async () => {
    const steps = await timeline({ stage: 'LoggingExperiment', endedAt: null }, [], [waiting()])
    expect(steps.get('log_experiment')?.attempts).toEqual([
      {
        ...{ attempt: 4, startedAt: at(10), endedAt: at(11), outcome: 'failed', worker: 'elsewhere' },
        failure: { message: 'refused', type: null, nonRetryable: false, stack: null },
      },
    ])
  })

  it('does not tell one twice that was seen here', async () => {
    const here = seen({ attempt: 4, startedAt: at(10), endedAt: at(11) })
    const steps = await timeline({ stage: 'LoggingExperiment', endedAt: null }, [], [waiting()], [here])
    expect(steps.get('log_experiment')?.attempts.map(({ worker }) => worker)).toEqual(['here'])
  })

  it('makes nothing up while the next attempt runs: its start is not the failed one’s', async () => {
    const steps = await timeline({ stage: 'LoggingExperiment', endedAt: null }, [], [waiting({ state: 2 })])
    expect(steps.get('log_experiment')?.attempts).toMatchObject([
      { attempt: 5, outcome: 'running', failure: null, failureBefore: { message: 'refused' } },
    ])
  })
})

it('knows where a run was sent back, by whom and why', () => {
  const events: HistoryEvent[] = [
    { eventTime: timeAt(5), workflowTaskFailedEventAttributes: { identity: 'worker', failure: { message: 'a bug' } } },
    {
      eventTime: timeAt(9),
      workflowTaskFailedEventAttributes: {
        baseRunId: 'r0',
        identity: 'history-service',
        failure: { message: 'the card was swapped' },
      },
    },
  ]
  expect(resetsOf(events, (moment) => (moment === at(9) ? 'ada@here' : null))).toEqual([
    { at: at(9), by: 'ada@here', reason: 'the card was swapped', fromRunId: 'r0' },
  ])
})

describe('of a history whose middle was not read', () => {
  const happy = saved('happy')
  const scheduled = happy.findIndex((event) => event.activityTaskScheduledEventAttributes?.activityId === 'train_model')
  const withoutSchedule = happy.filter((_, index) => index !== scheduled)
  const trained = seen({ step: 'train_model', outcome: 'completed', failure: null })

  it('a step whose schedule is missing is told from its attempts', async () => {
    const steps = await timeline({ stage: 'Completed' }, withoutSchedule, [], [trained])
    expect(steps.get('train_model')).toMatchObject({ state: 'completed', scheduledAt: at(1), endedAt: at(2) })
    expect(steps.get('deploy_prod')?.state).toBe('completed')
  })

  it('the end of another timer is not the end of the wait for a decision', async () => {
    const timer = happy.findIndex((event) => event.timerStartedEventAttributes)
    const other = { eventId: 1 as never, eventTime: timeAt(1), timerFiredEventAttributes: { startedEventId: 900 as never } }
    const events = [...happy.slice(0, timer), other, ...happy.slice(timer)]
    expect((await timeline({ stage: 'Completed' }, events)).get('await_production_approval')?.state).toBe('completed')
  })
})
