import { cutStride } from './binning.ts'
import type { Crew } from './crew.ts'
import { canSplit } from './histograms.ts'
import { cutIntoPieces, placePieces } from './partition.ts'
import type { Tree } from './tree.ts'
import { at, chunkRows, type Workspace } from './workspace.ts'

/**
 * Grows one tree on the sampled rows and features from the gradients in the workspace, level by level as XGBoost does with
 * grow_policy=depthwise, and adds its answers to the margins of all rows.
 */
export function growTree(ws: Workspace, crew: Crew, { depth, learningRate }: { depth: number; learningRate: number }): Tree {
  const nodes = splitNodes(ws, crew, depth)
  for (let node = 0; node < nodes; node++) {
    if (ws.left[node] === -1) ws.answer[node] = weightOf(ws, node) * learningRate
  }
  const leaves = Array.from({ length: nodes }, (_, node) => node).filter((node) => ws.left[node] === -1)
  const sampled = ws.state[at.sampledRows] as number
  crew.run('answerPiece', cutIntoPieces(ws, leaves), sampled)
  answerRest(ws, crew, depth)
  return readTree(ws, nodes)
}

/** Adds a known tree's answers to the margins of all rows, exactly as when it was grown. */
export function replayTree(ws: Workspace, crew: Crew, tree: Tree, depth: number): void {
  ws.left.set(tree.left)
  ws.feature.set(tree.feature)
  ws.missingLeft.set(tree.missingLeft)
  for (let node = 0; node < tree.left.length; node++) {
    if (tree.left[node] === -1) ws.answer[node] = tree.value[node] as number
    else {
      const from = (tree.feature[node] as number) * cutStride
      const cuts = ws.cuts.subarray(from, from + (ws.binCount[tree.feature[node] as number] as number))
      const bin = cuts.indexOf(tree.value[node] as number)
      if (bin === -1) throw new Error('A tree does not belong to this table: it splits where no range ends.')
      ws.bin[node] = bin
    }
  }
  answerRest(ws, crew, depth)
}

function answerRest(ws: Workspace, crew: Crew, depth: number): void {
  const restRows = ws.state[at.restRows] as number
  crew.run('answerRest', Math.ceil(restRows / chunkRows), restRows * depth)
}

/** @returns how many nodes the tree has */
function splitNodes(ws: Workspace, crew: Crew, depth: number): number {
  startRoot(ws, crew)
  const sampledFeatures = ws.state[at.sampledFeatures] as number
  const blocks = Math.ceil(sampledFeatures / ws.featuresPerBlock)
  let nodes = 1
  let levelBegin = 0
  const freeSlots = Array.from({ length: ws.width }, (_, slot) => ws.width - 1 - slot)
  for (let level = 0; level < depth && levelBegin < nodes; level++) {
    const levelEnd = nodes
    ws.state[at.levelBegin] = levelBegin
    const rowsToCount = level === 0 ? planRoot(ws, freeSlots) : planPairs(ws, levelBegin, levelEnd, freeSlots)
    crew.run('split', blocks, (rowsToCount + ws.histogramSize / 2) * sampledFeatures)
    const split: number[] = []
    for (let node = levelBegin; node < levelEnd; node++) {
      if (!takeBest(ws, node, node - levelBegin, blocks, nodes)) continue
      split.push(node)
      nodes += 2
    }
    const rows = split.reduce((sum, node) => sum + (ws.count[node] as number), 0)
    const pieces = cutIntoPieces(ws, split)
    crew.run('divide', pieces, rows)
    placePieces(ws, pieces)
    crew.run('move', pieces, rows)
    levelBegin = levelEnd
  }
  return nodes
}

function startRoot(ws: Workspace, crew: Crew): void {
  const sampled = ws.state[at.sampledRows] as number
  const chunks = Math.ceil(sampled / chunkRows)
  crew.run('sum', chunks, sampled)
  let gradient = 0
  let hessian = 0
  for (let chunk = 0; chunk < chunks; chunk++) {
    gradient += ws.chunkSums[2 * chunk] as number
    hessian += ws.chunkSums[2 * chunk + 1] as number
  }
  ws.left[0] = -1
  ws.begin[0] = 0
  ws.count[0] = sampled
  ws.sumGradient[0] = gradient
  ws.sumHessian[0] = hessian
  ws.gain[0] = 0
}

function planRoot(ws: Workspace, freeSlots: number[]): number {
  ws.state[at.pairs] = canSplit(ws, 0) ? 1 : 0
  ws.counted[0] = 0
  ws.derived[0] = -1
  ws.slot[0] = freeSlots.pop() as number
  return ws.count[0] as number
}

/** Decides for each two siblings whose histogram is counted. @returns how many rows that visits */
function planPairs(ws: Workspace, levelBegin: number, levelEnd: number, freeSlots: number[]): number {
  const kept = ws.histograms.length > 0
  let pairs = 0
  let rows = 0
  const plan = (counted: number, derived: number) => {
    ws.counted[pairs] = counted
    ws.derived[pairs] = derived
    pairs++
    rows += ws.count[counted] as number
  }
  for (let left = levelBegin; left < levelEnd; left += 2) {
    const right = left + 1
    const [small, large] = (ws.count[left] as number) <= (ws.count[right] as number) ? [left, right] : [right, left]
    const wanted = [small, large].filter((node) => canSplit(ws, node))
    if (!kept) {
      for (const node of wanted) plan(node, -1)
      continue
    }
    // The children carry their parent's slot until here.
    const parentSlot = ws.slot[left] as number
    if (wanted.includes(large)) {
      ws.slot[small] = freeSlots.pop() as number
      ws.slot[large] = parentSlot
      plan(small, large)
    } else if (wanted.includes(small)) {
      ws.slot[small] = parentSlot
      plan(small, -1)
    } else freeSlots.push(parentSlot)
  }
  ws.state[at.pairs] = pairs
  return rows
}

/** Splits a node by the best of what the blocks found, the first of equals. @returns false when it stays a leaf */
function takeBest(ws: Workspace, node: number, inLevel: number, blocks: number, left: number): boolean {
  let best = -1
  let gain = 0
  if (canSplit(ws, node)) {
    for (let block = 0; block < blocks; block++) {
      const candidate = block * ws.width + inLevel
      if ((ws.bestGain[candidate] as number) > gain) {
        gain = ws.bestGain[candidate] as number
        best = candidate
      }
    }
  }
  if (best === -1) return false
  const gradient = ws.bestLeftGradient[best] as number
  const hessian = ws.bestLeftHessian[best] as number
  ws.left[node] = left
  ws.feature[node] = ws.bestFeature[best] as number
  ws.bin[node] = ws.bestBin[best] as number
  ws.missingLeft[node] = ws.bestMissingLeft[best] as number
  ws.gain[node] = gain
  for (const child of [left, left + 1]) {
    ws.left[child] = -1
    ws.gain[child] = 0
    ws.slot[child] = ws.slot[node] as number
  }
  ws.sumGradient[left] = gradient
  ws.sumHessian[left] = hessian
  ws.sumGradient[left + 1] = (ws.sumGradient[node] as number) - gradient
  ws.sumHessian[left + 1] = (ws.sumHessian[node] as number) - hessian
  return true
}

const weightOf = (ws: Workspace, node: number) => {
  const divisor = (ws.sumHessian[node] as number) + ws.l2
  return divisor > 0 ? -(ws.sumGradient[node] as number) / divisor : 0
}

function readTree(ws: Workspace, nodes: number): Tree {
  const all = Array.from({ length: nodes }, (_, node) => node)
  const isLeaf = (node: number) => ws.left[node] === -1
  const cutOf = (node: number) => ws.cuts[(ws.feature[node] as number) * cutStride + (ws.bin[node] as number)] as number
  return {
    left: ws.left.slice(0, nodes),
    feature: Int32Array.from(all, (node) => (isLeaf(node) ? 0 : (ws.feature[node] as number))),
    value: Float32Array.from(all, (node) => (isLeaf(node) ? (ws.answer[node] as number) : cutOf(node))),
    missingLeft: Uint8Array.from(all, (node) => (isLeaf(node) ? 0 : (ws.missingLeft[node] as number))),
    gain: Float32Array.from(ws.gain.subarray(0, nodes)),
    hessian: Float32Array.from(ws.sumHessian.subarray(0, nodes)),
    weight: Float32Array.from(all, (node) => weightOf(ws, node)),
  }
}
