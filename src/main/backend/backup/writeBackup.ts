/** Makes a backup of a data folder, also while its host works on it. What is taken when, and why: docs/decisions/177-backup.md. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import type pg from 'pg'
import type { BackupProgress, BackupReport } from '../../../contract/backup.ts'
import { conflict, refused } from '../../../contract/errors.ts'
import type { KeyProvider } from '../../../contract/keys.ts'
import { isDiskFull } from '../../../temporal/diskFull.ts'
import type { Home } from '../home.ts'
import type { Log } from '../log.ts'
import { type ArchiveSource, writeArchive } from './archive.ts'
import { copyDatabase } from './copyDatabase.ts'
import { rememberBackup } from './lastBackup.ts'
import { type Manifest, manifestName, manifestVersion } from './manifest.ts'
import { archivePlace, unwritable } from './place.ts'
import { writeTables } from './tables.ts'

export interface BackupSources {
  home: Home
  appVersion: string
  profile(): string
  /** true when Temporal and Postgres are Gatehouse's own, so that the backup holds them. */
  ownsServers(): boolean
  /** The running embedded Postgres; null while it is not up. */
  postgres(): pg.ClientConfig | null
  keys: {
    list(): { id: string; state: string; provider: KeyProvider }[]
    exportKey(id: string, passphrase: string): Promise<string>
  }
  /** Lets no start and no decision leave for Temporal; gives the function that lets them go again. */
  hold(): () => void
  log: Log
}

/** The configuration that is Gatehouse's own, and copies of it that were set aside. Whatever else lies there may be a secret. */
const configNames =
  /^(settings|pipelines|pipelines\.schema|profiles|drills|failure_simulation|keys|secret-store|secret-store\.copy|run-views)\.json(\.(broken|malformed|unreadable)-[A-Za-z0-9]+)?$/
const deploymentNames = /^[a-z]{1,20}(\.history\.jsonl|\.json)$/

/**
 * @param wanted where the archive goes, as `archivePlace` takes it
 * @param passphrase wraps the keys; null leaves them out
 * @throws CallFailed `invalid`, `conflict`, `refused` when it cannot be made or was stopped; then nothing of it is left
 */
export async function writeBackup(
  sources: BackupSources,
  {
    file: wanted,
    passphrase,
    onProgress,
    signal,
  }: {
    file: string | null
    passphrase: string | null
    onProgress?: (progress: BackupProgress) => void
    signal?: AbortSignal
  },
): Promise<BackupReport> {
  const { home, log } = sources
  const file = await archivePlace(home, wanted, { folder: home.backups, prefix: 'gatehouse-' })
  await rm(`${file}.partial`, { force: true }) // of a backup that a crash cut off
  await removeOldStaging(home)
  const staging = join(home.backups, `.making-${randomBytes(4).toString('hex')}`)
  try {
    await mkdir(staging, { recursive: true, mode: 0o700 })
    onProgress?.({ what: 'Taking the databases', doneBytes: 0, totalBytes: 0 })
    const taken = await takeSnapshot(sources, staging)
    signal?.throwIfAborted()
    const keys = await takeKeys(sources, staging, passphrase)
    const found = await contents(staging, home)
    const totalBytes = found.reduce((sum, { size }) => sum + size, 0)
    let doneBytes = 0
    const madeAt = taken.at.toISOString()
    const notes = [...taken.notes, ...keys.notes]
    const archive = await writeArchive({
      path: file,
      signal,
      sources: found,
      last: {
        name: manifestName,
        content: (entries) =>
          Buffer.from(
            `${JSON.stringify({
              format: 'gatehouse-backup',
              version: manifestVersion,
              madeAt,
              appVersion: sources.appVersion,
              home: home.root,
              profile: sources.profile(),
              ledgerVersion: taken.ledgerVersion,
              runs: taken.runs,
              temporal: taken.temporal,
              postgres: taken.postgres,
              keys: keys.list,
              notes,
              entries,
            } satisfies Manifest)}\n`,
          ),
      },
      onBytes(bytes) {
        doneBytes += bytes
        onProgress?.({ what: 'Packing', doneBytes, totalBytes })
      },
    })
    const report: BackupReport = {
      ...archive,
      file,
      madeAt,
      runs: taken.runs,
      keysIncluded: keys.list.filter(({ included }) => included).map(({ id }) => id),
      keysMissing: keys.list.filter(({ included }) => !included).map(({ id }) => id),
      notes,
    }
    log.info({ ...report }, 'a backup was made')
    await rememberBackup(home, report).catch((error) => log.warn({ err: error }, 'that a backup was made could not be noted'))
    return report
  } catch (error) {
    if (signal?.aborted) {
      throw conflict('The backup was stopped. Nothing of it was kept; earlier ones and the data folder are as they were.')
    }
    if (!isDiskFull(error)) throw unwritable(error, file)
    throw refused(
      `The disk of ${dirname(file)} or of ${home.root} is full. Nothing of this backup was kept; earlier ones and the data folder are as they were. Free some space, or name a file on another disk.`,
    )
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

/**
 * The moment of the backup. In this order what comes later may know more than what came before, and every step, start
 * and decision is idempotent: what is repeated after a restore changes nothing, and nothing is missing.
 */
async function takeSnapshot(sources: BackupSources, staging: string) {
  const { home } = sources
  const ownsServers = sources.ownsServers()
  const notes: string[] = []
  const at = new Date()
  let temporal: Manifest['temporal'] = null
  let postgres: Manifest['postgres'] = null
  const release = sources.hold()
  try {
    await copyDatabase(home.ledger, join(staging, 'ledger.sqlite'))
    await copyIfThere(join(home.root, 'keys.sqlite'), join(staging, 'keys.sqlite'))
    const temporalDatabase = join(home.temporal, 'temporal.db')
    if (ownsServers && existsSync(temporalDatabase)) {
      await mkdir(join(staging, 'temporal'), { mode: 0o700 })
      await copyDatabase(temporalDatabase, join(staging, 'temporal', 'temporal.db'))
      const cliVersion = await readFile(join(home.temporal, 'cli-version'), 'utf8').catch(() => null)
      if (cliVersion !== null) await writeFile(join(staging, 'temporal', 'cli-version'), cliVersion)
      temporal = { cliVersion: cliVersion?.trim() ?? null }
    }
    if (ownsServers) {
      const config = sources.postgres()
      if (!config)
        throw conflict(
          'Postgres is not up, and a backup without the experiments would not be whole. Nothing was written; try again when it is up.',
        )
      await mkdir(join(staging, 'postgres'), { mode: 0o700 })
      postgres = await writeTables(config, join(staging, 'postgres'))
    } else {
      notes.push(
        `Temporal and Postgres are those of the profile "${sources.profile()}": they are not in this backup. Back them up with their own tools at the same time.`,
      )
    }
    await copyFolder(join(home.root, 'deployments'), join(staging, 'deployments'), deploymentNames)
    const left = await copyFolder(home.config, join(staging, 'config'), configNames)
    const foreign = left.filter((name) => name !== 'secrets.json')
    if (foreign.length > 0) notes.push(`Left out of ${home.config}, as it is not Gatehouse's own: ${foreign.join(', ')}.`)
  } finally {
    release()
  }
  return { at, notes, temporal, postgres, ...ledgerFacts(join(staging, 'ledger.sqlite')) }
}

function ledgerFacts(file: string): { ledgerVersion: number; runs: number } {
  const db = new Database(file, { readonly: true })
  try {
    return {
      ledgerVersion: db.pragma('user_version', { simple: true }) as number,
      runs: db.prepare('SELECT count(*) FROM run').pluck().get() as number,
    }
  } finally {
    db.close()
  }
}

async function takeKeys({ keys, home, log }: BackupSources, staging: string, passphrase: string | null) {
  const list: Manifest['keys'] = []
  const notes: string[] = []
  for (const { id, provider, state } of keys.list()) {
    if (state === 'retired') continue
    let included = false
    if (passphrase !== null) {
      try {
        const text = await keys.exportKey(id, passphrase)
        await mkdir(join(staging, 'keys'), { recursive: true, mode: 0o700 })
        await writeFile(join(staging, 'keys', `${id}.txt`), text, { mode: 0o600 })
        included = true
      } catch (error) {
        log.warn({ err: error, keyId: id }, 'a key is not in the backup')
        notes.push(`The key ${id} is not in this backup: ${(error as Error).message}`)
      }
    }
    list.push({ id, provider, included })
  }
  if (passphrase === null && list.length > 0) {
    notes.push(
      `The keys are not in this backup (no passphrase was given to wrap them). On this machine a restore finds them while ${home.root} or the keychain has them; where both are lost, what they sealed cannot be read, and its runs cannot go on.`,
    )
  }
  return { list, notes }
}

/** Files of the store are immutable and only ever added, so those that are there last are all that anything refers to. */
async function contents(staging: string, home: Home): Promise<(ArchiveSource & { from: string; size: number })[]> {
  const list = async (folder: string, under: string) => {
    const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    return Promise.all(
      found
        .filter((entry) => entry.isFile())
        .map(async (entry) => {
          const from = join(entry.parentPath, entry.name)
          const name = `${under}${from.slice(folder.length + 1).replaceAll('\\', '/')}`
          return { name, from, size: (await stat(from)).size }
        }),
    )
  }
  const stored = await list(join(home.store, 'sha256'), 'store/sha256/')
  return [...(await list(staging, '')), ...stored].sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function copyIfThere(from: string, to: string): Promise<void> {
  if (existsSync(from)) await copyDatabase(from, to)
}

/** @returns names of the files that were left out */
async function copyFolder(from: string, to: string, wanted: RegExp): Promise<string[]> {
  if (!existsSync(from)) return []
  await mkdir(to, { mode: 0o700 })
  const left: string[] = []
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (entry.isFile() && wanted.test(entry.name)) await copyFile(join(from, entry.name), join(to, entry.name))
    else left.push(entry.name)
  }
  return left
}

/** What a crash left; one host, one backup at a time. */
async function removeOldStaging({ backups }: Home): Promise<void> {
  await mkdir(backups, { recursive: true, mode: 0o700 })
  for (const name of await readdir(backups)) {
    if (name.startsWith('.making-')) await rm(join(backups, name), { recursive: true, force: true })
  }
}
