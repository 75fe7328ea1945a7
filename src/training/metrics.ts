/** How good predictions are: the figures of a report and of the gate, each in its textbook form. Pure. */
import type { MetricValues, Task } from '../contract/training.ts'

/** Probabilities are kept this far from 0 and 1, so that one sure mistake is not infinitely bad (scikit-learn's log_loss does so by the precision of a double). */
const epsilon = 2 ** -52

/**
 * @param predicted as many values as `actual`
 * @param tolerance predictions within this distance count as accurate
 * @returns MAE, RMSE, R2 and accuracy; R2 is left out where all actual values are equal, all are where there are no rows
 */
export function regressionMetrics(actual: ArrayLike<number>, predicted: ArrayLike<number>, tolerance: number): MetricValues {
  const rows = actual.length
  if (rows === 0) return {}
  let sum = 0
  for (let i = 0; i < rows; i++) sum += actual[i] as number
  const mean = sum / rows
  let absolute = 0
  let squared = 0
  let spread = 0
  let within = 0
  for (let i = 0; i < rows; i++) {
    const error = (predicted[i] as number) - (actual[i] as number)
    absolute += Math.abs(error)
    squared += error * error
    spread += ((actual[i] as number) - mean) ** 2
    // Half a rounding error of the difference must not decide at the edge.
    if (Math.abs(error) <= tolerance * (1 + 1e-9)) within++
  }
  return finite({
    accuracy: within / rows,
    mae: absolute / rows,
    rmse: Math.sqrt(squared / rows),
    ...(spread > 0 && { r2: 1 - squared / spread }),
  })
}

/**
 * @param actual a class index per row
 * @param probabilities one per class, row after row
 * @returns accuracy, macro F1 (over the classes that occur, actual or predicted), log loss, and for two classes AUC, which
 * is left out where only one of them occurs
 */
export function classificationMetrics(
  actual: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  classes: number,
): MetricValues {
  const rows = actual.length
  if (rows === 0) return {}
  const counts = confusionCounts(actual, probabilities, classes)
  let right = 0
  let loss = 0
  for (let c = 0; c < classes; c++) right += counts[c]?.[c] ?? 0
  for (let i = 0; i < rows; i++) {
    let total = 0
    for (let c = 0; c < classes; c++) total += probabilities[i * classes + c] as number
    const given = (probabilities[i * classes + (actual[i] as number)] as number) / total
    loss -= Math.log(Math.min(1 - epsilon, Math.max(epsilon, given)))
  }
  const auc = classes === 2 ? areaUnderCurve(actual, positives(probabilities)) : null
  return finite({ accuracy: right / rows, macro_f1: macroF1(counts), log_loss: loss / rows, ...(auc !== null && { auc }) })
}

/** `counts[actual][predicted]`; the most probable class is the predicted one, the first of equals. */
export function confusionCounts(actual: ArrayLike<number>, probabilities: ArrayLike<number>, classes: number): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (let i = 0; i < actual.length; i++) {
    let best = 0
    for (let c = 1; c < classes; c++)
      if ((probabilities[i * classes + c] as number) > (probabilities[i * classes + best] as number)) best = c
    const row = counts[actual[i] as number] as number[]
    row[best] = (row[best] as number) + 1
  }
  return counts
}

function macroF1(counts: number[][]): number {
  const scores: number[] = []
  for (let c = 0; c < counts.length; c++) {
    const hits = counts[c]?.[c] ?? 0
    const actual = (counts[c] ?? []).reduce((a, b) => a + b, 0)
    const predicted = counts.reduce((sum, row) => sum + (row[c] ?? 0), 0)
    if (actual + predicted > 0) scores.push((2 * hits) / (actual + predicted))
  }
  return scores.reduce((a, b) => a + b, 0) / scores.length
}

/** The probability of the second class, per row. */
export const positives = (probabilities: ArrayLike<number>): Float64Array =>
  Float64Array.from({ length: probabilities.length / 2 }, (_, i) => probabilities[i * 2 + 1] as number)

/** By rank sums (Mann and Whitney, 1947), ties at their mean rank; null where only one class occurs. */
function areaUnderCurve(actual: ArrayLike<number>, scores: Float64Array): number | null {
  const order = byScore(scores)
  let positiveRows = 0
  let rankSum = 0
  for (let from = 0; from < order.length; ) {
    let to = from
    let positive = 0
    const score = scores[order[from] as number]
    for (; to < order.length && scores[order[to] as number] === score; to++) if (actual[order[to] as number] === 1) positive++
    rankSum += positive * ((from + to + 1) / 2)
    positiveRows += positive
    from = to
  }
  const negativeRows = order.length - positiveRows
  if (positiveRows === 0 || negativeRows === 0) return null
  return (rankSum - (positiveRows * (positiveRows + 1)) / 2) / (positiveRows * negativeRows)
}

const byScore = (scores: Float64Array) =>
  Uint32Array.from(scores, (_, i) => i).sort((a, b) => (scores[a] as number) - (scores[b] as number))

/** From (0, 0) to (1, 1), the highest score first; at most `most` points. null where only one class occurs. */
export function rocCurve(
  actual: ArrayLike<number>,
  scores: Float64Array,
  most = 200,
): { falsePositiveRate: number; truePositiveRate: number }[] | null {
  const order = byScore(scores).reverse()
  let positiveRows = 0
  for (let i = 0; i < actual.length; i++) if (actual[i] === 1) positiveRows++
  const negativeRows = actual.length - positiveRows
  if (positiveRows === 0 || negativeRows === 0) return null
  const points = [{ falsePositiveRate: 0, truePositiveRate: 0 }]
  let hits = 0
  let misses = 0
  for (let i = 0; i < order.length; i++) {
    if (actual[order[i] as number] === 1) hits++
    else misses++
    const last = i === order.length - 1
    if (last || scores[order[i] as number] !== scores[order[i + 1] as number])
      points.push({ falsePositiveRate: misses / negativeRows, truePositiveRate: hits / positiveRows })
  }
  return thinned(points, most)
}

/** At most `most` of a list, evenly, the first and the last among them. */
export function thinned<T>(list: readonly T[], most: number): T[] {
  if (list.length <= most) return [...list]
  return Array.from({ length: most }, (_, i) => list[Math.round((i * (list.length - 1)) / (most - 1))] as T)
}

/** The model that knows the training part's target and nothing else. */
export interface Trivial {
  task: Task
  mean: number
  median: number
  /** Share of each class. */
  prior: number[]
}

/** @param labels of the training part */
export function fitTrivial(task: Task, labels: Float32Array, classes: number): Trivial {
  if (task === 'regression') {
    const sorted = Float64Array.from(labels).sort()
    const middle = sorted.length / 2
    const median = ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle) - 1] ?? 0)) / 2
    return { task, mean: sorted.reduce((a, b) => a + b, 0) / Math.max(1, sorted.length), median, prior: [] }
  }
  const prior = new Array<number>(classes).fill(0)
  for (const label of labels) prior[label] = (prior[label] as number) + 1 / labels.length
  return { task, mean: 0, median: 0, prior }
}

/**
 * The trivial model's figures on given rows: the median's MAE and accuracy, the mean's RMSE and R2, the majority's accuracy
 * and macro F1, the prior's log loss and AUC, each the best that a constant can do.
 */
export function trivialMetrics(trivial: Trivial, actual: ArrayLike<number>, tolerance: number): MetricValues {
  const rows = actual.length
  if (trivial.task === 'regression') {
    const constant = (value: number) => regressionMetrics(actual, new Float64Array(rows).fill(value), tolerance)
    const { mae, accuracy } = constant(trivial.median)
    const { rmse, r2 } = constant(trivial.mean)
    return finite({ accuracy, mae, rmse, r2 })
  }
  const { prior } = trivial
  const probabilities = new Float64Array(rows * prior.length)
  for (let i = 0; i < rows; i++) probabilities.set(prior, i * prior.length)
  return classificationMetrics(actual, probabilities, prior.length)
}

/** NaN and infinities are no figures: they are left out, so that nothing can mistake one for a value. */
export function finite(values: Partial<Record<keyof MetricValues, number | undefined>>): MetricValues {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => Number.isFinite(value))) as MetricValues
}
