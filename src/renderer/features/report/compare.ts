/** What differs between two models, worst news first: plain functions, so that they are checked without drawing. */
import {
  higherIsBetter,
  listMetrics,
  type MetricName,
  type MetricValues,
  metricLabels,
  type TrainingReport,
} from '../../../contract/training.ts'
import { sentenceStart } from '../../ui/format.ts'

/** A metric's name where a sentence or a table cell begins with it. */
export const metricWords = (metric: MetricName) => sentenceStart(metricLabels[metric])

/** The figure that stands for the model where there is room for one. */
export function mainMetric(values: MetricValues): MetricName | null {
  return (
    (['mae', 'macro_f1', 'accuracy'] as const).find((name) => values[name] !== undefined) ?? listMetrics(values)[0]?.name ?? null
  )
}

export type Verdict = 'better' | 'worse' | 'same'

export interface MetricChange {
  metric: MetricName
  from: number
  to: number
  change: number
  /** Of the change to where it began, unsigned; null where it began at 0. */
  share: number | null
  verdict: Verdict
}

function verdictOf(metric: MetricName, change: number): Verdict {
  if (change === 0) return 'same'
  return change > 0 === higherIsBetter[metric] ? 'better' : 'worse'
}

/** Metrics are differently long, so their changes are ranked by share; a start of 0 counts as the greatest change. */
const badness = ({ verdict, share }: MetricChange) => (verdict === 'same' ? 0 : (share ?? 1e9) * (verdict === 'worse' ? 1 : -1))

/** From a reference to a candidate, over the metrics that both have: what got worse first, by how much. */
export function compareMetrics(from: MetricValues, to: MetricValues): MetricChange[] {
  return listMetrics(from)
    .flatMap(({ name: metric, value: before }) => {
      const after = to[metric]
      if (after === undefined) return []
      const change = after - before
      return {
        metric,
        from: before,
        to: after,
        change,
        share: before === 0 ? (change === 0 ? 0 : null) : Math.abs(change / before),
        verdict: verdictOf(metric, change),
      }
    })
    .sort((a, b) => badness(b) - badness(a))
}

export interface SliceChange extends MetricChange {
  column: string
  value: string
  rows: number
}

/** The slices that both models were measured on, what got worse first. `metric` must be of both. */
export function compareSlices(from: TrainingReport['slices'], to: TrainingReport['slices'], metric: MetricName): SliceChange[] {
  const key = ({ column, value }: { column: string; value: string }) => JSON.stringify([column, value])
  const before = new Map(from.map((slice) => [key(slice), slice.metrics]))
  return to
    .flatMap(({ column, value, rows, metrics }) => {
      const was = before.get(key({ column, value }))
      const change = was ? compareMetrics({ [metric]: was[metric] }, { [metric]: metrics[metric] })[0] : undefined
      return change ? { ...change, column, value, rows } : []
    })
    .sort((a, b) => badness(b) - badness(a))
}

/** Worst first by one metric. */
export function worstSlices(slices: TrainingReport['slices'], metric: MetricName): TrainingReport['slices'] {
  const value = (slice: TrainingReport['slices'][number]) => slice.metrics[metric] ?? 0
  return slices
    .filter((slice) => slice.metrics[metric] !== undefined)
    .sort((a, b) => (higherIsBetter[metric] ? value(a) - value(b) : value(b) - value(a)))
}

export type Setting = number | string | boolean | null | undefined
export interface SettingPair {
  name: string
  from: Setting
  to: Setting
  differs: boolean
}

/** Every setting of either, the differing ones first, each group by name. A setting that one has not is undefined there. */
export function compareSettings(from: Record<string, Setting>, to: Record<string, Setting>): SettingPair[] {
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort((a, b) => a.localeCompare(b, 'en'))
  return names
    .map((name) => ({ name, from: from[name], to: to[name], differs: from[name] !== to[name] }))
    .sort((a, b) => Number(b.differs) - Number(a.differs))
}

/** A setting's name as words: `learning_rate` and `learningRate` read the same. */
export const settingWords = (name: string) => {
  const spaced = name.replaceAll('_', ' ').replace(/([a-z0-9])([A-Z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`)
  return sentenceStart(spaced)
}
export const settingValue = (value: Setting) =>
  value === undefined ? 'not there' : value === null ? 'none' : value === true ? 'yes' : value === false ? 'no' : String(value)

/** How well predictions of numbers fit, in a few figures. `bias` above 0: predictions are too high. */
export function residualsOf(predictions: NonNullable<TrainingReport['predictions']>) {
  const sizes = predictions.map(({ actual, predicted }) => Math.abs(predicted - actual)).sort((a, b) => a - b)
  const at = (share: number) => sizes[Math.min(sizes.length - 1, Math.floor(sizes.length * share))] ?? 0
  const bias = predictions.reduce((sum, { actual, predicted }) => sum + predicted - actual, 0) / Math.max(1, predictions.length)
  return { half: at(0.5), most: at(0.9), greatest: sizes.at(-1) ?? 0, bias }
}

/** What is mistaken for what, most frequent first. */
export function confusions({ classes, counts }: NonNullable<TrainingReport['confusion']>) {
  return counts
    .flatMap((row, actual) =>
      row.map((n, predicted) => ({
        actual: classes[actual] ?? '',
        predicted: classes[predicted] ?? '',
        n,
        right: actual === predicted,
      })),
    )
    .filter(({ n, right }) => n > 0 && !right)
    .sort((a, b) => b.n - a.n)
}
