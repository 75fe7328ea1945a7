import type { BoostingSettings } from '../../contract/boosting.ts'
import type { Task } from '../../contract/training.ts'
import type { Binned } from './binning.ts'
import { shared } from './shared.ts'

/** Rows that one thread takes at a time. It also fixes in which order sums are made, so it never depends on the threads. */
export const chunkRows = 8192
/** Features are dealt out in at most so many blocks. */
const maxBlocks = 64
/** Above this, histograms are not kept from one level to the next, but counted anew. */
const histogramBudget = 256 * 1024 ** 2

/**
 * What the threads of a training work on: all arrays are shared memory, all numbers stay as they are. What changes from
 * phase to phase stands in `state`.
 */
export interface Workspace extends Binned {
  task: Task
  /** Trees per round: one, or one per class for more than two. */
  outputs: number
  l2: number
  minLeafWeight: number
  minSplitGain: number

  /** The model's answers so far, before any sigmoid or softmax: `outputs` times `rows` values. */
  margins: Float32Array
  /** First and second derivative of the loss for each training row, one after the other. */
  gradients: Float32Array
  /** For more than two classes: the logarithm of the sum over all classes of exp(margin), at the start of the round. */
  logSum: Float64Array
  /** Per chunk of rows: sums that are added up in order afterwards. */
  chunkSums: Float64Array

  /** The sampled training rows, ordered by the node that they are in; ascending within a node. */
  order: Uint32Array
  scratch: Uint32Array
  /** Rows that the tree does not see: those left out of the sample, then the validation rows. */
  rest: Uint32Array
  /** The sampled features, ascending. */
  sampled: Uint32Array
  state: Int32Array

  /** The tree that grows. Arrays have one value per node; a node's right child follows its left one. */
  left: Int32Array
  begin: Int32Array
  count: Int32Array
  feature: Int32Array
  /** Values of this range and of those before it go to the left. */
  bin: Int32Array
  missingLeft: Uint8Array
  sumGradient: Float64Array
  sumHessian: Float64Array
  gain: Float64Array
  answer: Float32Array

  /** Where a feature's histogram begins within a slot, in numbers: pairs of gradient and hessian sums per range. */
  histogramAt: Int32Array
  histogramSize: number
  /** A slot per node; empty where histograms are not kept. */
  histograms: Float64Array
  slot: Int32Array
  /** Nodes whose histogram is counted, and beside each its sibling whose histogram is the rest of the parent's (or -1). */
  counted: Int32Array
  derived: Int32Array
  /** Nodes of one level at most. */
  width: number
  featuresPerBlock: number
  /** Best split found by each block of features for each node of the level; a gain of 0 where there is none. */
  bestGain: Float64Array
  bestFeature: Int32Array
  bestBin: Int32Array
  bestMissingLeft: Uint8Array
  bestLeftGradient: Float64Array
  bestLeftHessian: Float64Array

  /** Pieces of nodes that rows are moved in. */
  pieceNode: Int32Array
  pieceBegin: Int32Array
  pieceEnd: Int32Array
  pieceLefts: Int32Array
  pieceLeftTo: Int32Array
  pieceRightTo: Int32Array
}

/** Places in `state`. */
export const at = { output: 0, sampledRows: 1, restRows: 2, sampledFeatures: 3, levelBegin: 4, pairs: 5 } as const

/** @returns bytes of `allocateWorkspace`, without the parts that `binned` brings */
export function workspaceBytes(rows: number, features: number, outputs: number, settings: BoostingSettings): number {
  const perRow = outputs * 4 + 8 + (outputs > 1 ? 8 : 0) + 4 + 4 + 4
  const slots = 2 ** (settings.depth - 1)
  const bins = Math.min(settings.maxBins, rows) + 1
  return rows * perRow + Math.min(slots * features * bins * 16, histogramBudget) + 2 ** settings.depth * 150
}

export function allocateWorkspace(binned: Binned, task: Task, outputs: number, settings: BoostingSettings): Workspace {
  const { rows, training, features } = binned
  const nodes = 2 ** (settings.depth + 1) - 1
  const width = 2 ** (settings.depth - 1)
  const histogramAt = shared.int32(features)
  let histogramSize = 0
  for (let f = 0; f < features; f++) {
    histogramAt[f] = histogramSize
    histogramSize += 2 * ((binned.binCount[f] as number) + (binned.hasMissing[f] as number))
  }
  const kept = width * histogramSize * 8 <= histogramBudget
  // Two at a time is what the counting loop does best.
  const featuresPerBlock = 2 * Math.max(1, Math.ceil(features / 2 / maxBlocks))
  const candidates = Math.ceil(features / featuresPerBlock) * width
  const pieces = Math.ceil(rows / chunkRows) + 2 * width
  return {
    ...binned,
    task,
    outputs,
    l2: settings.l2,
    minLeafWeight: settings.minLeafWeight,
    minSplitGain: settings.minSplitGain,
    margins: shared.float32(outputs * rows),
    gradients: shared.float32(2 * training),
    logSum: shared.float64(outputs > 1 ? training : 0),
    chunkSums: shared.float64(2 * (Math.ceil(rows / chunkRows) + 2)),
    order: shared.uint32(training),
    scratch: shared.uint32(training),
    rest: shared.uint32(rows),
    sampled: shared.uint32(features),
    state: shared.int32(8),
    left: shared.int32(nodes),
    begin: shared.int32(nodes),
    count: shared.int32(nodes),
    feature: shared.int32(nodes),
    bin: shared.int32(nodes),
    missingLeft: shared.uint8(nodes),
    sumGradient: shared.float64(nodes),
    sumHessian: shared.float64(nodes),
    gain: shared.float64(nodes),
    answer: shared.float32(nodes),
    histogramAt,
    histogramSize,
    histograms: shared.float64(kept ? width * histogramSize : 0),
    slot: shared.int32(nodes),
    counted: shared.int32(width),
    derived: shared.int32(width),
    width,
    featuresPerBlock,
    bestGain: shared.float64(candidates),
    bestFeature: shared.int32(candidates),
    bestBin: shared.int32(candidates),
    bestMissingLeft: shared.uint8(candidates),
    bestLeftGradient: shared.float64(candidates),
    bestLeftHessian: shared.float64(candidates),
    pieceNode: shared.int32(pieces),
    pieceBegin: shared.int32(pieces),
    pieceEnd: shared.int32(pieces),
    pieceLefts: shared.int32(pieces),
    pieceLeftTo: shared.int32(pieces),
    pieceRightTo: shared.int32(pieces),
  }
}
