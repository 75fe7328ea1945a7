/** What a data set looks like and how a model did on it: the profile and the report that the console draws. */
import { z } from 'zod'

export const task = z.enum(['regression', 'binary', 'multiclass'])
export type Task = z.infer<typeof task>

/** `accuracy` of a regression is the share within a stated tolerance. */
export const metricName = z.enum(['mae', 'rmse', 'r2', 'accuracy', 'macro_f1', 'log_loss', 'auc'])
export type MetricName = z.infer<typeof metricName>
/** Which metrics are there depends on the task; every value is finite. */
export const metricValues = z.partialRecord(metricName, z.number())
export type MetricValues = z.infer<typeof metricValues>
/** Metrics of which more is better; of the others less is. */
export const higherIsBetter: Record<MetricName, boolean> = {
  mae: false,
  rmse: false,
  r2: true,
  accuracy: true,
  macro_f1: true,
  log_loss: false,
  auc: true,
}

/** In the order in which figures are named. */
export const metricLabels: Record<MetricName, string> = {
  accuracy: 'accuracy',
  mae: 'MAE',
  rmse: 'RMSE',
  r2: 'R²',
  macro_f1: 'macro F1',
  log_loss: 'log loss',
  auc: 'AUC',
}
const metricOrder = Object.keys(metricLabels) as MetricName[]

/** The figures that there are, named and in order. */
export const listMetrics = (values: MetricValues): { name: MetricName; label: string; value: number }[] =>
  metricOrder.flatMap((name) => {
    const value = values[name]
    return value === undefined ? [] : [{ name, label: metricLabels[name], value }]
  })

/** `accuracy 0.913, MAE 1.51, R² 0.842` */
export const metricsInWords = (values: MetricValues): string =>
  listMetrics(values)
    .map(({ label, value }) => `${label} ${Math.round(value * 1000) / 1000}`)
    .join(', ')

export const columnProfile = z.object({
  name: z.string(),
  type: z.enum(['number', 'date', 'boolean', 'text', 'empty']),
  role: z.enum(['feature', 'target', 'ignored', 'leak', 'constant', 'empty']),
  /** Why a column is not used, or how it is treated, in a sentence; null when there is nothing to say. */
  why: z.string().nullable(),
  missing: z.number().int(),
  distinct: z.number().int(),
  /** Of a number column; dates give ISO 8601 texts in `from` and `to` of `histogram` instead. */
  min: z.number().nullable(),
  max: z.number().nullable(),
  mean: z.number().nullable(),
  median: z.number().nullable(),
  standardDeviation: z.number().nullable(),
  /** Number and date columns: bins of equal width. */
  histogram: z.array(z.object({ from: z.string(), to: z.string(), count: z.number().int() })).nullable(),
  /** Text and boolean columns: the most frequent values, most frequent first. */
  top: z.array(z.object({ value: z.string(), count: z.number().int() })).nullable(),
})
export type ColumnProfile = z.infer<typeof columnProfile>

export const dataProfile = z.object({
  rows: z.number().int(),
  duplicates: z.number().int(),
  delimiter: z.string(),
  encoding: z.string(),
  hasHeader: z.boolean(),
  quarantined: z.object({
    count: z.number().int(),
    /** 0 to 1, of all rows in the file. */
    share: z.number(),
    /** The first of them; all are in the quarantine file. `line` counts from 1 and includes the header. */
    examples: z.array(z.object({ line: z.number().int(), reason: z.string() })),
  }),
  columns: z.array(columnProfile),
  /** Sentences about what was noticed and tolerated. */
  notes: z.array(z.string()),
})
export type DataProfile = z.infer<typeof dataProfile>

export const curvePoint = z.object({ round: z.number().int(), training: z.number(), validation: z.number().nullable() })
export type CurvePoint = z.infer<typeof curvePoint>

/** How a model was made and how it did on rows that it never saw (the test part), beside the trivial baseline. */
export const trainingReport = z.object({
  modelId: z.string(),
  trainer: z.string(),
  task,
  target: z.string(),
  /** Settings of the trainer, by name. */
  settings: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])),
  rows: z.object({ training: z.number().int(), validation: z.number().int(), test: z.number().int() }),
  /** What the curve shows, e.g. `RMSE`. */
  loss: z.string(),
  curve: z.array(curvePoint),
  bestRound: z.number().int().nullable(),
  /** Gain by raw column, largest first; adds up to 1. */
  importance: z.array(z.object({ column: z.string(), gain: z.number() })),
  metrics: metricValues,
  baseline: metricValues,
  /** Regression: predictions within this distance count as accurate. */
  tolerance: z.number().nullable(),
  slices: z.array(
    z.object({
      column: z.string(),
      value: z.string(),
      rows: z.number().int(),
      metrics: metricValues,
      /** The trivial model's figures on the same rows. */
      baseline: metricValues.optional(),
    }),
  ),
  /** Regression: at most 1,000 test rows, drawn evenly. */
  predictions: z.array(z.object({ actual: z.number(), predicted: z.number() })).nullable(),
  /** Classification: `counts[actual][predicted]`, in the order of `classes`. */
  confusion: z.object({ classes: z.array(z.string()), counts: z.array(z.array(z.number().int())) }).nullable(),
  /** Two classes: the ROC curve, from (0, 0) to (1, 1), at most 200 points. */
  roc: z.array(z.object({ falsePositiveRate: z.number(), truePositiveRate: z.number() })).nullable(),
})
export type TrainingReport = z.infer<typeof trainingReport>
