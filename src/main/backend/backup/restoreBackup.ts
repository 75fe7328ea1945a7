/** Makes a data folder of a backup: built beside its place, tried, and renamed into it in the end. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, readdir, readFile, realpath, rename, rm, rmdir, statfs } from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'
import Database from 'better-sqlite3'
import type { BackupProgress } from '../../../contract/backup.ts'
import { isDiskFull } from '../../../temporal/diskFull.ts'
import { acquireLock, type HomeLock } from '../../control/lock.ts'
import type { AppPaths } from '../../paths.ts'
import { flushFile, flushFolder, flushFolders, writeWhole } from '../disk/writeWhole.ts'
import { type Home, homeAt, makeHome } from '../home.ts'
import { type CarriedKey, openExportedKey } from '../keys/exportedKey.ts'
import { createStoredKeys } from '../keys/storedKeys.ts'
import { migrations as ledgerMigrations } from '../ledger/schema.ts'
import type { Log } from '../log.ts'
import { openSecrets } from '../secrets/openSecrets.ts'
import { stopOrphans } from '../stack/childProcess.ts'
import { placeMoved, removePlace } from '../stack/postgresPlace.ts'
import { createPostgresServer } from '../stack/postgresServer.ts'
import { postmasterStopping } from '../stack/postmaster.ts'
import { ArchiveProblem, type OpenArchive, openArchive } from './archive.ts'
import { whatIsDamaged } from './copyDatabase.ts'
import { isAllowedName, longestManifest, type Manifest, manifestName, readManifest } from './manifest.ts'
import { readTables } from './tables.ts'

/** It was not restored; the message says why, and what is as it was. */
export class RestoreRefused extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RestoreRefused'
  }
}

export interface RestoreOptions {
  file: string
  home: Home
  paths: AppPaths
  /** A data folder that is there already is moved aside. */
  replace: boolean
  /** Asked for when the backup holds keys; null leaves them out. */
  passphrase(): Promise<string | null>
  log: Log
  onProgress?(progress: BackupProgress): void
}

export interface RestoreReport {
  home: string
  /** Where the folder that was there is now; null when none was. */
  setAside: string | null
  madeAt: string
  runs: number
  keysRestored: string[]
  keysMissing: string[]
  notes: string[]
}

/**
 * @throws RestoreRefused, and what was there is as it was
 */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreReport> {
  const { file, home } = options
  let archive: OpenArchive
  try {
    archive = await openArchive(file)
  } catch (error) {
    throw asRefusal(error, options)
  }
  let lock: HomeLock | null = null
  const staging = homeAt(`${home.root}.restoring-${randomBytes(4).toString('hex')}`)
  try {
    const manifest = readManifest(await archive.read(manifestName, longestManifest), file)
    await compare(archive, manifest, options)
    const wasThere = await folderInUse(home, options.replace)
    if (wasThere) {
      lock = acquireLock(home)
      if (!lock)
        throw new RestoreRefused(
          `A Gatehouse runs on ${home.root}. Nothing was changed. Stop it, or name another folder with --home.`,
        )
    }
    await checkRoom(manifest, home)
    const keys = await openKeys(archive, manifest, options.passphrase)

    await mkdir(dirname(staging.root), { recursive: true })
    makeHome(staging)
    await extractAll(archive, manifest, staging, options)
    const notes = [...manifest.notes]
    notes.push(...(await moveInboxes(manifest, staging, home)))
    const found = await bringSecrets(manifest, staging, home)
    const secrets = await openSecrets({ home: staging, log: options.log })
    const stored = createStoredKeys(secrets)
    for (const key of keys) await stored.keep(key)
    const there = new Set((await stored.list()).map(({ id }) => id))
    if (manifest.postgres) notes.push(...(await fillPostgres(manifest.postgres, staging, options)))

    const setAside = await takePlace(staging, home, wasThere, lock, options.log)
    if (setAside !== null) {
      notes.push(
        `Files that came in after the backup are in ${join(setAside, 'data', 'raw')}. Copy them into ${home.inbox}: those that the restored ledger knows are passed over.`,
      )
    }
    if (found !== null) notes.push(`The secrets were taken from ${found}.`)
    const stays = manifest.keys.filter(({ provider }) => !isStored(provider)).map(({ id }) => id)
    const keysRestored = manifest.keys.map(({ id }) => id).filter((id) => there.has(id))
    return {
      ...{ home: home.root, setAside, madeAt: manifest.madeAt, runs: manifest.runs, keysRestored, notes },
      keysMissing: manifest.keys.map(({ id }) => id).filter((id) => !there.has(id) && !stays.includes(id)),
    }
  } catch (error) {
    throw asRefusal(error, options)
  } finally {
    archive.close()
    lock?.release()
    await removeStaging(staging, options.log)
  }
}

const isStored = (provider: string) => ['keychain', 'file', 'passphrase'].includes(provider)

function asRefusal(error: unknown, { home }: Pick<RestoreOptions, 'home'>): unknown {
  if (error instanceof RestoreRefused || (error as Error).name === 'UsageError') return error
  if (isDiskFull(error)) {
    return new RestoreRefused(
      `The disk of ${dirname(home.root)} is full. Nothing was changed there, and what was unpacked so far is removed. Free some space and restore again.`,
      { cause: error },
    )
  }
  const { message, remedy = '' } = error as Error & { remedy?: string }
  if (error instanceof ArchiveProblem) return new RestoreRefused(`${message} Nothing was changed.`, { cause: error })
  return new RestoreRefused(`It was not restored: ${message.replace(/\.$/, '')}. ${home.root} is as it was. ${remedy}`.trim(), {
    cause: error,
  })
}

/** The archive holds what its manifest says, no more and no less, and this Gatehouse knows all of it. */
async function compare(archive: OpenArchive, manifest: Manifest, { file, paths }: RestoreOptions): Promise<void> {
  const promised = new Map(manifest.entries.map((entry) => [entry.name, entry]))
  for (const { name, size } of archive.entries) {
    if (name === manifestName) continue
    if (!isAllowedName(name))
      throw new ArchiveProblem(`${file} holds ${JSON.stringify(name)}, which no backup has: it is not used.`)
    const entry = promised.get(name)
    if (!entry || entry.size !== size)
      throw new ArchiveProblem(`${file} was changed: ${name} is not as its ${manifestName} says.`)
    promised.delete(name)
  }
  const [missing] = promised.keys()
  if (missing !== undefined) throw new ArchiveProblem(`${file} was changed: ${missing} is missing.`)
  if (!manifest.entries.some(({ name }) => name === 'ledger.sqlite')) throw new ArchiveProblem(`${file} holds no ledger.`)
  const newer = (what: string) =>
    new ArchiveProblem(
      `${file} was made by a newer Gatehouse (${manifest.appVersion}): this one does not know its ${what}. Restore it with that one.`,
    )
  if (manifest.ledgerVersion > ledgerMigrations.length) throw newer('ledger')
  const known = (await readdir(join(paths.resources, 'migrations'))).sort().map((name) => name.replace(/\.sql$/, ''))
  if (manifest.postgres?.migrations.some((name, index) => known[index] !== name)) throw newer('tables')
}

/** @returns whether there is something to move aside */
async function folderInUse(home: Home, replace: boolean): Promise<boolean> {
  const names = await readdir(home.root).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  if (names.length === 0) return false
  if (replace) return true
  throw new RestoreRefused(
    `${home.root} is not empty. Nothing was changed. Name another folder with --home, or say --replace: what is there is then moved aside, not removed.`,
  )
}

/** A made database takes some 40 MB beside its rows. */
const serverBytes = 100 * 1024 ** 2

async function checkRoom(manifest: Manifest, home: Home): Promise<void> {
  let there = dirname(home.root)
  while (!existsSync(there)) there = dirname(there)
  const { bavail, bsize } = await statfs(there)
  const needed = manifest.entries.reduce((sum, { size }) => sum + size, serverBytes)
  if (bavail * bsize < needed) {
    throw new RestoreRefused(
      `The backup needs ${megabytes(needed)} MB, and ${there} has ${megabytes(bavail * bsize)} MB free. Nothing was changed.`,
    )
  }
}
const megabytes = (bytes: number) => Math.ceil(bytes / 1024 ** 2).toLocaleString('en')

/** Before anything is unpacked: with another passphrase nothing is done. */
async function openKeys(archive: OpenArchive, manifest: Manifest, ask: RestoreOptions['passphrase']): Promise<CarriedKey[]> {
  const included = manifest.keys.filter((key) => key.included)
  if (included.length === 0) return []
  const passphrase = await ask()
  if (passphrase === null) return []
  const keys: CarriedKey[] = []
  for (const { id } of included) {
    const text = (await archive.read(`keys/${id}.txt`, 10_000)).toString('utf8')
    try {
      keys.push(await openExportedKey(text, passphrase))
    } catch (error) {
      throw new RestoreRefused(`${(error as Error).message} Nothing was changed.`, { cause: error })
    }
  }
  return keys
}

/** Every entry is hashed while it is written; one that is not as the manifest says ends the restore. */
async function extractAll(archive: OpenArchive, manifest: Manifest, staging: Home, options: RestoreOptions): Promise<void> {
  const totalBytes = manifest.entries.reduce((sum, { size }) => sum + size, 0)
  let doneBytes = 0
  for (const promised of manifest.entries) {
    const to = join(staging.root, ...promised.name.split('/'))
    await mkdir(dirname(to), { recursive: true, mode: 0o700 })
    const found = await archive.extract(promised.name, to, (bytes) => {
      doneBytes += bytes
      options.onProgress?.({ what: 'Unpacking', doneBytes, totalBytes })
    })
    const isStoreFile = promised.name.startsWith('store/')
    if (found.sha256 !== promised.sha256 || (isStoreFile && found.sha256 !== basename(to))) {
      throw new ArchiveProblem(`${options.file} was changed or damaged: ${promised.name} has another SHA-256 than it should.`)
    }
    if (isStoreFile) await chmod(to, 0o400)
  }
  await rm(join(staging.root, 'keys'), { recursive: true, force: true })
  for (const name of ['ledger.sqlite', 'keys.sqlite', join('temporal', 'temporal.db')]) {
    const path = join(staging.root, name)
    const damage = existsSync(path) ? whatIsDamaged(path) : null
    if (damage !== null) throw new ArchiveProblem(`${name} in ${options.file} is a damaged database (${damage}).`)
  }
  const db = new Database(staging.ledger, { readonly: true })
  const version = db.pragma('user_version', { simple: true })
  db.close()
  if (version !== manifest.ledgerVersion) throw new ArchiveProblem(`${options.file} was changed: its ledger has another version.`)
}

/** Inboxes within the data folder move with it: two hosts that watch one folder would each take its files. */
async function moveInboxes(manifest: Manifest, staging: Home, home: Home): Promise<string[]> {
  const file = join(staging.config, 'settings.json')
  let settings: { inboxFolders?: unknown }
  try {
    settings = JSON.parse(await readFile(file, 'utf8'))
  } catch {
    return [] // none, or one that the host sets aside itself
  }
  if (!Array.isArray(settings.inboxFolders) || manifest.home === home.root) return []
  const notes: string[] = []
  const inboxFolders = settings.inboxFolders.map((folder) => {
    if (typeof folder !== 'string') return folder
    if (folder === manifest.home || folder.startsWith(manifest.home + sep)) return home.root + folder.slice(manifest.home.length)
    notes.push(
      `It watches the inbox ${folder}, as ${manifest.home} did. Let only one of the two run, or take it out of the settings: each would make runs of new files.`,
    )
    return folder
  })
  writeWhole(file, `${JSON.stringify({ ...settings, inboxFolders }, null, 2)}\n`)
  return notes
}

/**
 * Secrets that lie in a file are in no backup. The data folder that the backup was made of still has them, where it is
 * there: known by the id that it shares with the backup.
 * @returns where they were found
 */
async function bringSecrets(manifest: Manifest, staging: Home, home: Home): Promise<string | null> {
  const idIn = async (folder: string): Promise<string | null> => {
    try {
      const { id, store } = JSON.parse(await readFile(join(folder, 'secret-store.json'), 'utf8')) as {
        id?: string
        store?: string
      }
      return store === 'file' && id ? id : null
    } catch {
      return null
    }
  }
  const wanted = await idIn(staging.config)
  if (wanted === null) return null
  for (const folder of new Set([home.config, join(resolve(manifest.home), 'config')])) {
    const from = join(folder, 'secrets.json')
    if ((await idIn(folder)) !== wanted || !existsSync(from)) continue
    await copyFile(from, join(staging.config, 'secrets.json'))
    await chmod(join(staging.config, 'secrets.json'), 0o600)
    flushFile(join(staging.config, 'secrets.json'))
    return from
  }
  return null
}

/** Makes a database as the backup's version had it and fills it; the host's next start brings it up to date. */
async function fillPostgres(
  tables: NonNullable<Manifest['postgres']>,
  staging: Home,
  options: RestoreOptions,
): Promise<string[]> {
  const { paths, log, onProgress } = options
  const tell = (what: string) => onProgress?.({ what, doneBytes: 0, totalBytes: 0 })
  tell('Filling Postgres')
  const server = await createPostgresServer({
    ...{ home: staging, appRoot: paths.root, resources: paths.resources, log },
    secrets: await openSecrets({ home: staging, log }),
    // Beside a server that may run on the usual one.
    port: 5499,
    migrations: tables.migrations.length,
  })(({ detail }) => tell(detail), new AbortController().signal)
  let leftOut: string[]
  try {
    leftOut = await readTables(server.value, staging.postgres, tables)
  } finally {
    await server.close()
  }
  await rm(join(staging.postgres, 'port'), { force: true })
  for (const { name } of tables.tables) {
    if (!leftOut.includes(name)) await rm(join(staging.postgres, `${name}.jsonl`), { force: true })
  }
  return leftOut.map(
    (name) => `The table ${name} is not one of Gatehouse's: its rows are in ${join(options.home.postgres, `${name}.jsonl`)}.`,
  )
}

/** What is there goes aside, and the new folder comes into its place. @returns where the old one is */
async function takePlace(staging: Home, home: Home, wasThere: boolean, lock: HomeLock | null, log: Log): Promise<string | null> {
  // As a fresh data folder has it: nothing of the host that was.
  await rm(join(staging.postgres, 'server.json'), { force: true })
  // The files' bytes are on disk; their names have to be before the old folder gives way.
  flushFolders(staging.root)
  if (!wasThere) {
    if (existsSync(home.root)) await rmdir(home.root)
    await rename(staging.root, home.root)
    flushFolder(dirname(home.root))
    await placeMoved(home.postgres, await realpath(home.root))
    return null
  }
  const aside = `${home.root}.before-restore-${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
  // Servers that a killed host left would go on writing there.
  await stopOrphans(
    join(home.temporal, 'server.json'),
    [
      { signal: 'SIGTERM', wait: 4_000 },
      { signal: 'SIGKILL', wait: 2_000 },
    ],
    log,
  )
  await stopOrphans(join(home.postgres, 'server.json'), postmasterStopping, log)
  // Windows renames no folder with an open file in it; elsewhere the lock goes along.
  if (process.platform === 'win32') lock?.release()
  await rename(home.root, aside)
  try {
    await rename(staging.root, home.root)
  } catch (error) {
    await rename(aside, home.root)
    throw error
  }
  flushFolder(dirname(home.root))
  // The folder that was there may be damaged in any way.
  await placeMoved(homeAt(aside).postgres, await realpath(aside)).catch((error) =>
    log.warn({ err: error }, 'the old database keeps its name'),
  )
  await placeMoved(home.postgres, await realpath(home.root))
  return aside
}

/** Nothing is left of a restore that was refused, root's database elsewhere included. */
async function removeStaging(staging: Home, log: Log): Promise<void> {
  if (!existsSync(staging.root)) return
  await removePlace(staging.postgres, log)
  await rm(staging.root, { recursive: true, force: true })
}
