import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { assertNever } from '../../../contract/model.ts'
import type { Log } from '../log.ts'
import type { LocalFileStore } from '../store/fileStore.ts'
import type { TakeRequest, ThreadData, ThreadReply, ThreadRequest } from './intakeThread.ts'
import type { Refusal, TakeResult } from './takeFile.ts'
import type { Found } from './walk.ts'

/** The thread ended, or failed at a job for a reason of its own; the file is as it was and can be tried again. */
export class ThreadFailed extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ThreadFailed'
  }
}

export interface IntakeThread {
  take(job: TakeRequest): Promise<TakeResult>
  look(path: string, name: string, maxFileBytes: number): Promise<Refusal | { kind: 'gone' } | null>
  /** Hands over what lies below a folder in batches. */
  walk(folder: string, onFound: (found: Found[]) => void): Promise<void>
  /** Stops copies under way and ends the thread; what is pending is rejected with ThreadFailed. */
  close(): Promise<void>
}

interface Pending {
  worker: Worker
  resolve(value: unknown): void
  reject(error: Error): void
  onFound?: (found: Found[]) => void
}
type WithoutId<T> = T extends { id: number } ? Omit<T, 'id'> : never

/** How long a closing thread may take to stop its copies before it is ended by force. */
const closeDeadlineMs = 5_000

/** The main thread's side of `intakeThread`. The thread starts with the first job, and again after a crash. */
export function createIntakeThread(file: string, store: LocalFileStore, log: Log): IntakeThread {
  const pending = new Map<number, Pending>()
  let worker: Worker | null = null
  let exited = Promise.resolve()
  let lastId = 0
  let closed = false

  /** A thread that ends takes its own jobs with it, not those of the one that follows. */
  const failJobsOf = (ended: Worker, message: string) => {
    for (const [id, job] of pending) {
      if (job.worker !== ended) continue
      pending.delete(id)
      job.reject(new ThreadFailed(message))
    }
  }

  const onReply = (reply: ThreadReply) => {
    const job = pending.get(reply.id)
    if (!job) return
    if (reply.kind === 'found') {
      job.onFound?.(reply.found)
      return
    }
    pending.delete(reply.id)
    switch (reply.kind) {
      case 'took':
        return job.resolve(reply.result)
      case 'looked':
        return job.resolve(reply.refusal)
      case 'walked':
        return job.resolve(undefined)
      case 'failed':
        return job.reject(new ThreadFailed(reply.message))
      default:
        return assertNever(reply)
    }
  }

  const start = () => {
    const workerData: ThreadData = { storeFolder: store.folder, storeOwner: store.owner }
    // The host's own options (an inspector, a test runner's loader) are not the thread's.
    const started = new Worker(pathToFileURL(file), { workerData, execArgv: [] })
    exited = new Promise((resolve) =>
      started.once('exit', (code) => {
        if (worker === started) worker = null
        failJobsOf(started, closed ? 'The intake is closed.' : `The intake's thread ended (exit code ${code}).`)
        resolve()
      }),
    )
    started.on('message', onReply)
    started.on('error', (error) => {
      log.error({ err: error }, 'the intake thread crashed; it is started again with the next file')
      if (worker === started) worker = null
      failJobsOf(started, `The intake's thread crashed: ${error.message}`)
    })
    return started
  }

  const ask = <T>(request: WithoutId<ThreadRequest>, onFound?: Pending['onFound']) =>
    new Promise<T>((resolve, reject) => {
      if (closed) return reject(new ThreadFailed('The intake is closed.'))
      worker ??= start()
      const id = ++lastId
      pending.set(id, { worker, resolve: resolve as (value: unknown) => void, reject, onFound })
      worker.postMessage({ ...request, id })
    })

  return {
    take: (job) => ask<TakeResult>({ kind: 'take', job }),
    look: (path, name, maxFileBytes) => ask<Refusal | { kind: 'gone' } | null>({ kind: 'look', path, name, maxFileBytes }),
    walk: (folder, onFound) => ask<void>({ kind: 'walk', folder }, onFound),
    async close() {
      if (closed) return
      closed = true
      if (!worker) return
      const ended = worker
      ended.postMessage({ kind: 'close' } satisfies ThreadRequest)
      const deadline = setTimeout(() => void ended.terminate(), closeDeadlineMs)
      await exited
      clearTimeout(deadline)
    },
  }
}
