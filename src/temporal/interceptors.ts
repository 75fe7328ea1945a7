import type { Context } from '@temporalio/activity'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import type { ActivityInboundCallsInterceptor, InjectedSinks } from '@temporalio/worker'
import type { Failure } from '../contract/model.ts'
import { stepOf } from './activities/stepContext.ts'
import { duringAttempt } from './attemptContext.ts'
import type { RunObserver } from './observer.ts'
import type { StatusSinks } from './workflows/status.ts'

/** Tells the observer of every attempt of every step: also of those that Temporal's history later drops. */
export const observeAttempts =
  (observer: RunObserver, worker: string) =>
  ({ info }: Context): { inbound: ActivityInboundCallsInterceptor } => ({
    inbound: {
      async execute(input, next) {
        const step = stepOf(info.activityId)
        if (step === null || !info.workflowExecution) return next(input)
        const ref = { ...info.workflowExecution, step, attempt: info.attempt }
        const maxAttempts = info.retryPolicy?.maximumAttempts || null
        observer.attemptStarted({
          ...ref,
          startedAt: now(),
          worker,
          maxAttempts: Number.isFinite(maxAttempts) ? maxAttempts : null,
        })
        const ended = (outcome: 'completed' | 'failed' | 'timedOut' | 'cancelled', failure: Failure | null) =>
          observer.attemptEnded({ ...ref, endedAt: now(), outcome, failure })
        const begun = performance.now()
        try {
          const result = await duringAttempt(ref, () => next(input))
          ended('completed', null)
          return result
        } catch (error) {
          if (isTimeout(error, performance.now() - begun, info.startToCloseTimeoutMs)) ended('timedOut', tookTooLong)
          else if (error instanceof CancelledFailure) ended('cancelled', null)
          else ended('failed', readFailure(error))
          throw error
        }
      },
    },
  })

/** Brings the stages of running workflows to the observer. */
export const observeStages = (observer: RunObserver): InjectedSinks<StatusSinks> => ({
  gatehouse: {
    stageChanged: {
      fn: ({ workflowId, runId }, event) => observer.stageChanged({ workflowId, runId, ...event }),
      callDuringReplay: false,
    },
  },
})

/**
 * An attempt that is over its limit is cancelled here, mostly when a heartbeat hears that Temporal gave it up, and counts as
 * failed there: told as cancelled it would have no reason.
 */
const isTimeout = (error: unknown, tookMs: number, limitMs: number | undefined) =>
  error instanceof CancelledFailure &&
  (error.message === 'TIMED_OUT' || (limitMs !== undefined && limitMs > 0 && tookMs >= limitMs))
const tookTooLong: Failure = {
  message: 'The attempt took longer than allowed (start to close).',
  ...{ type: 'Timeout', nonRetryable: false, stack: null },
}

function readFailure(error: unknown): Failure {
  if (!(error instanceof Error)) return { message: String(error), type: null, nonRetryable: false, stack: null }
  const application = error instanceof ApplicationFailure ? error : null
  return {
    message: error.message,
    type: application ? (application.type ?? null) : error.name,
    nonRetryable: application?.nonRetryable ?? false,
    stack: error.stack ?? null,
  }
}

const now = () => new Date().toISOString()
