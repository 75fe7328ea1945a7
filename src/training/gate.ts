/** The quality gate: rules of a pipeline held against what was measured. Pure. */
import { assertNever, type GateCheck } from '../contract/model.ts'
import type { GateMetric, GateRule } from '../contract/pipelines.ts'
import { higherIsBetter, type MetricName, type MetricValues, metricLabels, type Task } from '../contract/training.ts'

/** What is known of the model now in production, on the candidate's test rows. */
export type ProductionFigures =
  | { state: 'measured'; modelId: string; metrics: MetricValues }
  /** There is none, or it answers another question: nothing can get worse. */
  | { state: 'nothingToCompare'; reason: string }
  /** There is one, and it could not be asked: whether something gets worse is not known. */
  | { state: 'unknown'; reason: string }

export interface SliceFigures {
  column: string
  value: string
  rows: number
  metrics: MetricValues
  baseline: MetricValues
}

export interface Measured {
  /** null for the demo trainer, which looks at no rows. */
  task: Task | null
  metrics: MetricValues
  baseline: MetricValues | null
  slices: SliceFigures[]
  production: ProductionFigures
}

export interface Verdict {
  passed: boolean
  checks: GateCheck[]
  /** What failed, in words; empty when all passed. */
  reasons: string[]
}

/** Judges a model. A figure that is missing, NaN or infinite fails its check. */
export function judge(rules: readonly GateRule[], measured: Measured): Verdict {
  const checks = rules.map((rule) => check(rule, measured))
  const failed = checks.filter(({ passed }) => !passed)
  return { passed: failed.length === 0, checks, reasons: failed.map(({ reason }) => reason.replace(/\.$/, '')) }
}

function check(rule: GateRule, measured: Measured): GateCheck {
  switch (rule.kind) {
    case 'limit':
      return limitCheck(rule, measured)
    case 'baseline':
      return baselineCheck(rule, measured)
    case 'production':
      return productionCheck(rule, measured)
    case 'slice':
      return sliceCheck(rule, measured)
    default:
      return assertNever(rule)
  }
}

/** `error` is the measure that every task of its kind has. */
const metricFor = (metric: GateMetric, task: Task | null): MetricName =>
  metric !== 'error' ? metric : task === 'binary' || task === 'multiclass' ? 'log_loss' : 'mae'

/** A value that a metric can have; anything else comes from a fault. */
export function isPossible(metric: MetricName, value: unknown): value is number {
  if (typeof value !== 'number' || !Number.isFinite(value)) return false
  if (metric === 'r2') return value <= 1
  return value >= 0 && (!higherIsBetter[metric] || value <= 1)
}

const read = (values: MetricValues | null, metric: MetricName): number | null => {
  const value = values?.[metric]
  return isPossible(metric, value) ? value : null
}

const comparisonOf = (metric: MetricName) => (higherIsBetter[metric] ? '>=' : '<=')
const holds = (metric: MetricName, observed: number, limit: number) =>
  higherIsBetter[metric] ? observed >= limit : observed <= limit

/** The value whose error is this many times as large: see `gateRule` for what an error is. */
export const scaleError = (metric: MetricName, value: number, factor: number): number =>
  higherIsBetter[metric] ? 1 - (1 - value) * factor : value * factor

type Part = Pick<GateCheck, 'kind' | 'metric' | 'label' | 'comparison'>
const partOf = (kind: GateCheck['kind'], metric: MetricName, label: string): Part => ({
  kind,
  metric,
  label: `${metricLabels[metric]}${label}`,
  comparison: comparisonOf(metric),
})

const notMeasured = (part: Part, limit: number | null, whose: string): GateCheck => ({
  ...part,
  observed: null,
  limit,
  passed: false,
  reason: `${whose} has no usable ${metricLabels[part.metric as MetricName]}, so this check cannot pass.`,
})

function limitCheck({ metric, limit }: Extract<GateRule, { kind: 'limit' }>, { metrics }: Measured): GateCheck {
  const part = partOf('limit', metric, '')
  const observed = read(metrics, metric)
  if (observed === null) return notMeasured(part, limit, 'The model')
  const passed = holds(metric, observed, limit)
  return { ...part, observed, limit, passed, reason: `${figureWords(metric, observed, limit, passed)}.` }
}

function baselineCheck(rule: Extract<GateRule, { kind: 'baseline' }>, { task, metrics, baseline }: Measured): GateCheck {
  const metric = metricFor(rule.metric, task)
  const part = partOf('baseline', metric, ' against the baseline')
  const observed = read(metrics, metric)
  const trivial = read(baseline, metric)
  if (trivial === null) return notMeasured(part, null, 'The baseline')
  const limit = scaleError(metric, trivial, 1 - rule.margin)
  if (observed === null) return notMeasured(part, limit, 'The model')
  const passed = holds(metric, observed, limit)
  const words = figureWords(metric, observed, limit, passed)
  return { ...part, observed, limit, passed, reason: `${words}: the baseline's ${figure(trivial)} ${lessWords(rule.margin)}.` }
}

function productionCheck(rule: Extract<GateRule, { kind: 'production' }>, { task, metrics, production }: Measured): GateCheck {
  const metric = metricFor(rule.metric, task)
  const part = partOf('production', metric, ' against production')
  const observed = read(metrics, metric)
  if (production.state === 'nothingToCompare') {
    return { ...part, observed, limit: null, passed: observed !== null, reason: production.reason }
  }
  if (production.state === 'unknown') return { ...part, observed, limit: null, passed: false, reason: production.reason }
  const current = read(production.metrics, metric)
  if (current === null) return notMeasured(part, null, `The model in production (${production.modelId})`)
  const limit = scaleError(metric, current, 1 + rule.margin)
  if (observed === null) return notMeasured(part, limit, 'The model')
  const passed = holds(metric, observed, limit)
  const words = figureWords(metric, observed, limit, passed)
  const where = `what ${production.modelId}, now in production, reaches on the same rows (${figure(current)})`
  return { ...part, observed, limit, passed, reason: `${words}: ${where} ${moreWords(rule.margin)}.` }
}

function sliceCheck(rule: Extract<GateRule, { kind: 'slice' }>, { task, metrics, slices }: Measured): GateCheck {
  const metric = metricFor(rule.metric, task)
  const part = partOf('slice', metric, ' in the worst slice')
  const overall = read(metrics, metric)
  if (overall === null) return notMeasured(part, null, 'The model')
  const large = slices.filter(({ rows }) => rows >= rule.minimumRows)
  if (large.length === 0) {
    const reason = `No category has ${rule.minimumRows} test rows, so there is no slice to look at.`
    return { ...part, observed: null, limit: null, passed: true, reason }
  }
  const judged = large.map((slice) => {
    const observed = read(slice.metrics, metric)
    const trivial = read(slice.baseline, metric)
    const widened = scaleError(metric, overall, 1 + rule.margin)
    // Where even the trivial model errs as much, the slice is hard, not forgotten.
    const limit = trivial === null ? widened : higherIsBetter[metric] ? Math.min(widened, trivial) : Math.max(widened, trivial)
    return { slice, observed, limit, distance: observed === null ? Number.POSITIVE_INFINITY : badness(metric, observed, limit) }
  })
  const worst = judged.reduce((a, b) => (b.distance > a.distance ? b : a))
  if (worst.observed === null) return notMeasured(part, worst.limit, `The slice ${sliceName(worst.slice)}`)
  const passed = holds(metric, worst.observed, worst.limit)
  const where = `in ${sliceName(worst.slice)} (${worst.slice.rows} test rows; ${figure(overall)} over all)`
  return {
    ...part,
    observed: worst.observed,
    limit: worst.limit,
    passed,
    reason: `${figureWords(metric, worst.observed, worst.limit, passed)} ${where}.`,
  }
}

const badness = (metric: MetricName, observed: number, limit: number) =>
  higherIsBetter[metric] ? limit - observed : observed - limit
const sliceName = ({ column, value }: SliceFigures) => `${short(column)} = ${short(value)}`
const short = (text: string) => (text.length > 60 ? `${text.slice(0, 60)}…` : text)

function figureWords(metric: MetricName, observed: number, limit: number, passed: boolean): string {
  const side = passed ? (higherIsBetter[metric] ? 'at least' : 'at most') : higherIsBetter[metric] ? 'below' : 'above'
  return `${metricLabels[metric]} ${figure(observed)} is ${side} ${figure(limit)}`
}

const percent = (share: number) => `${Math.round(Math.abs(share) * 1000) / 10} %`
const lessWords = (margin: number) =>
  margin === 0 ? 'is to be reached' : margin > 0 ? `with ${percent(margin)} less error` : `with ${percent(margin)} more error`
const moreWords = (margin: number) =>
  margin === 0
    ? 'is to be held'
    : margin > 0
      ? `with ${percent(margin)} more error allowed`
      : `with ${percent(margin)} less error`

/** Exact where it is short; four digits that count otherwise. */
const figure = (value: number) => `${Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(4))}`
