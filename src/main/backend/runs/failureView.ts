import { WorkflowFailedError } from '@temporalio/client'
import { ActivityFailure, ApplicationFailure, CancelledFailure, TimeoutFailure } from '@temporalio/common'
import type { Failure } from '../../../contract/model.ts'

/** The failure that somebody has to understand: what was thrown, without the envelopes that Temporal puts around it. */
export function failureView(error: unknown): Failure {
  let cause = error
  while ((cause instanceof WorkflowFailedError || cause instanceof ActivityFailure) && cause.cause) cause = cause.cause
  if (cause instanceof ApplicationFailure) {
    return {
      message: cause.message,
      type: cause.type ?? null,
      nonRetryable: cause.nonRetryable ?? false,
      stack: cause.stack ?? null,
    }
  }
  if (cause instanceof TimeoutFailure) {
    return { message: timeoutSentence(cause.timeoutType), type: 'Timeout', nonRetryable: false, stack: null }
  }
  if (cause instanceof CancelledFailure) return { message: 'Cancelled.', type: 'Cancelled', nonRetryable: false, stack: null }
  const message = cause instanceof Error ? cause.message : String(cause)
  return { message, type: cause instanceof Error ? cause.name : null, nonRetryable: false, stack: null }
}

const timeoutSentence = (type: string | undefined) =>
  type === 'HEARTBEAT'
    ? 'The worker stopped reporting in the middle of this attempt (it was stopped, killed or cut off).'
    : `The attempt took longer than allowed (${(type ?? 'unknown').toLowerCase().replaceAll('_', ' ')}).`
