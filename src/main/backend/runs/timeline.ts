/**
 * A run's timeline from three sources: Temporal's history (the truth, but it keeps only the last attempt of a step),
 * the pending activities of a `describe` (what is under way), and the attempts that this host's worker saw (all of them).
 */
import type { temporal } from '@temporalio/proto'
import {
  type Attempt,
  type Failure,
  isEndStage,
  type Paused,
  type Progress,
  type Reset,
  type Step,
  type StepName,
  stepNames,
} from '../../../contract/model.ts'
import type { RecordedAttempt } from '../projection/createProjection.ts'
import type { RunRecord } from '../projection/runRecord.ts'
import { isoOf } from './protoTime.ts'

export type HistoryEvent = temporal.api.history.v1.IHistoryEvent
export type PendingActivity = temporal.api.workflow.v1.IPendingActivityInfo
export type FailureProto = temporal.api.failure.v1.IFailure

export interface TimelineSources {
  record: RunRecord
  events: readonly HistoryEvent[]
  pending: readonly PendingActivity[]
  recorded: readonly RecordedAttempt[]
  decodeFailure(failure: FailureProto): Promise<Failure>
  /** How far a running attempt is, from its latest heartbeat; null where that tells nothing that can be read. */
  decodeProgress(activity: PendingActivity): Promise<Progress | null>
}

/** Gives every step of the pipeline in order, those that were not reached included. */
export async function buildTimeline(sources: TimelineSources): Promise<Step[]> {
  const { record, events, pending, recorded } = sources
  const steps = new Map<StepName, Step>(stepNames.map((name) => [name, emptyStep(name)]))
  for (const { step, ...attempt } of recorded) steps.get(step)?.attempts.push({ ...attempt })
  await addHistory(steps, events, sources.decodeFailure)
  await addPending(steps, pending, sources)
  addHumanStep(steps, events, record)

  const ended = isEndStage(record.stage)
  for (const step of steps.values()) {
    step.attempts.sort((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt))
    const offset = countOn(step.attempts)
    if (step.maxAttempts !== null) step.maxAttempts += offset
    // An attempt that a later one has followed, or that outlived its run, ended without telling anybody; one whose run was
    // cancelled was told to stop.
    step.attempts.forEach((attempt, index) => {
      const next = step.attempts[index + 1]
      if (attempt.outcome === 'running' && (next || ended)) {
        attempt.outcome = !next && record.stage === 'Cancelled' ? 'cancelled' : 'lost'
        attempt.endedAt = next?.startedAt ?? record.endedAt
      }
    })
    if (step.kind === 'activity') inferState(step)
    if (ended) {
      if (step.state === 'waiting') step.state = 'skipped'
      else if (step.state !== 'completed' && step.state !== 'failed') step.state = 'cancelled'
    }
  }
  return [...steps.values()]
}

/** A step that nothing has happened in. */
export const emptyStep = (name: StepName): Step => ({
  step: name,
  kind: name === 'await_production_approval' ? 'human' : 'activity',
  state: 'waiting',
  scheduledAt: null,
  endedAt: null,
  attempts: [],
  maxAttempts: null,
  retryAt: null,
  paused: null,
  progress: null,
  eventIds: [],
})

/** Why the attempt before one failed, as Temporal keeps it beside that one's start: given to it, or told by the one that follows. */
function tellBefore(step: Step, attempt: number, failure: Failure): void {
  const before = step.attempts.findLast((a) => a.attempt === attempt - 1)
  if (before) before.failure ??= failure
  else {
    const next = step.attempts.findLast((a) => a.attempt === attempt)
    if (next) next.failureBefore = failure
  }
}

/** Later sources know more: they fill in what an earlier one left open. Of two attempts with one number the later is meant. */
function addAttempt(step: Step, attempt: Attempt): void {
  const known = step.attempts.findLast((a) => a.attempt === attempt.attempt)
  if (!known) step.attempts.push({ ...attempt })
  else if (known.outcome === 'running') {
    Object.assign(known, attempt, { startedAt: known.startedAt, worker: attempt.worker ?? known.worker })
  } else known.failure ??= attempt.failure
}

/** Temporal counts from one again after a "retry now"; a reader counts on. @returns what the last one was short of */
function countOn(attempts: Attempt[]): number {
  let before = 0
  let offset = 0
  for (const attempt of attempts) {
    if (attempt.attempt + offset <= before) offset = before - attempt.attempt + 1
    attempt.attempt += offset
    before = attempt.attempt
  }
  return offset
}

async function addHistory(steps: Map<StepName, Step>, events: readonly HistoryEvent[], decode: TimelineSources['decodeFailure']) {
  const stepOfEvent = new Map<string, Step>()
  const started = new Map<string, { attempt: number; at: string; worker: string | null; failureBefore: Failure | null }>()

  const close = async (
    scheduledEventId: unknown,
    event: HistoryEvent,
    outcome: Attempt['outcome'],
    failure: FailureProto | null | undefined,
  ) => {
    const step = stepOfEvent.get(String(scheduledEventId))
    const begun = started.get(String(scheduledEventId))
    if (!step) return
    step.eventIds.push(String(event.eventId))
    step.endedAt = isoOf(event.eventTime)
    step.state = outcome === 'completed' ? 'completed' : outcome === 'cancelled' ? 'cancelled' : 'failed'
    if (begun) {
      const { attempt, at, worker, failureBefore } = begun
      addAttempt(step, {
        attempt,
        startedAt: at,
        worker,
        endedAt: step.endedAt,
        outcome,
        failure: failure ? await decode(failure) : null,
      })
      if (failureBefore) tellBefore(step, attempt, failureBefore)
    }
  }

  for (const event of events) {
    const scheduled = event.activityTaskScheduledEventAttributes
    if (scheduled) {
      const step = steps.get(scheduled.activityId as StepName)
      if (!step) continue
      stepOfEvent.set(String(event.eventId), step)
      step.eventIds = [String(event.eventId)]
      step.state = 'scheduled'
      step.scheduledAt = isoOf(event.eventTime)
      step.maxAttempts = scheduled.retryPolicy?.maximumAttempts || null
    }
    const begun = event.activityTaskStartedEventAttributes
    if (begun) {
      const scheduledId = String(begun.scheduledEventId)
      const at = isoOf(event.eventTime) ?? ''
      const failureBefore = begun.lastFailure ? await decode(begun.lastFailure) : null
      started.set(scheduledId, { attempt: begun.attempt ?? 1, at, worker: begun.identity ?? null, failureBefore })
      stepOfEvent.get(scheduledId)?.eventIds.push(String(event.eventId))
    }
    const completed = event.activityTaskCompletedEventAttributes
    if (completed) await close(completed.scheduledEventId, event, 'completed', null)
    const failed = event.activityTaskFailedEventAttributes
    if (failed) await close(failed.scheduledEventId, event, 'failed', failed.failure)
    const timedOut = event.activityTaskTimedOutEventAttributes
    if (timedOut) await close(timedOut.scheduledEventId, event, 'timedOut', timedOut.failure)
    const cancelled = event.activityTaskCanceledEventAttributes
    if (cancelled) await close(cancelled.scheduledEventId, event, 'cancelled', null)
  }
}

async function addPending(
  steps: Map<StepName, Step>,
  pending: readonly PendingActivity[],
  { decodeFailure, decodeProgress }: Pick<TimelineSources, 'decodeFailure' | 'decodeProgress'>,
) {
  for (const activity of pending) {
    const step = steps.get(activity.activityId as StepName)
    if (!step) continue
    const attempt = activity.attempt ?? 1
    step.maxAttempts = activity.maximumAttempts || null
    const lastFailure = activity.lastFailure ? await decodeFailure(activity.lastFailure) : null
    const before = step.attempts.findLast((a) => a.attempt === attempt - 1)
    if (before && lastFailure) before.failure ??= lastFailure
    const startedAt = isoOf(activity.lastStartedTime)
    const failed = before ? null : failedBefore(activity, lastFailure)
    if (failed) step.attempts.push(failed)
    // PENDING_ACTIVITY_STATE_STARTED = 2
    if (activity.state === 2 && startedAt) {
      step.state = 'running'
      step.progress = await decodeProgress(activity)
      addAttempt(step, {
        attempt,
        startedAt,
        worker: activity.lastWorkerIdentity || null,
        endedAt: null,
        outcome: 'running',
        failure: null,
      })
      if (lastFailure) tellBefore(step, attempt, lastFailure)
    } else if (activity.paused) {
      step.state = 'paused'
      step.paused = pausedOf(activity)
    } else {
      step.retryAt = attempt > 1 ? (isoOf(activity.nextAttemptScheduleTime) ?? isoOf(activity.scheduledTime)) : null
      step.state = step.retryAt ? 'backingOff' : 'scheduled'
    }
  }
}

/**
 * Where the run was sent back to a step, and why. Temporal writes its own name where one would look for who asked.
 * @param askedBy who asked for it at about this moment, as the audit knows; null for another client
 */
export function resetsOf(events: readonly HistoryEvent[], askedBy: (at: string) => string | null): Reset[] {
  return events.flatMap((event) => {
    const failed = event.workflowTaskFailedEventAttributes
    const at = isoOf(event.eventTime)
    if (!failed?.baseRunId || !at) return []
    return { at, by: askedBy(at), reason: failed.failure?.message || null, fromRunId: failed.baseRunId }
  })
}

/**
 * The attempt that a step waits after, as Temporal tells it until the next one begins: another worker may have made it. Its
 * start is given as its end where the server does not tell it. null while an attempt runs, as then only that one's times are told.
 */
export function failedBefore(activity: PendingActivity, failure: Failure | null): Attempt | null {
  const endedAt = isoOf(activity.lastAttemptCompleteTime)
  // PENDING_ACTIVITY_STATE_STARTED = 2
  if (activity.state === 2 || (activity.attempt ?? 1) < 2 || !endedAt || !failure) return null
  const startedAt = isoOf(activity.lastStartedTime) ?? endedAt
  return {
    attempt: (activity.attempt ?? 1) - 1,
    ...{ startedAt, endedAt, failure },
    outcome: failure.type === 'Timeout' ? 'timedOut' : 'failed',
    worker: activity.lastWorkerIdentity || null,
  }
}

/** Who paused a pending activity; null when nobody did. Another client may have paused it by a rule or without a name. */
export function pausedOf({ paused, pauseInfo }: PendingActivity): Paused | null {
  if (!paused) return null
  return {
    at: isoOf(pauseInfo?.pauseTime),
    by: pauseInfo?.manual?.identity || null,
    reason: pauseInfo?.manual?.reason || null,
  }
}

/** The wait for a decision is drawn from the timer that limits it. */
function addHumanStep(steps: Map<StepName, Step>, events: readonly HistoryEvent[], record: RunRecord) {
  const step = steps.get('await_production_approval')
  const timer = events.find((event) => event.timerStartedEventAttributes)
  const waiting = record.stage === 'AwaitingApproval'
  if (!step || (!timer && !waiting)) return
  step.scheduledAt = isoOf(timer?.eventTime) ?? record.stageSince
  if (timer) step.eventIds = [String(timer.eventId)]
  const ofTimer = (startedEventId: unknown) => timer !== undefined && String(startedEventId) === String(timer.eventId)
  const fired = events.find(({ timerFiredEventAttributes: end }) => end && ofTimer(end.startedEventId))
  const cancelled = events.find(({ timerCanceledEventAttributes: end }) => end && ofTimer(end.startedEventId))
  if (waiting) step.state = 'running'
  else {
    step.endedAt = isoOf(fired?.eventTime) ?? record.decision?.at ?? isoOf(cancelled?.eventTime) ?? record.endedAt
    // Every decision, a timeout included, is put on record next; a wait without that was cancelled.
    const onRecord = steps.get('record_decision')?.scheduledAt
    step.state = fired ? 'failed' : record.decision || onRecord ? 'completed' : 'cancelled'
  }
}

/** Without a history (Temporal away) the attempts alone must tell the state. */
function inferState(step: Step): void {
  if (step.state !== 'waiting') return
  const last = step.attempts.at(-1)
  if (!last) return
  step.scheduledAt ??= step.attempts[0]?.startedAt ?? null
  if (last.outcome === 'running') step.state = 'running'
  else if (last.outcome === 'completed') step.state = 'completed'
  else step.state = last.failure?.nonRetryable ? 'failed' : 'backingOff'
  if (step.state === 'completed' || step.state === 'failed') step.endedAt = last.endedAt
}
