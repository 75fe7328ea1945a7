import type { GateCheck, Metrics } from '../../contract/model.ts'
import { failureTypes } from '../retries.ts'
import type { AssessInput, AssessResult } from '../types.ts'
import { permanent } from './failures.ts'

/** The quality gate, as the demonstration has it. */
const gate: readonly { name: keyof Metrics; label: string; comparison: '>=' | '<='; limit: number }[] = [
  { name: 'accuracy', label: 'accuracy', comparison: '>=', limit: 0.8 },
  { name: 'mae', label: 'MAE', comparison: '<=', limit: 2.5 },
  { name: 'r2', label: 'R2', comparison: '>=', limit: 0.7 },
]

/** Production is asked for above this accuracy. */
const productionAccuracy = 0.85

/** Values that a metric cannot have: they come from a fault, and must never pass for a good model. */
const possible: Record<keyof Metrics, (value: number) => boolean> = {
  accuracy: (value) => value >= 0 && value <= 1,
  mae: (value) => value >= 0,
  r2: (value) => value <= 1,
}

/**
 * Judges a model. `reasons` say in words what failed, or why production is not asked for.
 * @throws ApplicationFailure MalformedMetrics when a metric is missing, not a number, or not possible.
 */
export function assessModelQuality({ metrics }: AssessInput): AssessResult {
  const checks = gate.map(({ name, comparison, limit }): GateCheck => {
    const observed = readMetric(metrics, name)
    return { name, observed, limit, comparison, passed: comparison === '>=' ? observed >= limit : observed <= limit }
  })
  const failed = gate.filter((_, i) => !checks[i]?.passed)
  const passed = failed.length === 0
  const askForProduction = passed && metrics.accuracy > productionAccuracy
  const reasons = failed.map(
    ({ name, label, comparison, limit }) =>
      `${label} ${metrics[name]} is ${comparison === '>=' ? 'below' : 'above'} ${limit.toFixed(2)}`,
  )
  if (passed && !askForProduction) {
    reasons.push(`accuracy ${metrics.accuracy} is not above ${productionAccuracy.toFixed(2)}`)
  }
  return { passed, ask_for_production: askForProduction, checks, reasons }
}

function readMetric(metrics: unknown, name: keyof Metrics): number {
  // NaN and Infinity arrive as null: JSON has no word for them.
  const value = (metrics as Partial<Record<keyof Metrics, unknown>> | null | undefined)?.[name]
  if (typeof value !== 'number' || !Number.isFinite(value) || !possible[name](value)) {
    throw permanent(
      failureTypes.malformedMetrics,
      `The trainer gave no usable ${name}: ${value === undefined ? 'it is missing' : String(value)}. The model was not judged and not deployed.`,
    )
  }
  return value
}
