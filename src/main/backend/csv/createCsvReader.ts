import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { assertNever } from '../../../contract/model.ts'
import { CsvProblem, type CsvReader } from '../../../temporal/activities/deps.ts'
import type { CsvAnswer, CsvJob } from './csvThread.ts'
import type { CsvFacts } from './readCsv.ts'

/** As many files at a time; more would only take turns on the same cores. */
const maxThreads = 2
/** An idle thread is kept this long for the next file, because starting one takes longer than reading a small file. */
const idleMilliseconds = 10_000

interface Job extends CsvJob {
  signal: AbortSignal
  onProgress: (bytesRead: number, bytesTotal: number) => void
  resolve: (facts: CsvFacts) => void
  reject: (reason: unknown) => void
}

/**
 * Reads CSVs in worker threads, at most two at a time; further files wait their turn, so a caller that must show life
 * does so by a timer of its own. A cancelled read ends its thread at once.
 *
 * @param threadFile absolute path of `csvThread` (TypeScript source or bundle)
 */
export function createCsvReader(threadFile: string): CsvReader & { close(): Promise<void> } {
  const queue: Job[] = []
  const idle: { worker: Worker; timer: NodeJS.Timeout }[] = []
  const all = new Set<Worker>()
  let busy = 0

  function startThread(): Worker {
    const worker = new Worker(pathToFileURL(threadFile), {
      // Rows are not kept: what does not fit in here is a fault, and must end this thread rather than the app.
      resourceLimits: { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 32 },
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
      const job = queue.shift()
      if (job === undefined) return
      busy++
      work(job, takeThread())
    }
  }

  function work(job: Job, worker: Worker): void {
    const settle = (reusable: boolean, tell: () => void) => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit)
      job.signal.removeEventListener('abort', onAbort)
      if (reusable) keepThread(worker)
      else void worker.terminate()
      busy--
      tell()
      next()
    }
    const onMessage = (answer: CsvAnswer) => {
      switch (answer.kind) {
        case 'progress':
          return job.onProgress(answer.bytesRead, answer.bytesTotal)
        case 'done':
          return settle(true, () => job.resolve(answer.facts))
        case 'problem':
          return settle(true, () => job.reject(new CsvProblem(answer.code, answer.message)))
        case 'failed':
          return settle(true, () => job.reject(Object.assign(new Error(answer.message), answer.code && { code: answer.code })))
        default:
          return assertNever(answer)
      }
    }
    const onError = (error: unknown) =>
      settle(false, () => {
        // After a fault its late 'exit' and further errors have nobody to tell.
        worker.on('error', () => {})
        job.reject(error)
      })
    const onExit = (code: number) =>
      settle(false, () => job.reject(new Error(`the thread that read ${job.fileName} ended with code ${code}`)))
    const onAbort = () => settle(false, () => job.reject(job.signal.reason))

    worker.on('message', onMessage).on('error', onError).on('exit', onExit)
    job.signal.addEventListener('abort', onAbort, { once: true })
    worker.ref()
    worker.postMessage({ path: job.path, fileName: job.fileName } satisfies CsvJob)
  }

  return {
    read: (path, { fileName, signal, onProgress }) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        const job: Job = { path, fileName, signal, onProgress, resolve, reject }
        queue.push(job)
        signal.addEventListener(
          'abort',
          () => {
            const at = queue.indexOf(job)
            if (at !== -1) queue.splice(at, 1)
            reject(signal.reason)
          },
          { once: true },
        )
        next()
      }),
    async close() {
      for (const job of queue.splice(0)) job.reject(new Error('the CSV reader was closed'))
      await Promise.all([...all].map((worker) => worker.terminate()))
    },
  }
}
