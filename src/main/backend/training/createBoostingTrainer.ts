import { stat } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { pathToFileURL } from 'node:url'
import { MessageChannel, Worker } from 'node:worker_threads'
import { type BoostingSettings, boostingSettings } from '../../../contract/boosting.ts'
import { assertNever } from '../../../contract/model.ts'
import {
  BadTrainerConfiguration,
  type Trained,
  type Trainer,
  TrainerProblem,
  type TrainRequest,
} from '../../../temporal/activities/trainers/trainer.ts'
import { lossName } from '../../../training/boosting/objective.ts'
import { workspaceBytes } from '../../../training/boosting/workspace.ts'
import type { FeatureSchema } from '../../../training/featureSchema.ts'
import { createLane } from '../lane.ts'
import type { HelperJob, LeadAnswer, LeadJob } from './trainingThread.ts'

export interface BoostingTrainerOptions {
  /** Absolute path of `trainingThread` (TypeScript source or bundle). */
  threadFile: string
  /** Per training; default: one per core, at most 8. The model does not depend on it. */
  threads?: number
  /** Trainings at the same time; the others wait for their turn. */
  atOnce?: number
  /** What one training may take; default: three quarters of the machine's memory, shared by those at the same time. */
  maxBytes?: number
  /** At least so long between two checkpoints. */
  checkpointEveryMs?: number
}

/** The JavaScript heap of a thread: trees and the model's text. Tables and histograms are outside of it. */
const heapMegabytes = 2048
/** What a thread takes before it has any data. */
const threadBytes = 40 * 1024 ** 2

/**
 * Gradient-boosted trees in worker threads. A training takes no more memory than `trainingBytes` says, and is refused where
 * that is more than it may.
 */
export function createBoostingTrainer(options: BoostingTrainerOptions): Trainer {
  const { threads = Math.min(8, availableParallelism()), atOnce = 2, checkpointEveryMs = 2_000 } = options
  const maxBytes = options.maxBytes ?? (totalmem() * 0.75) / atOnce
  const lane = createLane(atOnce)
  return {
    name: 'boosting',
    async train(request) {
      request.signal.throwIfAborted()
      const settings = checkSettings(request.settings)
      const needed = trainingBytes((await stat(request.tablePath)).size, request.schema, settings, threads)
      if (needed > maxBytes) {
        throw new BadTrainerConfiguration(
          `Training on this table takes about ${gigabytes(needed)} of memory, and ${gigabytes(maxBytes)} may be used. Leave out columns or rows, or train it on a larger machine.`,
        )
      }
      const train = () => trainInThreads(request, settings, { threads, checkpointEveryMs, threadFile: options.threadFile })
      return lane(train, request.signal)
    },
  }
}

const gigabytes = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GB`

/** @throws BadTrainerConfiguration that names each setting that is wrong */
export function checkSettings(settings: TrainRequest['settings']): BoostingSettings {
  const parsed = boostingSettings.safeParse(settings)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'settings'}: ${issue.message}`)
  throw new BadTrainerConfiguration(`The boosting trainer cannot work with these settings. ${problems.join('; ')}.`)
}

/**
 * How much memory a training takes at most, in bytes, without the trees that it grows: the table, one byte per value for
 * its ranges, what boost.ts keeps per row, histograms, and per thread one column while ranges are found.
 */
export function trainingBytes(
  tableFileBytes: number,
  schema: FeatureSchema,
  settings: BoostingSettings,
  threads: number,
): number {
  const features = schema.featureNames.length
  const rows = tableFileBytes / (4 * features + 5)
  const outputs = schema.task === 'multiclass' ? (schema.classes?.length ?? 1) : 1
  const binned = rows * (features + 12)
  const perThread = threadBytes + rows * 4 + 4 * 2 ** 20
  return tableFileBytes + binned + workspaceBytes(rows, features, outputs, settings) + threads * perThread
}

function trainInThreads(
  request: TrainRequest,
  settings: BoostingSettings,
  { threadFile, threads, checkpointEveryMs }: { threadFile: string; threads: number; checkpointEveryMs: number },
): Promise<Trained> {
  const { tablePath, checkpoints, signal, schema, onProgress } = request
  const channels = Array.from({ length: threads - 1 }, () => new MessageChannel())
  const start = (job: LeadJob | HelperJob, ports: MessageChannel['port1'][]) =>
    new Worker(pathToFileURL(threadFile), {
      workerData: job,
      transferList: ports,
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
      execArgv: [],
    })
  const helpers = channels.map(({ port1 }) => port1)
  const leader = start({ role: 'lead', tablePath, settings, checkpoints, checkpointEveryMs, helpers }, helpers)
  const workers = [leader, ...channels.map(({ port2 }) => start({ role: 'helper', lead: port2 }, [port2]))]

  return new Promise<Trained>((resolve, reject) => {
    let over = false
    const settle = (tell: () => void) => {
      if (over) return
      over = true
      signal.removeEventListener('abort', onAbort)
      // Only then is it certain that nothing is written any more.
      void Promise.all(workers.map((worker) => worker.terminate())).then(tell)
    }
    const onAbort = () => settle(() => reject(signal.reason))
    const onMessage = (answer: LeadAnswer) => {
      if (over) return
      switch (answer.kind) {
        case 'progress':
          return onProgress(answer.round / settings.rounds, progressMessage(answer, settings), {
            loss: lossName[schema.task],
            point: answer.point,
            secondsLeft: answer.secondsLeft,
          })
        case 'done': {
          const { kind, ...result } = answer
          return settle(() => resolve({ ...result, format: 'xgboost-json', loss: lossName[schema.task], settings }))
        }
        case 'unusable':
          return settle(() => reject(new BadTrainerConfiguration(answer.message)))
        case 'failed':
          return settle(() => reject(new TrainerProblem(`The training failed: ${answer.message}`)))
        default:
          return assertNever(answer)
      }
    }
    leader.on('message', onMessage)
    for (const worker of workers) {
      worker.on('error', (error) => settle(() => reject(new TrainerProblem(deathMessage(error), { cause: error }))))
      worker.on('exit', (code) => {
        // A helper ends by itself once its lead has, whose answer may be heard only after that.
        if (code === 0 && worker !== leader) return
        settle(() => reject(new TrainerProblem(`A thread of the training ended with code ${code}. What it had reached is kept.`)))
      })
    }
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
  })
}

function progressMessage({ round, resumedFrom, note }: LeadAnswer & { kind: 'progress' }, { rounds }: BoostingSettings): string {
  const resumed = resumedFrom > 0 ? `, went on after round ${resumedFrom}` : ''
  return `Round ${round} of at most ${rounds}${resumed}${note ? `. ${note}` : ''}`
}

function deathMessage(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? 'A thread of the training ran out of memory. What it had reached is kept. Fewer rounds or less depth need less.'
    : `A thread of the training died: ${message}. What it had reached is kept.`
}
