/**
 * Losses and their derivatives with respect to the margin, as XGBoost has them for reg:squarederror, binary:logistic and
 * multi:softprob (src/objective/regression_loss.h, multiclass_obj.cu).
 */
import type { Task } from '../../contract/training.ts'
import type { Binned } from './binning.ts'
import { chunkRows, type Workspace } from './workspace.ts'

/** Below this a second derivative counts as nothing, and nothing can be divided by it. */
const leastHessian = 1e-16

export const sigmoid = (margin: number) => 1 / (1 + Math.exp(-margin))

/** What the curve of a task shows. */
export const lossName: Record<Task, string> = { regression: 'RMSE', binary: 'log loss', multiclass: 'log loss' }

/**
 * What is predicted before the first tree: the mean for a regression, the share of the second class for two; 0.5 for more,
 * where it is the same for all and changes nothing. In 32 bits, as it is kept in the model.
 */
export function baseScore(task: Task, { label, weight, training }: Binned): number {
  if (task === 'multiclass') return 0.5
  let sum = 0
  let weights = 0
  for (let i = 0; i < training; i++) {
    const w = weight ? (weight[i] as number) : 1
    sum += (label[i] as number) * w
    weights += w
  }
  const mean = sum / weights
  return Math.fround(task === 'binary' ? Math.min(Math.max(mean, 1e-6), 1 - 1e-6) : mean)
}

/** The margin that a base score stands for. */
export const baseMargin = (task: Task, score: number) => Math.fround(task === 'binary' ? -Math.log(1 / score - 1) : score)

/** First comes a chunk per `chunkRows` training rows, then one per as many validation rows. */
export function chunksOf({ rows, training }: Binned): { training: number; all: number } {
  const first = Math.ceil(training / chunkRows)
  return { training: first, all: first + Math.ceil((rows - training) / chunkRows) }
}

/**
 * Phase: the loss of one chunk of rows, and for training rows what the next tree is grown from. The sums of weighted losses
 * and of weights go to `chunkSums`.
 */
export function evaluateChunk(ws: Workspace, chunk: number): void {
  const { training, rows, chunkSums } = ws
  const first = chunksOf(ws).training
  const isTraining = chunk < first
  const from = isTraining ? chunk * chunkRows : training + (chunk - first) * chunkRows
  const to = Math.min(from + chunkRows, isTraining ? training : rows)
  const evaluate = { regression: evaluateSquared, binary: evaluateLogistic, multiclass: evaluateSoftmax }[ws.task]
  chunkSums[2 * chunk] = evaluate(ws, from, to, isTraining)
  let weights = to - from
  if (ws.weight) {
    weights = 0
    for (let i = from; i < to; i++) weights += ws.weight[i] as number
  }
  chunkSums[2 * chunk + 1] = weights
}

function evaluateSquared({ margins, label, weight, gradients }: Workspace, from: number, to: number, training: boolean): number {
  let sum = 0
  for (let i = from; i < to; i++) {
    const w = weight ? (weight[i] as number) : 1
    const difference = (margins[i] as number) - (label[i] as number)
    sum += difference * difference * w
    if (training) {
      gradients[2 * i] = difference * w
      gradients[2 * i + 1] = w
    }
  }
  return sum
}

function evaluateLogistic({ margins, label, weight, gradients }: Workspace, from: number, to: number, training: boolean): number {
  let sum = 0
  for (let i = from; i < to; i++) {
    const w = weight ? (weight[i] as number) : 1
    const margin = margins[i] as number
    const y = label[i] as number
    const small = Math.exp(-Math.abs(margin))
    const p = margin >= 0 ? 1 / (1 + small) : small / (1 + small)
    // log(1 + exp(margin)) - y * margin, without overflow.
    sum += (Math.max(margin, 0) - y * margin + Math.log1p(small)) * w
    if (training) {
      gradients[2 * i] = (p - y) * w
      gradients[2 * i + 1] = Math.max(p * (1 - p), leastHessian) * w
    }
  }
  return sum
}

function evaluateSoftmax(ws: Workspace, from: number, to: number, training: boolean): number {
  const { margins, label, weight, logSum, outputs, rows } = ws
  let sum = 0
  for (let i = from; i < to; i++) {
    let most = Number.NEGATIVE_INFINITY
    for (let k = 0; k < outputs; k++) most = Math.max(most, margins[k * rows + i] as number)
    let total = 0
    for (let k = 0; k < outputs; k++) total += Math.exp((margins[k * rows + i] as number) - most)
    const log = most + Math.log(total)
    if (training) logSum[i] = log
    sum += (log - (margins[(label[i] as number) * rows + i] as number)) * (weight ? (weight[i] as number) : 1)
  }
  return sum
}

/** Phase, for more than two classes only: the derivatives for the tree of class `state[at.output]`. */
export function softmaxChunk(ws: Workspace, chunk: number, output: number): void {
  const { margins, label, weight, logSum, gradients, training, rows } = ws
  const to = Math.min((chunk + 1) * chunkRows, training)
  for (let i = chunk * chunkRows; i < to; i++) {
    const w = weight ? (weight[i] as number) : 1
    const p = Math.exp((margins[output * rows + i] as number) - (logSum[i] as number))
    gradients[2 * i] = (p - (label[i] === output ? 1 : 0)) * w
    gradients[2 * i + 1] = Math.max(2 * p * (1 - p), leastHessian) * w
  }
}
