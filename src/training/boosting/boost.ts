/**
 * Gradient-boosted trees by histograms (Chen and Guestrin, "XGBoost: A Scalable Tree Boosting System", 2016; its `hist` method).
 *
 * The same table, settings and seed give the same model to the byte, whatever the number of threads and however often a
 * training was interrupted: sums are made in a fixed order, random draws depend on seed and round alone, and a training that
 * goes on adds the answers of the known trees again in the order in which they were grown.
 */
import type { BoostingSettings } from '../../contract/boosting.ts'
import type { CurvePoint, Task } from '../../contract/training.ts'
import type { TrainingTable } from '../table.ts'
import { allocateBinned } from './binning.ts'
import type { Crew } from './crew.ts'
import { growTree, replayTree } from './growTree.ts'
import { baseMargin, baseScore, chunksOf } from './objective.ts'
import { randomStream, sampleWithout } from './random.ts'
import type { Tree } from './tree.ts'
import { allocateWorkspace, at, type Workspace } from './workspace.ts'

/** What a round added: one tree, or one per class. */
export interface Round {
  point: CurvePoint
  trees: Tree[]
}

export interface Boosted {
  baseScore: number
  /** Of the rounds that are kept: up to the best one where there are validation rows, otherwise all. */
  rounds: Round[]
  /** Of all rounds that were made. */
  curve: CurvePoint[]
  /** Counts from 1. */
  bestRound: number
}

/** The table cannot be trained on; no retry can mend that. */
export class UnusableTable extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UnusableTable'
  }
}

/**
 * Trains on the training part, and stops by the validation part where it has rows; the test part is not looked at.
 * @param classes how many; ignored for a regression
 * @param known rounds of an earlier attempt, in order, to go on from
 * @param onRound told after each new round
 * @throws UnusableTable
 */
export function boost(
  table: TrainingTable,
  { task, classes, settings }: { task: Task; classes: number; settings: BoostingSettings },
  crew: Crew,
  { known, onRound }: { known: readonly Round[]; onRound(round: Round): void },
): Boosted {
  const binned = allocateBinned(table, settings.maxBins, settings.seed)
  if (binned.training === 0) throw new UnusableTable('The table has no rows to train on.')
  if (binned.features === 0) throw new UnusableTable('The table has no columns to train on.')
  crew.bin(binned, table)
  const outputs = task === 'multiclass' ? classes : 1
  const ws = allocateWorkspace(binned, task, outputs, settings)
  crew.begin(ws)
  const score = baseScore(task, ws)
  ws.margins.fill(baseMargin(task, score))

  const rounds = [...known]
  replay(ws, crew, known, settings.depth)
  let best = bestOf(rounds)
  let nodes = known.reduce((sum, round) => sum + nodesOf(round), 0)
  evaluate(ws, crew)
  while (!isOver(rounds.length, best, ws, settings)) {
    const number = rounds.length + 1
    const trees: Tree[] = []
    for (let output = 0; output < outputs; output++) {
      ws.state[at.output] = output
      if (outputs > 1) crew.run('softmax', chunksOf(ws).training, ws.training)
      sample(ws, settings, number, output)
      trees.push(growTree(ws, crew, settings))
    }
    const round = { point: { round: number, ...evaluate(ws, crew) }, trees }
    if (!Number.isFinite(round.point.training)) {
      throw new UnusableTable(`The loss is no longer a number in round ${number}: the target's values are too large to train on.`)
    }
    rounds.push(round)
    nodes += nodesOf(round)
    if (nodes > mostNodes) {
      throw new UnusableTable(`The model grew past ${mostNodes} nodes in round ${number}. Give it fewer rounds or less depth.`)
    }
    if (best === 0 || isBetter(round, rounds[best - 1] as Round)) best = number
    onRound(round)
  }
  crew.end()
  const kept = ws.rows > ws.training ? best : rounds.length
  return { baseScore: score, rounds: rounds.slice(0, kept), curve: rounds.map((round) => round.point), bestRound: kept }
}

/** What XGBoost's JSON of them still fits into one string. */
const mostNodes = 4_000_000

const isBetter = (a: Round, b: Round) => (a.point.validation ?? 0) < (b.point.validation ?? 0)

const nodesOf = ({ trees }: Round) => trees.reduce((sum, tree) => sum + tree.left.length, 0)

/** Number of the first round with the least validation loss; 0 when there is none. */
function bestOf(rounds: readonly Round[]): number {
  let best = 0
  rounds.forEach((round, i) => {
    if (best === 0 || isBetter(round, rounds[best - 1] as Round)) best = i + 1
  })
  return best
}

function isOver(done: number, best: number, ws: Workspace, { rounds, earlyStoppingRounds }: BoostingSettings): boolean {
  if (done >= rounds) return true
  return ws.rows > ws.training && earlyStoppingRounds > 0 && done - best >= earlyStoppingRounds
}

/** The losses of the model so far; also prepares the derivatives for the next round. */
function evaluate(ws: Workspace, crew: Crew): Omit<CurvePoint, 'round'> {
  const chunks = chunksOf(ws)
  crew.run('evaluate', chunks.all, ws.rows * ws.outputs)
  const mean = (from: number, to: number) => {
    let sum = 0
    let weights = 0
    for (let chunk = from; chunk < to; chunk++) {
      sum += ws.chunkSums[2 * chunk] as number
      weights += ws.chunkSums[2 * chunk + 1] as number
    }
    return ws.task === 'regression' ? Math.sqrt(sum / weights) : sum / weights
  }
  return { training: mean(0, chunks.training), validation: ws.rows > ws.training ? mean(chunks.training, chunks.all) : null }
}

function replay(ws: Workspace, crew: Crew, known: readonly Round[], depth: number): void {
  if (known.length === 0) return
  for (let row = 0; row < ws.rows; row++) ws.rest[row] = row
  ws.state[at.restRows] = ws.rows
  for (const { trees } of known) {
    trees.forEach((tree, output) => {
      ws.state[at.output] = output
      replayTree(ws, crew, tree, depth)
    })
  }
}

/** Draws the rows and features that a tree sees. */
function sample(ws: Workspace, { seed, rowSample, columnSample }: BoostingSettings, round: number, output: number): void {
  const random = randomStream(seed, round, output)
  const features = sampleWithout(ws.features, Math.max(1, Math.floor(columnSample * ws.features)), random)
  ws.sampled.set(features)
  ws.state[at.sampledFeatures] = features.length
  let sampled = 0
  let rest = 0
  if (rowSample < 1) {
    const below = rowSample * 2 ** 32
    for (let row = 0; row < ws.training; row++) {
      if (random() < below) ws.order[sampled++] = row
      else ws.rest[rest++] = row
    }
  }
  // Of a handful of rows the draw may leave none; then the tree sees all.
  if (sampled === 0) {
    rest = 0
    for (let row = 0; row < ws.training; row++) ws.order[sampled++] = row
  }
  for (let row = ws.training; row < ws.rows; row++) ws.rest[rest++] = row
  ws.state[at.sampledRows] = sampled
  ws.state[at.restRows] = rest
}
