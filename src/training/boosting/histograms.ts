/**
 * Histograms of gradients per range of a feature, and the best split that they show. A node's histogram is counted for the
 * smaller of two siblings; the other's is what remains of the parent's.
 */
import { at, type Workspace } from './workspace.ts'

/** What subtraction leaves of an empty range, beside the parent's. */
const rest = 1e-12
/** XGBoost's kRtEps: a gain below is none. */
const leastGain = 1e-6

/** For histograms that are not kept; a thread's own. */
let own = new Float64Array(0)

/** Phase: one block of sampled features, for every node of the level. */
export function splitBlock(ws: Workspace, block: number): void {
  const { state, sampled, featuresPerBlock, histogramAt, histogramSize, histograms, slot, counted, derived, width } = ws
  const sampledFeatures = state[at.sampledFeatures] as number
  const from = block * featuresPerBlock
  const to = Math.min(from + featuresPerBlock, sampledFeatures)
  const kept = histograms.length > 0
  if (!kept && own.length < histogramSize) own = new Float64Array(histogramSize)
  const into = kept ? histograms : own
  const pairs = state[at.pairs] as number
  ws.bestGain.fill(0, block * width, (block + 1) * width)
  for (let pair = 0; pair < pairs; pair++) {
    const node = counted[pair] as number
    const sibling = derived[pair] as number
    const base = kept ? (slot[node] as number) * histogramSize : 0
    for (let i = from; i < to; i += 2) {
      const first = sampled[i] as number
      if (i + 1 < to) countTwo(ws, node, first, sampled[i + 1] as number, into, base)
      else countOne(ws, node, first, into, base)
    }
    for (let i = from; i < to; i++) {
      const feature = sampled[i] as number
      const begin = base + (histogramAt[feature] as number)
      if (canSplit(ws, node)) findSplit(ws, block, node, feature, into, begin)
      if (sibling === -1) continue
      const siblingBegin = (slot[sibling] as number) * histogramSize + (histogramAt[feature] as number)
      subtract(into, siblingBegin, begin, 2 * binsOf(ws, feature))
      findSplit(ws, block, sibling, feature, into, siblingBegin)
    }
  }
}

/** Whether a node has what two leaves need. */
export const canSplit = (ws: Workspace, node: number): boolean =>
  (ws.count[node] as number) > 1 && (ws.sumHessian[node] as number) >= 2 * ws.minLeafWeight

const binsOf = ({ binCount, hasMissing }: Workspace, feature: number) =>
  (binCount[feature] as number) + (hasMissing[feature] as number)

function countOne(ws: Workspace, node: number, feature: number, into: Float64Array, base: number): void {
  const { order, gradients, bins, rows, begin, count, histogramAt } = ws
  const hist = base + (histogramAt[feature] as number)
  into.fill(0, hist, hist + 2 * binsOf(ws, feature))
  const column = feature * rows
  const from = begin[node] as number
  const to = from + (count[node] as number)
  for (let i = from; i < to; i++) {
    const row = order[i] as number
    const j = hist + 2 * (bins[column + row] as number)
    into[j] = (into[j] as number) + (gradients[2 * row] as number)
    into[j + 1] = (into[j + 1] as number) + (gradients[2 * row + 1] as number)
  }
}

/** Two features at a time: rows and gradients are fetched once for both. */
function countTwo(ws: Workspace, node: number, featureA: number, featureB: number, into: Float64Array, base: number): void {
  const { order, gradients, bins, rows, begin, count, histogramAt } = ws
  const histA = base + (histogramAt[featureA] as number)
  const histB = base + (histogramAt[featureB] as number)
  into.fill(0, histA, histA + 2 * binsOf(ws, featureA))
  into.fill(0, histB, histB + 2 * binsOf(ws, featureB))
  const columnA = featureA * rows
  const columnB = featureB * rows
  const from = begin[node] as number
  const to = from + (count[node] as number)
  for (let i = from; i < to; i++) {
    const row = order[i] as number
    const gradient = gradients[2 * row] as number
    const hessian = gradients[2 * row + 1] as number
    const a = histA + 2 * (bins[columnA + row] as number)
    into[a] = (into[a] as number) + gradient
    into[a + 1] = (into[a + 1] as number) + hessian
    const b = histB + 2 * (bins[columnB + row] as number)
    into[b] = (into[b] as number) + gradient
    into[b + 1] = (into[b + 1] as number) + hessian
  }
}

/** Makes the parent's histogram the sibling's. */
function subtract(histogram: Float64Array, parent: number, child: number, length: number): void {
  for (let i = 0; i < length; i += 2) {
    const whole = histogram[parent + i + 1] as number
    const hessian = whole - (histogram[child + i + 1] as number)
    // Rounding must not make a row of nothing.
    const empty = hessian <= whole * rest
    histogram[parent + i] = empty ? 0 : (histogram[parent + i] as number) - (histogram[child + i] as number)
    histogram[parent + i + 1] = empty ? 0 : hessian
  }
}

/** Keeps the feature's best split of a node where it is better than that of the block's features before. */
function findSplit(ws: Workspace, block: number, node: number, feature: number, histogram: Float64Array, begin: number): void {
  const { l2, minLeafWeight, minSplitGain, width, bestGain } = ws
  const present = ws.binCount[feature] as number
  const gradient = ws.sumGradient[node] as number
  const hessian = ws.sumHessian[node] as number
  const missing = begin + 2 * present
  const hasMissing = ws.hasMissing[feature] === 1 && (histogram[missing + 1] as number) > 0
  const missingGradient = hasMissing ? (histogram[missing] as number) : 0
  const missingHessian = hasMissing ? (histogram[missing + 1] as number) : 0
  const unsplit = (gradient * gradient) / (hessian + l2)
  const place = block * width + node - (ws.state[at.levelBegin] as number)
  const leastOfSide = Math.max(minLeafWeight, hessian * rest)
  let best = Math.max(bestGain[place] as number, minSplitGain, leastGain) + unsplit
  let bestBin = -1
  let missingLeft = 0
  let leftGradient = 0
  let leftHessian = 0

  let sumGradient = 0
  let sumHessian = 0
  // With the missing values on the other side, "there at all" is a split too.
  const last = hasMissing ? present : present - 1
  for (let bin = 0; bin < last; bin++) {
    const weight = histogram[begin + 2 * bin + 1] as number
    // A range that holds no row splits as the one before it.
    if (weight === 0 && bin !== 0) continue
    sumGradient += histogram[begin + 2 * bin] as number
    sumHessian += weight
    const right = hessian - sumHessian
    if (sumHessian >= leastOfSide && right >= leastOfSide) {
      const other = gradient - sumGradient
      const score = (sumGradient * sumGradient) / (sumHessian + l2) + (other * other) / (right + l2)
      if (score > best) {
        best = score
        bestBin = bin
        missingLeft = 0
        leftGradient = sumGradient
        leftHessian = sumHessian
      }
    }
    if (!hasMissing) {
      if (right < leastOfSide) break
      continue
    }
    const withMissing = sumHessian + missingHessian
    const without = hessian - withMissing
    if (withMissing >= leastOfSide && without >= leastOfSide) {
      const g = sumGradient + missingGradient
      const other = gradient - g
      const score = (g * g) / (withMissing + l2) + (other * other) / (without + l2)
      if (score > best) {
        best = score
        bestBin = bin
        missingLeft = 1
        leftGradient = g
        leftHessian = withMissing
      }
    }
  }
  if (bestBin === -1) return
  bestGain[place] = best - unsplit
  ws.bestFeature[place] = feature
  ws.bestBin[place] = bestBin
  // Where training saw no missing value, one that comes later goes with the most.
  ws.bestMissingLeft[place] = hasMissing ? missingLeft : leftHessian * 2 >= hessian ? 1 : 0
  ws.bestLeftGradient[place] = leftGradient
  ws.bestLeftHessian[place] = leftHessian
}
