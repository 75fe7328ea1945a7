/** Makes the report of a training from its table and its test predictions. Pure. */
import type { MetricValues, TrainingReport } from '../contract/training.ts'
import type { FeatureSchema } from './featureSchema.ts'
import type { SliceFigures } from './gate.ts'
import {
  classificationMetrics,
  confusionCounts,
  fitTrivial,
  positives,
  regressionMetrics,
  rocCurve,
  type Trivial,
  thinned,
  trivialMetrics,
} from './metrics.ts'
import { type SliceColumn, type TrainingTable, testPart, trainingPart, validationPart } from './table.ts'

export type TrainedFacts = Pick<
  TrainingReport,
  'modelId' | 'trainer' | 'settings' | 'loss' | 'curve' | 'bestRound' | 'importance'
>

/** Slices of a column with more categories than this would each say next to nothing. */
const mostCategories = 50
const mostPredictions = 1000

/**
 * @param predictions for the rows of the test part, in the table's order: a value each, or a probability per class
 * @throws Error when there are not as many predictions as the test part asks for, or one is not finite
 */
export function buildReport(
  { table, schema, slices }: { table: TrainingTable; schema: FeatureSchema; slices: readonly SliceColumn[] },
  predictions: Float64Array,
  trained: TrainedFacts,
  wantedTolerance: number | null,
): TrainingReport {
  const classes = schema.classes?.length ?? 1
  const rowsOf = (part: number) => rowsWhere(table.part, part)
  const test = rowsOf(testPart)
  const training = rowsOf(trainingPart)
  if (predictions.length !== test.length * classes) {
    throw new Error(`the trainer gave ${predictions.length} predictions for ${test.length} test rows of ${classes} values each`)
  }
  const odd = predictions.findIndex((value) => !Number.isFinite(value))
  if (odd !== -1) throw new Error(`the trainer's prediction for test row ${Math.floor(odd / classes) + 1} is ${predictions[odd]}`)

  const labels = Float32Array.from(training, (row) => table.label[row] as number)
  const actual = Float64Array.from(test, (row) => table.label[row] as number)
  const trivial = fitTrivial(schema.task, labels, classes)
  const tolerance = schema.task === 'regression' ? (wantedTolerance ?? defaultTolerance(labels)) : null
  const judgeRows = (rows: Uint32Array) => figures(schema, trivial, actual, predictions, rows, tolerance ?? 0)
  const all = judgeRows(Uint32Array.from(test, (_, i) => i))
  const sliceFigures = slices
    .filter(({ categories }) => categories.length > 1 && categories.length <= mostCategories)
    .flatMap((slice) => figuresPerCategory(slice, test, judgeRows))
  const scores = classes === 2 ? positives(predictions) : null

  return {
    ...trained,
    task: schema.task,
    target: schema.target,
    rows: { training: training.length, validation: rowsOf(validationPart).length, test: test.length },
    metrics: all.metrics,
    baseline: all.baseline,
    tolerance,
    slices: sliceFigures,
    predictions:
      schema.classes === null
        ? thinned(
            Array.from(actual, (value, i) => ({ actual: value, predicted: predictions[i] as number })),
            mostPredictions,
          )
        : null,
    confusion: schema.classes && { classes: schema.classes, counts: confusionCounts(actual, predictions, classes) },
    roc: scores && rocCurve(actual, scores),
  }
}

function figures(
  schema: FeatureSchema,
  trivial: Trivial,
  actual: Float64Array,
  predictions: Float64Array,
  rows: Uint32Array,
  tolerance: number,
): { metrics: MetricValues; baseline: MetricValues } {
  const wanted = Float64Array.from(rows, (i) => actual[i] as number)
  const classes = schema.classes?.length ?? 1
  const given = new Float64Array(rows.length * classes)
  rows.forEach((i, at) => {
    given.set(predictions.subarray(i * classes, (i + 1) * classes), at * classes)
  })
  const metrics =
    schema.classes === null ? regressionMetrics(wanted, given, tolerance) : classificationMetrics(wanted, given, classes)
  return { metrics, baseline: trivialMetrics(trivial, wanted, tolerance) }
}

function figuresPerCategory(
  { column, categories, index }: SliceColumn,
  test: Uint32Array,
  judgeRows: (rows: Uint32Array) => Pick<SliceFigures, 'metrics' | 'baseline'>,
): SliceFigures[] {
  const rows: number[][] = categories.map(() => [])
  test.forEach((row, i) => {
    rows[index[row] as number]?.push(i)
  })
  return categories.flatMap((value, c) => {
    const own = rows[c] as number[]
    return own.length === 0 ? [] : [{ column, value, rows: own.length, ...judgeRows(Uint32Array.from(own)) }]
  })
}

const rowsWhere = (part: Uint8Array, wanted: number): Uint32Array => {
  const rows = new Uint32Array(part.length)
  let found = 0
  for (let row = 0; row < part.length; row++) if (part[row] === wanted) rows[found++] = row
  return rows.slice(0, found)
}

/** A tenth of the middle 90 % of the training part's values, to two digits that count: what is near depends on the data. */
export function defaultTolerance(labels: Float32Array): number {
  const sorted = labels.slice().sort()
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
  const spread = at(0.95) - at(0.05) || at(1) - at(0) || 1
  return Number((spread / 10).toPrecision(2))
}
