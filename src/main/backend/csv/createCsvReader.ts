import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { assertNever } from '../../../contract/model.ts'
import { CsvProblem } from '../../../temporal/activities/deps.ts'
import type { CsvAnswer, CsvJob, CsvResults } from './csvThread.ts'

/** As many files at a time; more would only take turns on the same cores. */
const maxThreads = 2
/** An idle thread is kept this long for the next file, because starting one takes longer than reading a small file. */
const idleMilliseconds = 10_000
/** A thread that was told to cancel ends its query within this; then it is ended. */
const cancelWithinMs = 1_000

export interface CsvJobOptions {
  signal: AbortSignal
  /** `fraction` is 0 to 1. */
  onProgress(fraction: number, message: string): void
}

export interface CsvReader {
  /** @throws CsvProblem for a file that no retry can mend; the system's error; the signal's reason */
  run<K extends CsvJob['kind']>(job: Extract<CsvJob, { kind: K }>, options: CsvJobOptions): Promise<CsvResults[K]>
  close(): Promise<void>
}

interface Waiting extends CsvJobOptions {
  job: CsvJob
  resolve(result: CsvResults[CsvJob['kind']]): void
  reject(reason: unknown): void
}

/**
 * Reads CSVs in worker threads, at most two at a time; further files wait their turn, so a caller that must show life
 * does so by a timer of its own. A cancelled job ends its query at once.
 *
 * @param threadFile absolute path of `csvThread` (TypeScript source or bundle)
 */
export function createCsvReader(threadFile: string): CsvReader {
  const queue: Waiting[] = []
  const idle: { worker: Worker; timer: NodeJS.Timeout }[] = []
  const all = new Set<Worker>()
  let busy = 0

  function startThread(): Worker {
    const worker = new Worker(pathToFileURL(threadFile), {
      // Tables are arrays outside of this heap: what does not fit in here must end this thread rather than the app.
      resourceLimits: { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 32 },
      execArgv: [],
    })
    worker.unref()
    all.add(worker)
    worker.once('exit', () => {
      all.delete(worker)
      const at = idle.findIndex((entry) => entry.worker === worker)
      if (at !== -1) clearTimeout(idle.splice(at, 1)[0]?.timer)
    })
    return worker
  }

  function takeThread(): Worker {
    const kept = idle.pop()
    if (kept === undefined) return startThread()
    clearTimeout(kept.timer)
    return kept.worker
  }

  function keepThread(worker: Worker): void {
    const timer = setTimeout(() => void worker.terminate(), idleMilliseconds)
    timer.unref()
    worker.unref()
    idle.push({ worker, timer })
  }

  function next(): void {
    while (busy < maxThreads) {
      const waiting = queue.shift()
      if (waiting === undefined) return
      busy++
      work(waiting, takeThread())
    }
  }

  function work({ job, signal, onProgress, resolve, reject }: Waiting, worker: Worker): void {
    let deadline: NodeJS.Timeout | null = null
    const settle = (reusable: boolean, tell: () => void) => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit)
      signal.removeEventListener('abort', onAbort)
      if (deadline) clearTimeout(deadline)
      if (reusable) keepThread(worker)
      else void worker.terminate()
      busy--
      tell()
      next()
    }
    const onMessage = (answer: CsvAnswer) => {
      if (signal.aborted && answer.kind !== 'progress') return settle(true, () => reject(signal.reason))
      switch (answer.kind) {
        case 'progress':
          return onProgress(answer.fraction, answer.message)
        case 'done':
          return settle(true, () => resolve(answer.result))
        case 'problem':
          return settle(true, () => reject(new CsvProblem(answer.code, answer.message)))
        case 'failed':
          return settle(true, () => reject(Object.assign(new Error(answer.message), answer.code && { code: answer.code })))
        default:
          return assertNever(answer)
      }
    }
    const onError = (error: unknown) =>
      settle(false, () => {
        // After a fault its late 'exit' and further errors have nobody to tell.
        worker.on('error', () => {})
        reject(error)
      })
    const onExit = (code: number) =>
      settle(false, () => reject(new Error(`the thread that read ${job.fileName} ended with code ${code}`)))
    const onAbort = () => {
      worker.postMessage('cancel')
      deadline = setTimeout(() => settle(false, () => reject(signal.reason)), cancelWithinMs)
    }

    worker.on('message', onMessage).on('error', onError).on('exit', onExit)
    signal.addEventListener('abort', onAbort, { once: true })
    worker.ref()
    worker.postMessage(job)
  }

  return {
    run: (job, { signal, onProgress }) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        const waiting: Waiting = { job, signal, onProgress, resolve: resolve as Waiting['resolve'], reject }
        queue.push(waiting)
        signal.addEventListener(
          'abort',
          () => {
            const at = queue.indexOf(waiting)
            if (at === -1) return
            queue.splice(at, 1)
            reject(signal.reason)
          },
          { once: true },
        )
        next()
      }),
    async close() {
      for (const { reject } of queue.splice(0)) reject(new Error('the CSV reader was closed'))
      await Promise.all([...all].map((worker) => worker.terminate()))
    },
  }
}
