import { WorkflowFailedError } from '@temporalio/client'
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  type LoadedDataConverter,
  TimeoutFailure,
} from '@temporalio/common'
import { decodeOptionalFailureToOptionalError } from '@temporalio/common/lib/internal-non-workflow/index.js'
import type { Failure } from '../../../contract/model.ts'
import type { FailureProto } from './timeline.ts'

/** The same for a failure as Temporal keeps it. One that cannot be decoded says why, and spoils itself only. Never rejects. */
export async function decodeFailureView(converter: LoadedDataConverter, failure: FailureProto): Promise<Failure> {
  try {
    return failureView(await decodeOptionalFailureToOptionalError(converter, failure))
  } catch (error) {
    let cause = failure
    while (cause.cause) cause = cause.cause
    return {
      message: `This failure cannot be read. ${(error as Error).message}`,
      type: cause.applicationFailureInfo?.type || null,
      nonRetryable: cause.applicationFailureInfo?.nonRetryable ?? false,
      stack: null,
    }
  }
}

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
