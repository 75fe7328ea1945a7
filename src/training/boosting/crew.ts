import type { TrainingTable } from '../table.ts'
import { type Binned, binFeature } from './binning.ts'
import { splitBlock } from './histograms.ts'
import { evaluateChunk, softmaxChunk } from './objective.ts'
import { answerPiece, answerRest, dividePiece, movePiece } from './partition.ts'
import { at, chunkRows, type Workspace } from './workspace.ts'

/** The work on a workspace that can be shared: items of a phase touch nothing that another item of it writes. */
export const phases = {
  evaluate: evaluateChunk,
  softmax: (ws: Workspace, chunk: number) => softmaxChunk(ws, chunk, ws.state[at.output] as number),
  sum: sumChunk,
  split: splitBlock,
  divide: dividePiece,
  move: movePiece,
  answerPiece,
  answerRest,
}
export type Phase = keyof typeof phases

/** Those who work on a training: this thread alone, or with others. */
export interface Crew {
  /** Puts every feature into bins. */
  bin(binned: Binned, table: TrainingTable): void
  /** What the phases to come work on. */
  begin(workspace: Workspace): void
  /**
   * Does items 0 to `items` - 1 of a phase, each once, in any order; comes back when all are done.
   * @param cost of all items, in row visits: what is small is not worth waking anyone
   */
  run(phase: Phase, items: number, cost: number): void
  /** Nothing more is to come. */
  end(): void
}

export function workAlone(): Crew & { workspace(): Workspace } {
  let workspace: Workspace
  return {
    bin(binned, table) {
      table.features.forEach((values, feature) => {
        binFeature(binned, values, feature)
      })
    },
    begin: (of) => {
      workspace = of
    },
    run(phase, items) {
      for (let item = 0; item < items; item++) phases[phase](workspace, item)
    },
    end() {},
    workspace: () => workspace,
  }
}

/** Phase: gradients and hessians of a chunk of the sampled rows, added up. */
function sumChunk({ order, gradients, chunkSums, state }: Workspace, chunk: number): void {
  const end = Math.min((chunk + 1) * chunkRows, state[at.sampledRows] as number)
  let gradient = 0
  let hessian = 0
  for (let i = chunk * chunkRows; i < end; i++) {
    const row = order[i] as number
    gradient += gradients[2 * row] as number
    hessian += gradients[2 * row + 1] as number
  }
  chunkSums[2 * chunk] = gradient
  chunkSums[2 * chunk + 1] = hessian
}
