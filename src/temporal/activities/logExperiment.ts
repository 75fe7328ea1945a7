import type { LogExperimentInput, LogExperimentResult } from '../types.ts'
import type { ActivityDeps } from './deps.ts'
import type { StepContext } from './stepContext.ts'

/** Writes the experiment once, however often it is tried. */
export async function logExperiment(
  input: LogExperimentInput,
  step: StepContext,
  { experiments }: Pick<ActivityDeps, 'experiments'>,
): Promise<LogExperimentResult> {
  const { experimentId, inserted } = await experiments.logExperiment(step.ids, input.prepared, input.trained)
  return { experiment_id: experimentId, inserted }
}
