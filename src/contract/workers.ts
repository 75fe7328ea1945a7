/** Who works on the pipelines' task queue, and whether this host does. */
import { z } from 'zod'
import { spanWords } from './sentence.ts'

const timestamp = z.iso.datetime()

/** One worker process as Temporal knows it, wherever it runs. */
export const workerInfo = z.object({
  identity: z.string(),
  /** true for the worker of this host's own process. */
  here: z.boolean(),
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

export const workersState = z.object({
  stopped: workerStopped.nullable(),
  /** This host's own first, then by name. */
  workers: z.array(workerInfo),
  /** Steps that no worker has taken yet, and runs that wait for their next or first one; null where that cannot be told. */
  waiting: z.object({ steps: z.number().int(), runs: z.number().int(), oldestSeconds: z.number() }).nullable(),
  /** Why the workers are not known now (Temporal out of reach); null when they are. */
  problem: z.string().nullable(),
})
export type WorkersState = z.infer<typeof workersState>

/** `2 runs and 1 step wait for a worker, the oldest for 41 s.`; null while nothing waits. */
export function waitingWords(waiting: WorkersState['waiting']): string | null {
  if (!waiting || waiting.steps + waiting.runs === 0) return null
  const { runs, steps, oldestSeconds } = waiting
  const parts = [[runs, 'run'] as const, [steps, 'step'] as const].flatMap(([n, word]) =>
    n === 0 ? [] : `${n} ${word}${n === 1 ? '' : 's'}`,
  )
  return `${parts.join(' and ')} ${runs + steps === 1 ? 'waits' : 'wait'} for a worker, the oldest for ${spanWords(oldestSeconds * 1000)}.`
}
