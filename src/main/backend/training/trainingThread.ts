/** Entry of the threads of a training: for `createBoostingTrainer` one leads, the others help. */
import { join } from 'node:path'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { BoostingSettings } from '../../../contract/boosting.ts'
import { assertNever } from '../../../contract/model.ts'
import type { CurvePoint } from '../../../contract/training.ts'
import { boost, type Round, UnusableTable } from '../../../training/boosting/boost.ts'
import { importanceOf } from '../../../training/importance.ts'
import { writeModel } from '../../../training/modelFormat.ts'
import { readModel } from '../../../training/predictor.ts'
import { type TrainingTable, testPart } from '../../../training/table.ts'
import { BadTableFile, readTableFile } from '../../../training/tableFile.ts'
import { openCheckpointFile } from './checkpointFile.ts'
import { createThreadCrew, type HelpWanted, helpOut } from './threadCrew.ts'
import type { TrainerJob } from './trainerContract.ts'
import { readTrainerResult, writeTrainerTables } from './trainerFiles.ts'

export interface LeadJob {
  role: 'lead'
  tablePath: string
  settings: BoostingSettings
  checkpoints: string
  checkpointEveryMs: number
  helpers: MessagePort[]
}
export interface HelperJob {
  role: 'helper'
  lead: MessagePort
}
/** For `createCommandTrainer`: the files between Gatehouse and a trainer of one's own. */
export interface ExportJob {
  role: 'export'
  tablePath: string
  job: TrainerJob
}
export interface ResultJob {
  role: 'result'
  tablePath: string
  job: TrainerJob
  format: 'xgboost-json' | 'other'
}
export type FilesAnswer =
  | { kind: 'exported' }
  | { kind: 'result'; artifact: Uint8Array; testPredictions: Float64Array }
  | { kind: 'bad'; message: string }
export type LeadAnswer =
  | { kind: 'progress'; round: number; resumedFrom: number; point: CurvePoint; secondsLeft: number; note: string | null }
  | {
      kind: 'done'
      artifact: Uint8Array
      curve: CurvePoint[]
      bestRound: number
      importance: { column: string; gain: number }[]
      testPredictions: Float64Array
    }
  /** `unusable`: no attempt can do better. */
  | { kind: 'unusable' | 'failed'; message: string }

/**
 * Part of what a checkpoint belongs to: raise it with every change of the trainer that changes its models, so that no
 * model is half of one and half of another.
 */
const trainerVersion = 1
const progressEveryMs = 250

async function lead(job: LeadJob, tell: (answer: LeadAnswer) => void): Promise<void> {
  const { tablePath, settings, checkpoints, checkpointEveryMs, helpers } = job
  const { table, schema, sha256 } = await readTableFile(tablePath)
  const checkpoint = openCheckpointFile(join(checkpoints, 'boosting.checkpoint'), { trainerVersion, table: sha256, settings })
  const { known } = checkpoint
  const begun = performance.now()
  let lastCheckpoint = begun
  let lastProgress = Number.NEGATIVE_INFINITY
  let unwritten: Round[] = []
  let note: string | null = null
  const save = () => {
    lastCheckpoint = performance.now()
    try {
      checkpoint.append(unwritten)
      unwritten = []
      note = null
    } catch (error) {
      // The training is worth more than its checkpoint: it goes on, and tries again.
      note = `Checkpoints cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)}).`
    }
  }
  const onRound = (round: Round) => {
    unwritten.push(round)
    const now = performance.now()
    if (now - lastCheckpoint >= checkpointEveryMs) save()
    const done = round.point.round
    if (now - lastProgress < progressEveryMs && done < settings.rounds) return
    lastProgress = now
    const secondsLeft = ((now - begun) / 1000 / (done - known.length)) * (settings.rounds - done)
    tell({ kind: 'progress', round: done, resumedFrom: known.length, point: round.point, secondsLeft, note })
  }
  const problem = { task: schema.task, classes: schema.classes?.length ?? 0, settings }
  const boosted = boost(table, problem, createThreadCrew(helpers), { known, onRound })
  if (unwritten.length > 0) save()
  checkpoint.close()

  const model = writeModel(boosted, schema)
  tell({
    kind: 'done',
    artifact: new TextEncoder().encode(model),
    curve: boosted.curve,
    bestRound: boosted.bestRound,
    importance: importanceOf(
      boosted.rounds.flatMap((round) => round.trees),
      schema,
    ),
    // With the model's file as it will be served, so that what is judged is what was written.
    testPredictions: predictTest(table, model),
  })
}

function predictTest(table: TrainingTable, model: string): Float64Array {
  const { predict, schema } = readModel(model)
  const width = schema.classes?.length ?? 1
  const rows = table.part.reduce((sum, part) => sum + (part === testPart ? 1 : 0), 0)
  const predictions = new Float64Array(rows * width)
  const features = new Float32Array(table.features.length)
  let next = 0
  for (let row = 0; row < table.rows; row++) {
    if (table.part[row] !== testPart) continue
    for (let feature = 0; feature < features.length; feature++) {
      features[feature] = (table.features[feature] as Float32Array)[row] as number
    }
    predictions.set(predict(features), next)
    next += width
  }
  return predictions
}

const port = parentPort
if (port === null) throw new Error('trainingThread is the entry of a worker thread and cannot be started by itself')
const job = workerData as LeadJob | HelperJob | ExportJob | ResultJob
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
const tellFiles = (answer: FilesAnswer) => port.postMessage(answer)
const bad = (error: unknown) => tellFiles({ kind: 'bad', message: messageOf(error) })
switch (job.role) {
  case 'lead':
    lead(job, (answer) => port.postMessage(answer)).catch((error: unknown) => {
      const unusable = error instanceof UnusableTable || error instanceof BadTableFile
      port.postMessage({ kind: unusable ? 'unusable' : 'failed', message: messageOf(error) } satisfies LeadAnswer)
    })
    break
  case 'helper':
    job.lead.on('message', (wanted: HelpWanted) => helpOut(wanted))
    break
  case 'export':
    writeTrainerTables(job.tablePath, job.job).then(() => tellFiles({ kind: 'exported' }), bad)
    break
  case 'result':
    readTrainerResult(job.tablePath, job.job, job.format).then((result) => tellFiles({ kind: 'result', ...result }), bad)
    break
  default:
    assertNever(job)
}
