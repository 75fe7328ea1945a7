import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { z } from 'zod'
import { assertNever } from '../../../contract/model.ts'
import type { CurvePoint } from '../../../contract/training.ts'
import {
  BadTrainerConfiguration,
  type Trained,
  type Trainer,
  TrainerProblem,
} from '../../../temporal/activities/trainers/trainer.ts'
import { schemaAttribute } from '../../../training/featureSchema.ts'
import type { Log } from '../log.ts'
import { type StopPlan, stopOrphans } from '../stack/childProcess.ts'
import { systemEnvironment } from '../stack/processes.ts'
import { type TrainerJob, type TrainerLine, trainerLine } from './trainerContract.ts'
import { importanceByColumn, labelName } from './trainerFiles.ts'
import { type CommandEnd, CommandNotStarted, runCommand, TooMuchOutput } from './trainerProcess.ts'
import type { ExportJob, FilesAnswer, ResultJob } from './trainingThread.ts'

export interface CommandTrainerOptions {
  /** The program and its arguments; the job file's path is added as the last one. No shell looks at them. */
  command: readonly string[]
  timeLimitMinutes: number
  /** Working folders are made in it, and removed again. */
  folder: string
  /** Absolute path of `trainingThread` (TypeScript source or bundle). */
  threadFile: string
  log: Log
}

/** Beside what every child of ours needs: where Python and libraries are, and how many threads they may use. */
const alsoAllowed = ['VIRTUAL_ENV', 'CONDA_PREFIX', 'PYTHONPATH', 'LD_LIBRARY_PATH', 'CUDA_VISIBLE_DEVICES', 'OMP_NUM_THREADS']
/** For what an earlier host left: nobody waits for it. */
const stopping: StopPlan = [
  { signal: 'SIGTERM', wait: 700 },
  { signal: 'SIGKILL', wait: 5_000 },
]
/** Marks the working folders of this process, so that cleaning up spares them. */
const owner = randomUUID().slice(0, 8)
const recordName = 'process.json'
const progressEveryMs = 250
const mostCurvePoints = 100_000

/** A trainer of one's own: any command that keeps to the contract in docs/trainers.md. */
export function createCommandTrainer({ command, timeLimitMinutes, folder, threadFile, log }: CommandTrainerOptions): Trainer {
  return {
    name: 'command',
    async train(request) {
      const { signal, schema, tablePath } = request
      signal.throwIfAborted()
      await mkdir(folder, { recursive: true })
      await mkdir(request.checkpoints, { recursive: true })
      const work = await mkdtemp(join(folder, `${owner}-`))
      try {
        await mkdir(join(work, 'tmp'))
        const job: TrainerJob = {
          version: 1,
          modelId: request.modelId,
          task: schema.task,
          target: schema.target,
          classes: schema.classes,
          features: schema.featureNames,
          tables: {
            training: join(work, 'training.csv'),
            validation: join(work, 'validation.csv'),
            test: join(work, 'test.csv'),
            label: labelName(schema),
          },
          settings: { ...request.settings },
          artifact: join(work, 'model'),
          testPredictions: join(work, 'test-predictions.csv'),
          checkpoints: request.checkpoints,
          attribute: { name: schemaAttribute, value: JSON.stringify(schema) },
        }
        const jobFile = join(work, 'job.json')
        await writeFile(jobFile, `${JSON.stringify(job, null, 2)}\n`, { mode: 0o600 })
        await inThread(threadFile, { role: 'export', tablePath, job }, signal)

        const limit = AbortSignal.timeout(timeLimitMinutes * 60_000)
        const heard = listen(request.onProgress, log, request.modelId)
        const end = await runCommand({
          command: [...command, jobFile],
          env: commandEnvironment(work),
          cwd: work,
          recordFile: join(work, recordName),
          signal: AbortSignal.any([signal, limit]),
          onLine: heard.onLine,
        }).catch((error: unknown) => {
          if (limit.aborted && !signal.aborted) {
            throw new TrainerProblem(`The trainer was stopped: it ran longer than ${timeLimitMinutes} minutes.`)
          }
          if (error instanceof CommandNotStarted) throw new BadTrainerConfiguration(error.message)
          if (error instanceof TooMuchOutput) throw new TrainerProblem(`The trainer was stopped. ${error.message}`)
          throw error
        })
        if (end.code !== 0) throw new TrainerProblem(`The trainer ended with ${howItEnded(end)}.${lastWords(end)}`)
        const said = heard.artifact()
        if (said === null) throw new TrainerProblem(`The trainer ended without saying that it wrote a model.${lastWords(end)}`)
        const result = await inThread(threadFile, { role: 'result', tablePath, job, format: said.format }, signal)
        if (result.kind !== 'result') throw new TrainerProblem('The files of the trainer were not read.')
        return {
          artifact: result.artifact,
          format: said.format,
          loss: said.loss,
          curve: heard.curve,
          bestRound: said.bestRound,
          importance: importanceByColumn(said.importance, schema),
          testPredictions: result.testPredictions,
          settings: plainSettings(request.settings, command),
        } satisfies Trained
      } finally {
        await rm(work, { recursive: true, force: true, maxRetries: 5 })
      }
    },
  }
}

/** Ends the commands that a killed host left behind, and removes their working folders. */
export async function cleanTrainerFolders(folder: string, log: Log): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (name.startsWith(owner)) continue
    const work = join(folder, name)
    try {
      await stopOrphans(join(work, recordName), stopping, log)
      await rm(work, { recursive: true, force: true, maxRetries: 5 })
    } catch (error) {
      // The folder and its record stay, for the next start.
      log.warn({ err: error, work }, 'a command of an earlier host was not cleaned up')
    }
  }
}

function commandEnvironment(work: string): Record<string, string> {
  const env = systemEnvironment()
  for (const name of alsoAllowed) {
    const value = process.env[name]
    if (value !== undefined) env[name] = value
  }
  const tmp = join(work, 'tmp')
  // Unbuffered: Python would keep its lines back otherwise.
  return { ...env, TMPDIR: tmp, TEMP: tmp, TMP: tmp, PYTHONUNBUFFERED: '1', PYTHONIOENCODING: 'utf-8' }
}

/** Takes the lines of standard output; one that is not in the contract is an error that names it. */
function listen(
  onProgress: (fraction: number, message: string, detail: { point?: CurvePoint; secondsLeft?: number }) => void,
  log: Log,
  modelId: string,
) {
  const curve: CurvePoint[] = []
  let artifact: (TrainerLine & { type: 'artifact' }) | null = null
  let furthest = 0
  let lastTold = Number.NEGATIVE_INFINITY
  const take = (line: TrainerLine, refuse: (problem: string) => never) => {
    switch (line.type) {
      case 'progress': {
        if (artifact !== null) refuse('is progress after the model was written')
        furthest = Math.max(furthest, line.fraction)
        let point: CurvePoint | undefined
        if (line.round !== undefined && line.training !== undefined) {
          if (line.round <= (curve.at(-1)?.round ?? 0)) refuse(`tells round ${line.round} after round ${curve.at(-1)?.round}`)
          if (curve.length >= mostCurvePoints) refuse(`is a curve of more than ${mostCurvePoints} points`)
          point = { round: line.round, training: line.training, validation: line.validation ?? null }
          curve.push(point)
        }
        const now = performance.now()
        if (now - lastTold < progressEveryMs && furthest < 1) return
        lastTold = now
        onProgress(furthest, line.message, { point, secondsLeft: line.secondsLeft })
        return
      }
      case 'log':
        return log[line.level]({ modelId }, `trainer: ${line.message}`)
      case 'metrics':
        return log.info({ modelId, claimed: line.values }, 'trainer: its own metrics')
      case 'artifact':
        if (artifact !== null) refuse('tells of a second model')
        artifact = line
        return
      default:
        return assertNever(line)
    }
  }
  return {
    curve,
    artifact: () => artifact,
    onLine(text: string, number: number) {
      const refuse = (problem: string): never => {
        throw new TrainerProblem(
          `The trainer was stopped: line ${number} of its output ${problem}. It reads: ${text.slice(0, 200)}`,
        )
      }
      let json: unknown
      try {
        json = JSON.parse(text)
      } catch {
        return refuse('is not JSON')
      }
      const line = trainerLine.safeParse(json)
      if (!line.success) {
        const [issue] = line.error.issues
        return refuse(`is not in the contract (${[...(issue?.path ?? []), issue?.message].join(': ')})`)
      }
      take(line.data, refuse)
    },
  }
}

const howItEnded = ({ code, signal }: CommandEnd) => (code === null ? `the signal ${signal}` : `exit code ${code}`)
const lastWords = ({ lastWords: words }: CommandEnd) => (words === '' ? '' : ` The end of its standard error:\n${words}`)

function plainSettings(settings: Readonly<Record<string, unknown>>, command: readonly string[]): Trained['settings'] {
  const plain = z.union([z.number(), z.string(), z.boolean(), z.null()])
  const entries = Object.entries(settings).map(([name, value]) => [name, plain.safeParse(value).data ?? JSON.stringify(value)])
  return { command: command.join(' '), ...Object.fromEntries(entries) }
}

/** @throws the signal's reason, TrainerProblem, BadTrainerConfiguration */
function inThread(threadFile: string, job: ExportJob | ResultJob, signal: AbortSignal): Promise<FilesAnswer> {
  signal.throwIfAborted()
  const worker = new Worker(pathToFileURL(threadFile), { workerData: job, execArgv: [] })
  return new Promise<FilesAnswer>((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    worker.once('message', (answer: FilesAnswer) => {
      if (answer.kind === 'bad') reject(new TrainerProblem(answer.message))
      else resolve(answer)
    })
    worker.once('error', (error) =>
      reject(new TrainerProblem(`A thread of the training died: ${String(error)}.`, { cause: error })),
    )
    worker.once('exit', (code) => reject(new TrainerProblem(`A thread of the training ended with code ${code}.`)))
  }).finally(() => worker.terminate())
}
