import type { LogExperimentInput, LogExperimentResult } from '../types.ts'
import type { ActivityDeps } from './deps.ts'
import type { StepContext } from './stepContext.ts'
import { reportIfThere } from './storedJson.ts'

/** Writes the experiment and its model once, however often it is tried. */
export async function logExperiment(
  input: LogExperimentInput,
  step: StepContext,
  { store, experiments }: Pick<ActivityDeps, 'store' | 'experiments'>,
): Promise<LogExperimentResult> {
  const { prepared, trained } = input
  const report = trained.report ? await reportIfThere(store, trained.report.sha256) : null
  const { experimentId, inserted } = await experiments.logExperiment(step.ids, prepared, trained, report)
  return { experiment_id: experimentId, inserted }
}
