import { demoGate, type Pipeline } from '../../contract/pipelines.ts'
import { higherIsBetter, type MetricName, metricLabels, type TrainingReport } from '../../contract/training.ts'
import type { DataPlan } from '../../training/dataPlan.ts'
import { isPossible, judge, type Measured, type ProductionFigures } from '../../training/gate.ts'
import { failureTypes } from '../retries.ts'
import type { AssessInput, AssessResult, PreprocessResult } from '../types.ts'
import type { ActivityDeps } from './deps.ts'
import { permanent } from './failures.ts'
import type { StepContext } from './stepContext.ts'
import { readStoredJson, storedPath } from './storedJson.ts'

type Deps = Pick<ActivityDeps, 'store' | 'data' | 'inProduction'>

/** How the demonstration judges; what a run without a pipeline is judged by. */
const demonstration: Pick<Pipeline, 'gate' | 'askForProduction'> = {
  gate: demoGate,
  askForProduction: { metric: 'accuracy', beyond: 0.85 },
}

/**
 * Judges a model by its pipeline's gate. `reasons` say in words what failed, or why production is not asked for.
 * @throws ApplicationFailure MalformedMetrics when a figure that the demo trainer is judged by is missing, not a number, or
 * not possible. A real model's figures come from here; one that cannot be had fails its check.
 */
export async function assessModelQuality(input: AssessInput, step: StepContext, deps: Deps): Promise<AssessResult> {
  const { gate, askForProduction } = input.prepared?.pipeline ?? demonstration
  const report = input.trained?.report
    ? await readStoredJson<TrainingReport>(deps.store, input.trained.report, 'The report of the training')
    : null
  if (report === null) for (const rule of gate) if (rule.kind === 'limit') checkMetric(input, rule.metric)
  const compares = gate.some(({ kind }) => kind === 'production')
  const measured: Measured = {
    task: report?.task ?? null,
    metrics: report?.metrics ?? input.metrics,
    baseline: report?.baseline ?? null,
    slices: (report?.slices ?? []).map((slice) => ({ ...slice, baseline: slice.baseline ?? {} })),
    production:
      compares && report && input.prepared
        ? await inProduction(input.prepared, report, step, deps)
        : { state: 'nothingToCompare', reason: 'The demo trainer looks at no rows: there is nothing to compare.' },
  }
  const { passed, checks, reasons } = judge(gate, measured)
  // Tables and checkpoints have served their purpose, also while the run waits for an operator.
  await deps.data.forget(step.ids.runId)
  const hesitation = passed && askForProduction ? whyNotProduction(measured, askForProduction) : null
  return {
    passed,
    ask_for_production: passed && hesitation === null,
    checks,
    reasons: hesitation === null ? reasons : [...reasons, hesitation],
  }
}

function whyNotProduction({ metrics }: Measured, { metric, beyond }: NonNullable<Pipeline['askForProduction']>): string | null {
  const value = metrics[metric]
  const better = higherIsBetter[metric]
  if (isPossible(metric, value) && (better ? value > beyond : value < beyond)) return null
  return `${metricLabels[metric]} ${value ?? 'is missing and'} is not ${better ? 'above' : 'below'} ${beyond}`
}

/** The model now in production, on the test rows of this run. */
async function inProduction(
  { dataset, plan: planFile }: PreprocessResult,
  report: TrainingReport,
  step: StepContext,
  { store, data, inProduction }: Deps,
): Promise<ProductionFigures> {
  const current = await inProduction()
  if (current === null) return { state: 'nothingToCompare', reason: 'Nothing is in production yet: there is nothing to compare.' }
  const { modelId, sha256 } = current
  // Model ids begin with the trainer's name; the demo trainer's models answer nothing.
  if (modelId.startsWith('demo-')) {
    return {
      state: 'nothingToCompare',
      reason: `The model in production (${modelId}) is a demo model: there is nothing to compare.`,
    }
  }
  const path = await store.pathOf(sha256)
  if (path === null || !(await store.verify(sha256))) {
    return {
      state: 'unknown',
      reason: `The file of the model in production (${modelId}) is missing or changed, so it cannot be compared with.`,
    }
  }
  if (!planFile) return { state: 'unknown', reason: 'The run does not say how its file is read, so its rows cannot be compared.' }
  const plan = await readStoredJson<DataPlan>(store, planFile, `What was found in ${dataset.file_name}`)
  const file = {
    path: await storedPath(store, dataset, `The stored copy of ${dataset.file_name}`),
    fileName: dataset.file_name,
    runId: step.ids.runId,
  }
  const given = { model: { path, modelId }, tolerance: report.tolerance ?? 0 }
  return data.compare(file, plan, given, { signal: step.signal, onProgress: step.reportProgress })
}

function checkMetric({ metrics }: AssessInput, name: MetricName): void {
  // NaN and Infinity arrive as null: JSON has no word for them.
  const value = (metrics as AssessInput['metrics'] | null | undefined)?.[name]
  if (!isPossible(name, value)) {
    throw permanent(
      failureTypes.malformedMetrics,
      `The trainer gave no usable ${name}: ${value === undefined ? 'it is missing' : String(value)}. The model was not judged and not deployed.`,
    )
  }
}
