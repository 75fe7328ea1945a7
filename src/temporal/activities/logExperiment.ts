import { readFile } from 'node:fs/promises'
import { type TrainingReport, trainingReport } from '../../contract/training.ts'
import type { LogExperimentInput, LogExperimentResult, StoredFile } from '../types.ts'
import type { ActivityDeps } from './deps.ts'
import type { StepContext } from './stepContext.ts'

/** Writes the experiment and its model once, however often it is tried. */
export async function logExperiment(
  input: LogExperimentInput,
  step: StepContext,
  { store, experiments }: Pick<ActivityDeps, 'store' | 'experiments'>,
): Promise<LogExperimentResult> {
  const { prepared, trained } = input
  const report = trained.report ? await readReport(trained.report, store) : null
  const { experimentId, inserted } = await experiments.logExperiment(step.ids, prepared, trained, report)
  return { experiment_id: experimentId, inserted }
}

/** null when it is not there or cannot be read: what it says is beside the point of this step. */
async function readReport({ sha256 }: StoredFile, store: ActivityDeps['store']): Promise<TrainingReport | null> {
  const path = await store.pathOf(sha256)
  if (path === null) return null
  const read = trainingReport.safeParse(JSON.parse(await readFile(path, 'utf8')))
  return read.success ? read.data : null
}
