import { setTimeout as sleep } from 'node:timers/promises'
import { failureTypes } from '../retries.ts'
import type { DeployInput, DeployResult } from '../types.ts'
import { type ActivityDeps, DatabaseProblem } from './deps.ts'
import { permanent } from './failures.ts'
import type { StepContext } from './stepContext.ts'

/** An endpoint that has not switched by then does not answer; the attempt fails and is made again. */
const switchTimeoutMs = 120_000

/** Waits between tries to write the deployment down: those of log_experiment in the retry table. */
const firstWaitMs = 2000
const longestWaitMs = 10_000

/**
 * Switches an environment to a model and writes that down. A database that is away does not fail the deployment that
 * happened: the step waits for it (docs/decisions/012-deployments-wait-for-the-database.md).
 */
export async function deployToEnvironment(
  input: DeployInput,
  step: StepContext,
  { store, deployer, experiments }: Pick<ActivityDeps, 'store' | 'deployer' | 'experiments'>,
): Promise<DeployResult> {
  if (input.environment !== 'dev' && input.environment !== 'prod') {
    throw permanent(failureTypes.unknownEnvironment, `There is no environment "${input.environment}": only dev and prod.`)
  }
  await checkModelFile(input, store)
  step.reportProgress(0.3, `Switching ${input.environment} to ${input.model_id}`)
  const signal = AbortSignal.any([step.signal, AbortSignal.timeout(switchTimeoutMs)])
  const cause = { kind: 'run', workflow_id: step.ids.workflowId, run_id: step.ids.runId } as const
  const { url, deployedAt } = await deployer.deploy(input, signal, cause)
  await writeDown(() => experiments.recordDeployment(step.ids, input, url, deployedAt), step)
  return { environment: input.environment, model_id: input.model_id, url, status: 'deployed', deployed_at: deployedAt }
}

async function checkModelFile({ model, model_id }: DeployInput, store: ActivityDeps['store']) {
  if ((await store.pathOf(model.sha256)) === null) {
    throw permanent(
      failureTypes.modelFileMissing,
      `The file of model ${model_id} (${model.uri}) is not in this worker's model store. Nothing was deployed. Restore the store and run the file again.`,
    )
  }
  if (!(await store.verify(model.sha256))) {
    throw permanent(
      failureTypes.modelHashMismatch,
      `The file of model ${model_id} was changed after training: its hash is no longer ${model.sha256}. Nothing was deployed. Run the file again.`,
    )
  }
}

async function writeDown(record: () => Promise<void>, step: StepContext) {
  for (let wait = firstWaitMs; ; wait = Math.min(wait * 2, longestWaitMs)) {
    try {
      return await record()
    } catch (error) {
      if (!(error instanceof DatabaseProblem) || error.kind !== 'weather') throw error
      step.reportProgress(0.9, `Deployed; waiting for the database to write it down. ${error.message}`)
      await sleep(wait, undefined, { signal: step.signal })
    }
  }
}
