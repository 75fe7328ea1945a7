/**
 * What is deployed in one environment, on disk: `<env>.json` is the model served now, `<env>.history.jsonl` every
 * deployment there ever was. Any process on this data folder may switch; the endpoint answers from these files.
 */
import { mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { metricValues } from '../../../contract/training.ts'
import type { DeploymentCause } from '../../../temporal/activities/deps.ts'
import type { Environment } from '../../../temporal/types.ts'
import { lockFile } from '../../control/lock.ts'
import { flushFolder, writeWhole } from '../disk/writeWhole.ts'

const cause: z.ZodType<DeploymentCause> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('run'), workflow_id: z.string(), run_id: z.string() }),
  z.object({ kind: z.literal('rollBack'), request_id: z.string(), operator: z.string(), host: z.string(), reason: z.string() }),
])

const deployed = z.object({
  model_id: z.string().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  size_bytes: z.number().int().nonnegative(),
  metrics: metricValues,
  deployed_at: z.iso.datetime(),
  /** Not there in records of 0.1. */
  cause: cause.optional(),
})
export type Deployed = z.infer<typeof deployed>

const historyLine = z.object({ event: z.enum(['deployed', 'undone']), at: z.iso.datetime(), deployment: deployed })
/** A switch that the endpoint confirmed, or one that was taken back. */
export type DeploymentEvent = z.infer<typeof historyLine>

/** The record of an environment cannot be read: it was changed from outside. */
export class RecordProblem extends Error {
  constructor(path: string) {
    super(
      `The deployment record ${path} cannot be read: it was changed from outside. The history beside it was kept. Deploy a model again.`,
    )
    this.name = 'RecordProblem'
  }
}

export interface Deployments {
  /** @throws RecordProblem */
  current(): Promise<Deployed | null>
  /** Replaces what is deployed, whole or not at all; null = nothing. */
  switchTo(next: Deployed | null): Promise<void>
  /** The last deployment of every model that was ever served here, the current one included. */
  everDeployed(modelId: string): Promise<Deployed | null>
  /** The same without a switch that is not confirmed yet. */
  everConfirmed(modelId: string): Promise<Deployed | null>
  /** The deployment that an endpoint confirmed last. A switch that a crash cut short is not among them. */
  lastConfirmed(): Promise<Deployed | null>
  /** The latest ones, oldest first. */
  events(): Promise<readonly DeploymentEvent[]>
  append(event: 'deployed' | 'undone', deployment: Deployed, at: string): Promise<void>
  /** Runs one switch at a time, over all processes of this data folder. */
  exclusively<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

/** As many events of an environment are kept at hand. */
const keptEvents = 200
/** Between two looks whether another process has finished its switch. */
const lockPollMs = 100

export function createDeployments(folder: string, environment: Environment): Deployments {
  const record = join(folder, `${environment}.json`)
  const history = join(folder, `${environment}.history.jsonl`)
  /** Index of the history up to `readUntil`; the file only grows, so nothing is read twice. */
  const latest = new Map<string, Deployed>()
  let recent: DeploymentEvent[] = []
  let confirmed: Deployed | null = null
  let readUntil = 0

  /** One after the other: two at once would take the same lines twice. */
  let reading: Promise<void> = Promise.resolve()
  function readHistory(): Promise<void> {
    reading = reading.then(readNewLines, readNewLines)
    return reading
  }

  async function readNewLines(): Promise<void> {
    const size = await stat(history).then(
      (s) => s.size,
      () => 0,
    )
    if (size < readUntil) {
      // Not ours any more: someone replaced the file.
      latest.clear()
      recent = []
      confirmed = null
      readUntil = 0
    }
    if (size === readUntil) return
    const file = await open(history, 'r')
    try {
      const from = readUntil
      const bytes = Buffer.alloc(size - from)
      const { bytesRead } = await file.read(bytes, 0, bytes.length, from)
      // A line that is still being written is read the next time.
      const end = bytes.subarray(0, bytesRead).lastIndexOf(10) + 1
      for (const line of bytes.subarray(0, end).toString().split('\n')) {
        const entry = parsed(historyLine, line)
        if (entry === null) continue
        recent.push(entry)
        if (entry.event !== 'deployed') continue
        confirmed = entry.deployment
        latest.set(confirmed.model_id, confirmed)
      }
      recent = recent.slice(-keptEvents)
      readUntil = from + end
    } finally {
      await file.close()
    }
  }

  async function current(): Promise<Deployed | null> {
    const text = await readFile(record, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })
    if (text === null) return null
    const value = parsed(deployed, text)
    if (value === null) throw new RecordProblem(record)
    return value
  }

  return {
    current,

    async switchTo(next) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      if (next !== null) return writeWhole(record, `${JSON.stringify(next, null, 2)}\n`)
      await rm(record, { force: true })
      flushFolder(folder)
    },

    async everDeployed(modelId) {
      const now = await current().catch(() => null)
      if (now?.model_id === modelId) return now
      return this.everConfirmed(modelId)
    },

    async everConfirmed(modelId) {
      await readHistory()
      return latest.get(modelId) ?? null
    },

    async lastConfirmed() {
      await readHistory()
      return confirmed
    },

    async events() {
      await readHistory()
      return recent
    },

    async append(event, deployment, at) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const line = JSON.stringify({ event, at, deployment } satisfies z.infer<typeof historyLine>)
      const file = await open(history, 'a+', 0o600)
      try {
        // A line that a crash cut off is closed first, so that it spoils no other.
        const { size } = await file.stat()
        const last = size === 0 ? null : (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0]
        await file.appendFile(`${last === null || last === 10 ? '' : '\n'}${line}\n`)
        await file.sync()
      } finally {
        await file.close()
      }
    },

    async exclusively(signal, work) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const path = join(folder, `${environment}.lock.sqlite`)
      let lock = lockFile(path)
      while (lock === null) {
        await wait(lockPollMs, undefined, { signal })
        lock = lockFile(path)
      }
      try {
        return await work()
      } finally {
        lock.release()
      }
    },
  }
}

function parsed<T>(schema: z.ZodType<T>, text: string): T | null {
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    return null
  }
}
