import { Context } from '@temporalio/activity'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import { type Progress, type StepName, stepNames } from '../../contract/model.ts'
import type { RunObserver } from '../observer.ts'
import { workerShutdownType } from '../workerShutdown.ts'
import type { RunIds } from './deps.ts'
import { toActivityFailure } from './failures.ts'
import { type Faults, underFault } from './faults.ts'
import { createLearningCurve } from './learningCurve.ts'
import type { TrainProgress } from './trainers/trainer.ts'
import { waitForRoom } from './waitForRoom.ts'

/** What a step knows of its surroundings. Steps are plain functions of it, so tests run them without Temporal. */
export interface StepContext {
  ids: RunIds
  /** Aborted when the run is cancelled, the attempt is taken away, or the worker stops. */
  signal: AbortSignal
  /**
   * Heartbeats to Temporal and tells the observer. `fraction` is 0 to 1. `waitsForRoom`: on a full disk; the next report
   * without it says that the step is at work again.
   */
  reportProgress(fraction: number, message: string, about?: TrainProgress & { waitsForRoom?: boolean }): void
}

/** A fifth of the heartbeat timeout: several may be late before a step counts as lost. Not one of them costs the step a thing. */
const pulseMs = 2000

/** The activity's step, which its activity id names; null for an activity that another client's workflow started. */
export function stepOf(activityId: string): StepName | null {
  return stepNames.find((name) => name === activityId) ?? null
}

/**
 * Runs a step as a Temporal activity: heartbeats from its first moment to its last, lets it meet the fault that a drill
 * has for it, has it wait for room on a full disk, and turns what it throws into what Temporal is to make of it (retry or not, cancelled, or given back by a stopping worker).
 */
export async function inStep<T>(
  { observer, faults }: { observer: RunObserver; faults?: Faults },
  work: (step: StepContext) => Promise<T>,
): Promise<T> {
  const { info, cancellationSignal, heartbeat } = Context.current()
  const ids = { workflowId: info.workflowExecution?.workflowId ?? '', runId: info.workflowExecution?.runId ?? '' }
  const step = stepOf(info.activityId)
  const curve = createLearningCurve()
  let latest: Omit<Progress, 'at'> | undefined
  const pulse = setInterval(() => heartbeat(latest), pulseMs)
  heartbeat(latest)
  try {
    const met = step && faults ? await faults.before({ ...ids, step, attempt: info.attempt }) : null
    const context: StepContext = {
      ids,
      signal: cancellationSignal,
      reportProgress(fraction, message, about) {
        if (about?.point) curve.add(about.point)
        const points = curve.points()
        latest = {
          fraction: Math.min(1, Math.max(0, fraction)),
          message,
          ...(about?.waitsForRoom ? { waitsForRoom: true } : {}),
          ...(about?.secondsLeft === undefined ? {} : { secondsLeft: about.secondsLeft }),
          ...(points.length === 0 ? {} : { curve: { loss: about?.loss ?? latest?.curve?.loss ?? 'loss', points } }),
        }
        heartbeat(latest)
        if (step) observer.progress({ ...ids, step, attempt: info.attempt, ...latest, at: new Date().toISOString() })
      },
    }
    return await underFault(met, cancellationSignal, () => waitForRoom(context, () => work(context)))
  } catch (error) {
    throw cancellationSignal.aborted ? interruption(cancellationSignal) : toActivityFailure(error)
  } finally {
    clearInterval(pulse)
  }
}

/** What an interrupted step ends with, whatever its parts made of the abort. */
function interruption(signal: AbortSignal): Error {
  const reason = signal.reason
  if (reason instanceof CancelledFailure && reason.message === 'WORKER_SHUTDOWN') {
    return ApplicationFailure.create({
      message: 'The worker stopped while this attempt ran; it is made again when a worker is there.',
      type: workerShutdownType,
      nextRetryDelay: '1 second', // nothing is wrong that waiting would mend
    })
  }
  return reason instanceof Error ? reason : new CancelledFailure('The attempt was cancelled.')
}
