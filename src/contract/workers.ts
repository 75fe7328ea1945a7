/** Who works on the pipelines' task queue, and whether this host does. */
import { z } from 'zod'
import { spanWords } from './sentence.ts'

const timestamp = z.iso.datetime()

/** One worker process as Temporal knows it, wherever it runs. */
export const workerInfo = z.object({
  identity: z.string(),
  /** true for the worker of this host's own process. */
  here: z.boolean(),
  /** true for a worker in a process of its own on the host's machine: the drill "Worker crash" can hit it. */
  beside: z.boolean(),
  /** null where the server is too old to tell: then only who asked for work lately is known. */
  host: z.string().nullable(),
  processId: z.number().int().nullable(),
  taskQueue: z.string(),
  /** `typescript 1.24.0`; null as `host`. */
  sdk: z.string().nullable(),
  /** What tells one version of the workflow's code from another. */
  build: z.string().nullable(),
  startedAt: timestamp.nullable(),
  lastSeenAt: timestamp,
  /** Steps under way and how many there may be; null as `host`. */
  slots: z.object({ used: z.number().int(), total: z.number().int() }).nullable(),
})
export type WorkerInfo = z.infer<typeof workerInfo>

/** An operator has stopped this host's own worker; others may work on. */
export const workerStopped = z.object({ by: z.string(), at: timestamp, reason: z.string() })
export type WorkerStopped = z.infer<typeof workerStopped>

/** The worker process that the host starts beside itself when somebody asks for it; there is one at most. */
export const workerProcess = z.object({
  /**
   * `starting`: it takes no steps yet, or none now; `again`: it died and is started again at `againAt`; `ending`: it was told
   * to end; `ended`: it is no more; `failed`: it died too often and is left alone.
   */
  state: z.enum(['starting', 'polling', 'again', 'ending', 'ended', 'failed']),
  /** Since when that holds. */
  since: timestamp,
  /** null while there is no process. */
  processId: z.number().int().nullable(),
  /** As Temporal knows it; null before it is told. */
  identity: z.string().nullable(),
  /** Who asked for it last, or had it stopped, and why. */
  by: z.string(),
  reason: z.string(),
  /** A drill brought it along: it ends with that drill. */
  forDrill: z.boolean(),
  /** What it waits for, or why it died or ended; empty while there is nothing to say. */
  detail: z.string(),
  againAt: timestamp.nullable(),
  /** How often it died and was started again since somebody asked for it. */
  restarts: z.number().int(),
})
export type WorkerProcess = z.infer<typeof workerProcess>

/** Whether there is a worker process that works, or is going to. */
export const isWorkerProcessOn = (process: WorkerProcess | null): boolean =>
  process !== null && process.state !== 'ending' && process.state !== 'ended' && process.state !== 'failed'

export const workersState = z.object({
  stopped: workerStopped.nullable(),
  /** null where none was asked for since the host began. */
  process: workerProcess.nullable(),
  /** This host's own first, then by name. */
  workers: z.array(workerInfo),
  /** Steps that no worker has taken yet, and runs that wait for their next or first one; null where that cannot be told. */
  waiting: z.object({ steps: z.number().int(), runs: z.number().int(), oldestSeconds: z.number() }).nullable(),
  /** Why the workers are not known now (Temporal out of reach); null when they are. */
  problem: z.string().nullable(),
})
export type WorkersState = z.infer<typeof workersState>

/** A reason in the middle of a sentence, whether its writer ended it or not. */
export const reasonWords = (reason: string): string => reason.replace(/[.\s]+$/, '')

/** How the worker process is, in a sentence; who asked for it and when stand beside it. */
export function processWords({ state, processId, identity, detail, restarts }: WorkerProcess): string {
  const again = restarts === 0 ? '' : ` It was started again ${restarts === 1 ? 'once' : `${restarts} times`}.`
  switch (state) {
    case 'starting':
      return `${processId === null ? 'It is being started.' : `Process ${processId} is starting.`}${detail === '' ? '' : ` ${detail}`}`
    case 'polling':
      return `${identity} takes steps.${again}`
    case 'again':
      return `${detail} It is started again in a moment.`
    case 'ending':
      return 'It gives its steps back and ends.'
    case 'ended':
    case 'failed':
      return detail
  }
}

/** `2 runs and 1 step wait for a worker, the oldest for 41 s.`; null while nothing waits. */
export function waitingWords(waiting: WorkersState['waiting']): string | null {
  if (!waiting || waiting.steps + waiting.runs === 0) return null
  const { runs, steps, oldestSeconds } = waiting
  const parts = [[runs, 'run'] as const, [steps, 'step'] as const].flatMap(([n, word]) =>
    n === 0 ? [] : `${n} ${word}${n === 1 ? '' : 's'}`,
  )
  return `${parts.join(' and ')} ${runs + steps === 1 ? 'waits' : 'wait'} for a worker, the oldest for ${spanWords(oldestSeconds * 1000)}.`
}
