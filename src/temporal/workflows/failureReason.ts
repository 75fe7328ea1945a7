import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow'
import type { RetryTable } from '../../contract/retries.ts'

const stepInWords: Record<keyof RetryTable, string> = {
  preprocess_data: 'Preprocessing',
  train_model: 'Training',
  log_experiment: 'Logging the experiment',
  assess_model_quality: 'Assessing the quality',
  deploy_dev: 'Deployment to dev',
  record_decision: 'Recording the decision',
  deploy_prod: 'Deployment to prod',
}

/** One plain sentence: which step failed, after how many attempts, and why. */
export function failureReason(error: Error, retries: RetryTable): string {
  if (!(error instanceof ActivityFailure)) return error.message
  const step = error.activityId as keyof RetryTable
  const name = stepInWords[step] ?? error.activityType
  const exhausted = error.retryState === 'MAXIMUM_ATTEMPTS_REACHED'
  const attempts = retries[step]?.maximumAttempts ?? 1
  const tries = exhausted && attempts > 1 ? ` after ${attempts} attempts` : ''
  return `${name} failed${tries}: ${causeInWords(error.cause)}`
}

/** The type that callers see on the workflow's failure: the activity's own, so that a bad CSV is told from a bad database. */
export const failureType = (error: Error): string => {
  const cause = error instanceof ActivityFailure ? error.cause : error
  return (cause instanceof ApplicationFailure && cause.type) || 'StepFailed'
}

function causeInWords(cause: Error | undefined): string {
  if (cause instanceof TimeoutFailure) {
    return cause.timeoutType === 'HEARTBEAT'
      ? 'the worker that ran it was lost.'
      : 'it took longer than it may (it was stopped by its time limit).'
  }
  return cause?.message || 'no reason was given.'
}
