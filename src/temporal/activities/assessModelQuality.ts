import { demoGate } from '../../contract/pipelines.ts'
import { type MetricName, type MetricValues, metricLabels } from '../../contract/training.ts'
import { isPossible, judge } from '../../training/gate.ts'
import { failureTypes } from '../retries.ts'
import type { AssessInput, AssessResult } from '../types.ts'
import { permanent } from './failures.ts'

/** Production is asked for above this accuracy. */
const productionAccuracy = 0.85

/**
 * Judges a model. `reasons` say in words what failed, or why production is not asked for.
 * @throws ApplicationFailure MalformedMetrics when a metric is missing, not a number, or not possible.
 */
export function assessModelQuality({ metrics }: AssessInput): AssessResult {
  for (const { metric } of demoGate as { metric: MetricName }[]) checkMetric(metrics, metric)
  const verdict = judge(demoGate, {
    task: null,
    metrics,
    baseline: null,
    slices: [],
    production: { state: 'nothingToCompare', reason: '' },
  })
  const accuracy = metrics.accuracy as number
  const askForProduction = verdict.passed && accuracy > productionAccuracy
  const reasons = [...verdict.reasons]
  if (verdict.passed && !askForProduction) {
    reasons.push(`${metricLabels.accuracy} ${accuracy} is not above ${productionAccuracy.toFixed(2)}`)
  }
  return { passed: verdict.passed, ask_for_production: askForProduction, checks: verdict.checks, reasons }
}

function checkMetric(metrics: MetricValues, name: MetricName): void {
  // NaN and Infinity arrive as null: JSON has no word for them.
  const value = (metrics as MetricValues | null | undefined)?.[name]
  if (!isPossible(name, value)) {
    throw permanent(
      failureTypes.malformedMetrics,
      `The trainer gave no usable ${name}: ${value === undefined ? 'it is missing' : String(value)}. The model was not judged and not deployed.`,
    )
  }
}
