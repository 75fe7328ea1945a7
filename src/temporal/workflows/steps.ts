import {
  ActivityFailure,
  type ActivityOptions,
  ApplicationFailure,
  proxyActivities,
  type RetryPolicy,
  TimeoutFailure,
} from '@temporalio/workflow'
import type { RetryTable } from '../../contract/retries.ts'
import type { Activities } from '../activities/activities.ts'

import type { DeployInput, RunSettings } from '../types.ts'
import { workerShutdownType } from '../workerShutdown.ts'

type StepKey = keyof RetryTable

/**
 * Every activity heartbeats about every two seconds from its first moment, so this silence means that its worker is gone
 * and another try may begin. It leaves room for a busy machine.
 */
const heartbeatTimeout = '10 seconds'

/** How long one attempt may take. A lost worker is found by its silence, so these only end an attempt that hangs. */
const longestAttempt: Record<StepKey, ActivityOptions['startToCloseTimeout']> = {
  preprocess_data: '1 hour', // hashes, copies and reads up to 2 GB, perhaps from a network folder
  train_model: '3 hours', // settings allow an hour; the rest is for a trainer that really computes
  log_experiment: '2 minutes',
  assess_model_quality: '1 hour', // compares with the model in production on the same rows, of which there may be many
  deploy_dev: '24 hours', // the switch itself has its own short limit; what remains is waiting for the database
  deploy_prod: '24 hours',
  record_decision: '2 minutes',
}

/**
 * Times that a step whose attempts ended with a lost worker gets its attempts anew: the death of a worker is not the
 * step's fault. Bounded, in case the step itself is what kills the worker.
 */
const maxWorkerLosses = 5

/** The pipeline's steps, each under its own retry policy and with the step's name as activity id. */
export function createSteps(settings: RunSettings) {
  const options = (step: StepKey): ActivityOptions => ({
    activityId: step,
    startToCloseTimeout: longestAttempt[step],
    heartbeatTimeout,
    retry: retryPolicy(settings, step),
    // A deployment is told to stop and is waited for, so that "cancelled" never hides a switch that happened after all.
    cancellationType: step === 'deploy_dev' || step === 'deploy_prod' ? 'WAIT_CANCELLATION_COMPLETED' : 'TRY_CANCEL',
  })
  const step = <N extends keyof Activities>(key: StepKey, name: N): Activities[N] => {
    const run = proxyActivities<Activities>(options(key))[name] as (input: unknown) => Promise<unknown>
    return (async (input: unknown) => {
      for (let losses = 0; ; losses++) {
        try {
          return await run(input)
        } catch (error) {
          if (losses === maxWorkerLosses || !workerWasLost(error)) throw error
        }
      }
    }) as Activities[N]
  }
  const deployDev = step('deploy_dev', 'deploy_to_environment')
  const deployProd = step('deploy_prod', 'deploy_to_environment')
  return {
    preprocess: step('preprocess_data', 'preprocess_data'),
    train: step('train_model', 'train_model'),
    trainMock: step('train_model', 'train_model_mock'),
    logExperiment: step('log_experiment', 'log_experiment'),
    assess: step('assess_model_quality', 'assess_model_quality'),
    deployDev: (input: Omit<DeployInput, 'environment'>) => deployDev({ ...input, environment: 'dev' }),
    deployProd: (input: Omit<DeployInput, 'environment'>) => deployProd({ ...input, environment: 'prod' }),
    recordDecision: step('record_decision', 'record_decision'),
  }
}

export type Steps = ReturnType<typeof createSteps>

function retryPolicy(settings: RunSettings, step: StepKey): RetryPolicy {
  const policy = settings.retries[step]
  return {
    maximumAttempts: policy.maximumAttempts === 0 ? Number.POSITIVE_INFINITY : policy.maximumAttempts,
    initialInterval: policy.initialIntervalSeconds * 1000,
    backoffCoefficient: policy.backoffCoefficient,
    // Temporal refuses a cap below the first wait.
    maximumInterval: Math.max(policy.initialIntervalSeconds, policy.maximumIntervalSeconds) * 1000,
  }
}

function workerWasLost(error: unknown): boolean {
  if (!(error instanceof ActivityFailure)) return false
  const { cause } = error
  return (
    (cause instanceof TimeoutFailure && cause.timeoutType === 'HEARTBEAT') ||
    (cause instanceof ApplicationFailure && cause.type === workerShutdownType)
  )
}
