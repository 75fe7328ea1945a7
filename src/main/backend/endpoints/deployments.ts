/**
 * What is deployed in one environment, on disk: `<env>.json` is the model served now, `<env>.history.jsonl` every
 * deployment there ever was. Any process on this data folder may switch; the endpoint answers from these files.
 */
import { open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import type { UnusableFile } from '../../../contract/model.ts'
import { metricValues } from '../../../contract/training.ts'
import type { DeploymentCause } from '../../../temporal/activities/deps.ts'
import type { Environment } from '../../../temporal/types.ts'
import { lockFile } from '../../control/lock.ts'
import { keepBeforeWriting, newerVersion, readText } from '../configFile.ts'
import { flushFolder, makeFolder, writeWhole } from '../disk/writeWhole.ts'
import { firstLine } from '../settings/firstLine.ts'

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

/** The record of an environment cannot be read: it was changed from outside, or is of a later version. */
export class RecordProblem extends Error {
  /** In words, without the file. */
  readonly why: string
  constructor(path: string, why: string) {
    super(
      `The deployment record ${path} cannot be read: ${why}. It and the history beside it are kept. Start Gatehouse again to serve what was confirmed last, or deploy a model again.`,
    )
    this.why = why
    this.name = 'RecordProblem'
  }
}

export interface Deployments {
  /** @throws RecordProblem */
  current(): Promise<Deployed | null>
  /**
   * Replaces what is deployed, whole or not at all; null = nothing. A record that cannot be read is kept under another name
   * first, and told by `unusable`.
   * @throws CallFailed `refused` when no copy of such a record can be made: nothing is changed then
   */
  switchTo(next: Deployed | null): Promise<void>
  /** What could not be read as it lay here, and what became of it. */
  unusable(): UnusableFile[]
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
  /** Lines of the history that are none of ours; one that a crash cut off is among them. */
  let strangeLines = 0
  /** A record that was replaced, with where its copy is. */
  let replaced: string | null = null

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
      strangeLines = 0
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
        if (entry === null && line.trim() !== '') strangeLines++
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
    try {
      const text = readText(record)
      return text === null ? null : parseRecord(text)
    } catch (error) {
      throw new RecordProblem(record, firstLine(error))
    }
  }

  /** Nothing that cannot be read is written over without a copy. */
  async function keepUnreadable(next: Deployed | null): Promise<void> {
    const problem = await current().then(
      () => null,
      (error: RecordProblem) => error.why,
    )
    if (problem === null) return
    const aside = keepBeforeWriting(record, `What ${environment} serves`)
    const instead = next === null ? `${environment} serves nothing` : `${environment} serves ${next.model_id} instead`
    replaced = `The deployment record ${record} could not be used: ${problem}. It was kept as ${aside}. ${instead}.`
  }

  return {
    current,

    async switchTo(next) {
      makeFolder(folder)
      await keepUnreadable(next)
      if (next !== null) return writeWhole(record, `${JSON.stringify(next, null, 2)}\n`)
      await rm(record, { force: true })
      flushFolder(folder)
    },

    unusable() {
      const lines = strangeLines === 1 ? '1 line that is' : `${strangeLines} lines that are`
      return [
        ...(replaced === null ? [] : [{ file: record, problem: replaced }]),
        ...(strangeLines === 0
          ? []
          : [
              {
                file: history,
                problem: `The deployment history ${history} has ${lines} not to be read. The file was left as it is, and the others are used: a deployment may be missing from the list.`,
              },
            ]),
      ]
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
      makeFolder(folder)
      const line = JSON.stringify({ event, at, deployment } satisfies z.infer<typeof historyLine>)
      const file = await open(history, 'a+', 0o600)
      try {
        // A line that a crash cut off is closed first, so that it spoils no other.
        const { size } = await file.stat()
        const last = size === 0 ? null : (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0]
        await file.appendFile(`${last === null || last === 10 ? '' : '\n'}${line}\n`)
        await file.sync()
        if (size === 0) flushFolder(folder)
      } finally {
        await file.close()
      }
    },

    async exclusively(signal, work) {
      makeFolder(folder)
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

/** @throws Error in words, or ZodError */
function parseRecord(text: string): Deployed {
  const json = JSON.parse(text) as { version?: unknown } | null
  // This one writes none: a version is what a later Gatehouse needs that says more.
  if (typeof json?.version === 'number' && json.version > 1) throw new Error(newerVersion(json.version, 1))
  return deployed.parse(json)
}

function parsed<T>(schema: z.ZodType<T>, text: string): T | null {
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    return null
  }
}
