/** What a data folder tells of itself, whether or not a host runs on it. Reads only. */
import { open, readdir, readFile, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { isSecretName } from '../../../contract/secretNames.ts'
import type { Home } from '../home.ts'
import { migrations } from '../ledger/schema.ts'
import { isSecretFlag } from '../redact.ts'

/** As much of the end of each log. */
const logBytes = 512 * 1024
const lastProblems = 50

/** Every text in a value; some secrets are JSON themselves. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(textsIn)
  if (typeof value !== 'string') return []
  if (!value.startsWith('{')) return [value]
  try {
    return [value, ...textsIn(JSON.parse(value))]
  } catch {
    return [value]
  }
}

/** Texts that stand under the name of a secret, or after an argument of such a name. */
function secretsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) {
    return value.flatMap((inner, index) => (isSecretFlag(value[index - 1]) ? textsIn(inner) : secretsIn(inner)))
  }
  return Object.entries(value).flatMap(([name, inner]) => (isSecretName(name) ? textsIn(inner) : secretsIn(inner)))
}

/**
 * Values that may leave under no name: of the file with the secrets, the running host's own token, and what the configuration
 * holds: a trainer may print its arguments.
 */
export async function secretsInFiles(home: Home): Promise<string[]> {
  const values: string[] = []
  for (const file of [join(home.config, 'secrets.json'), home.control]) {
    const text = await readFile(file, 'utf8').catch(() => '')
    try {
      const content = JSON.parse(text) as Record<string, unknown>
      values.push(...textsIn(file === home.control ? content.token : content))
    } catch {
      // Not there, or damaged: then it goes nowhere either.
    }
  }
  for (const { text } of await readConfig(home)) {
    try {
      values.push(...secretsIn(JSON.parse(text)))
    } catch {
      // Malformed: it is covered as a text.
    }
  }
  return values
}

/** The files of the configuration that are known to hold no secret, as they are; malformed ones too. */
export async function readConfig({ config }: Home): Promise<{ name: string; text: string }[]> {
  const wanted = ['settings.json', 'pipelines.json', 'profiles.json', 'drills.json', 'failure_simulation.json']
  const found = await Promise.all(
    wanted.map(async (name) => ({ name, text: await readFile(join(config, name), 'utf8').catch(() => null) })),
  )
  return found.flatMap(({ name, text }) => (text === null ? [] : [{ name, text }]))
}

/** The end of every log, oldest line first. */
export async function readLogs({ logs }: Home): Promise<{ name: string; text: string }[]> {
  const names = (await readdir(logs).catch(() => [] as string[])).filter((name) => /\.log(\.1)?$/.test(name))
  return Promise.all(names.map(async (name) => ({ name, text: await endOf(join(logs, name)) })))
}

async function endOf(path: string): Promise<string> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const { bytesRead, buffer } = await file.read(
      Buffer.alloc(Math.min(size, logBytes)),
      0,
      Math.min(size, logBytes),
      Math.max(0, size - logBytes),
    )
    const text = buffer.subarray(0, bytesRead).toString('utf8')
    // The first line was cut in two: half a field has no name that it could be covered by.
    return size > logBytes ? text.slice(text.indexOf('\n') + 1) : text
  } finally {
    await file.close()
  }
}

/** How many rows each table of the ledger has, and what went wrong last; `problem` when it cannot be read. */
export function readLedger({ ledger }: Home): Record<string, unknown> {
  let db: Database.Database | null = null
  try {
    db = new Database(ledger, { readonly: true, fileMustExist: true })
    const tables = db
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      .pluck()
      .all() as string[]
    const last = (sql: string) => db?.prepare(sql).all(lastProblems)
    return {
      version: db.pragma('user_version', { simple: true }),
      versionKnown: migrations.length,
      rows: Object.fromEntries(tables.map((name) => [name, db?.prepare(`SELECT count(*) FROM "${name}"`).pluck().get()])),
      stages: db.prepare('SELECT stage, count(*) AS runs FROM projection GROUP BY stage').all(),
      refusedFiles: last('SELECT at, outcome, code, message FROM intake_entry WHERE code IS NOT NULL ORDER BY id DESC LIMIT ?'),
      lateStarts: last('SELECT workflow_id, attempts, next_attempt_at, last_error FROM start_outbox LIMIT ?'),
      lateDecisions: last(
        "SELECT workflow_id, state, attempts, last_error FROM decision_outbox WHERE state <> 'delivered' LIMIT ?",
      ),
    }
  } catch (error) {
    return { problem: (error as Error).message }
  } finally {
    db?.close()
  }
}

/** Bytes free, and bytes in each part of the data folder. */
export async function readDisk(home: Home): Promise<Record<string, unknown>> {
  const sizeOf = async (folder: string): Promise<number> => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
    const sizes = await Promise.all(
      entries
        .filter((entry) => entry.isFile())
        .map(async (entry) => (await stat(join(entry.parentPath, entry.name)).catch(() => null))?.size ?? 0),
    )
    return sizes.reduce((sum, size) => sum + size, 0)
  }
  const { bavail, bsize } = await statfs(home.root)
  const parts = ['store', 'temporal', 'postgres', 'logs', 'backups', 'config', 'deployments', 'data']
  const bytes = await Promise.all(parts.map(async (part) => [part, await sizeOf(join(home.root, part))]))
  return { freeBytes: bavail * bsize, bytes: Object.fromEntries(bytes) }
}
