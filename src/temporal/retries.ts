/** The retry table of the design: the defaults that every activity runs under unless the run's input says otherwise. */
import type { RetryTable } from '../contract/retries.ts'

const policy = (maximumAttempts: number, initial: number, cap: number) => ({
  maximumAttempts,
  initialIntervalSeconds: initial,
  backoffCoefficient: 2,
  maximumIntervalSeconds: cap,
})

export const defaultRetries: RetryTable = {
  preprocess_data: policy(3, 1, 30),
  train_model: policy(3, 5, 120),
  log_experiment: policy(0, 2, 10), // 0 = without end: a database that is away is weather, not a reason to lose a run
  assess_model_quality: policy(3, 1, 30),
  deploy_dev: policy(3, 2, 60),
  deploy_prod: policy(2, 5, 60),
  record_decision: policy(0, 2, 10), // the audit row must exist before production changes
}

/** Types of failures that no retry can mend; activities throw them as non-retryable ApplicationFailures. */
export const failureTypes = {
  fileMissing: 'FileMissing',
  notACsv: 'NotACsv',
  noUsableTarget: 'NoUsableTarget',
  tooFewRows: 'TooFewRows',
  tooManyBadRows: 'TooManyBadRows',
  badTrainerConfiguration: 'BadTrainerConfiguration',
  databaseConfiguration: 'DatabaseConfiguration',
  malformedMetrics: 'MalformedMetrics',
  unknownEnvironment: 'UnknownEnvironment',
  modelFileMissing: 'ModelFileMissing',
  modelHashMismatch: 'ModelHashMismatch',
  modelNotServable: 'ModelNotServable',
} as const
