/**
 * Where the embedded Postgres keeps its data and finds its binaries. Usually that is the data folder and node_modules;
 * for root it is not: Postgres refuses to run as root, and the OS user that it then runs as cannot pass our closed
 * folders. See docs/decisions/020-embedded-postgres.md.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, chown, cp, mkdir, readdir, readFile, realpath, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { arch, platform, tmpdir } from 'node:os'
import { dirname, join, sep } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { readText, setAside } from '../configFile.ts'
import { makeFolder, writeWhole } from '../disk/writeWhole.ts'
import type { Log } from '../log.ts'
import { PartProblem } from './keepUp.ts'
import { stopPostmaster } from './postmaster.ts'
import { systemEnvironment } from './processes.ts'

const run = promisify(execFile)

export interface OsUser {
  uid: number
  gid: number
}

export interface PostgresPlace {
  /** Ours alone (or that user's): holds `data` and, for a moment, password files. */
  base: string
  data: string
  binaries: string
  /** null: runs as we do. */
  user: OsUser | null
  /** Not empty when the place is not the usual one and this was not said before. */
  note: string
}

export interface PlaceOptions {
  /** `home.postgres`. */
  folder: string
  /** `home.root`. */
  homeRoot: string
  /** Folder with our package.json. */
  appRoot: string
  log: Log
  /** Where root keeps databases and binaries that another user has to reach. */
  systemFolder?: string
  /** The OS user that Postgres runs as for root. */
  userName?: string
}

const placeFile = z.object({ id: z.string().regex(/^[0-9a-f]{16}$/), home: z.string(), said: z.boolean() })
const defaultSystemFolder = '/var/lib/gatehouse'

/** The folder with `bin`, `lib` and `share` that embedded-postgres's package for this platform brings, and its version. */
export async function bundledBinaries(appRoot: string): Promise<{ folder: string; version: string }> {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`
  let entry: string
  try {
    const fromApp = createRequire(join(appRoot, 'package.json'))
    // The platform package is a dependency of embedded-postgres, not of ours.
    entry = createRequire(fromApp.resolve('embedded-postgres')).resolve(name)
  } catch {
    throw new PartProblem(
      `There is no embedded Postgres for ${platform()} on ${arch()}: the package ${name} is not installed.`,
      'Run npm ci again without leaving out optional packages, or use the compose or remote profile.',
    )
  }
  // Binaries cannot run from inside an archive; the packager leaves them beside it.
  const root = dirname(dirname(entry)).replace(`app.asar${sep}`, `app.asar.unpacked${sep}`)
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  return { folder: join(root, 'native'), version }
}

/** Decides the place, makes its folders, and remembers it. @throws PartProblem */
export async function findPlace(options: PlaceOptions): Promise<PostgresPlace> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 })
  const bundled = await bundledBinaries(options.appRoot)
  if (process.getuid?.() !== 0) {
    return { base: options.folder, data: join(options.folder, 'data'), binaries: bundled.folder, user: null, note: '' }
  }
  return placeForRoot(options, bundled)
}

async function placeForRoot(options: PlaceOptions, bundled: { folder: string; version: string }): Promise<PostgresPlace> {
  const { folder, log } = options
  const systemFolder = options.systemFolder ?? defaultSystemFolder
  const user = await osUser(options.userName ?? 'postgres', log)

  // A data folder that the other user can reach is used as it is.
  const insideData = join(folder, 'data')
  const reachable = await canWork(folder, user)
  const binariesReachable = (await canRun(join(bundled.folder, 'bin', 'postgres'), user))
    ? bundled.folder
    : await copyBinaries(bundled, join(systemFolder, 'bin'), log)
  if (reachable && !existsSync(join(folder, 'place.json'))) {
    await mkdir(insideData, { recursive: true, mode: 0o700 })
    await chown(insideData, user.uid, user.gid)
    return { base: insideData, data: join(insideData, 'cluster'), binaries: binariesReachable, user, note: '' }
  }

  const home = await realpath(options.homeRoot)
  const place = await rememberedPlace(folder, home, systemFolder, log)
  const base = join(systemFolder, place.id)
  await mkdir(systemFolder, { recursive: true, mode: 0o755 })
  makeFolder(base)
  await chown(base, user.uid, user.gid)
  // In this order: a database counts as forgotten when its data folder does not name it.
  await writeChanged(join(folder, 'place.json'), { ...place, home, said: true })
  await writeChanged(`${base}.owner.json`, { home })
  await forgetTemporaryHomes(systemFolder, log)
  const note = place.said
    ? ''
    : `Postgres does not run as root, and its user cannot pass ${options.homeRoot}: the database is in ${base}. Remove that folder too when you remove the data folder.`
  if (note) log.info({ base }, note)
  return { base, data: join(base, 'data'), binaries: binariesReachable, user, note }
}

/** The id that this data folder's database has: kept when the folder was moved, a new one when it was copied. */
async function rememberedPlace(folder: string, home: string, systemFolder: string, log: Log): Promise<z.infer<typeof placeFile>> {
  const file = join(folder, 'place.json')
  const fresh = { id: randomBytes(8).toString('hex'), home, said: false }
  let place: z.infer<typeof placeFile>
  try {
    const text = readText(file)
    if (text === null) return fresh
    place = placeFile.parse(JSON.parse(text))
  } catch {
    // Each database names its data folder too.
    const owned = await databasesOwnedBy(home, systemFolder)
    const [id] = owned
    if (id !== undefined && owned.length === 1) {
      const aside = setAside(file)
      log.warn({ file, aside, id }, 'the note of where the database is was damaged; the database was found by its own note')
      return { id, home, said: true }
    }
    throw new PartProblem(
      `${file} is damaged, so the database of this data folder cannot be found. Nothing was changed.`,
      `Write {"id": "<its folder's name below ${defaultSystemFolder}>", "home": "${home}", "said": true} there, or remove it to begin with an empty database.`,
    )
  }
  if (place.home === home) return place
  // Two data folders on one database would stop each other's server.
  return (await databaseOf(place.home).catch(() => null)) === place.id ? fresh : place
}

/** The ids of the databases whose own note names this data folder. */
async function databasesOwnedBy(home: string, systemFolder: string): Promise<string[]> {
  const found: string[] = []
  for (const name of await readdir(systemFolder).catch(() => [])) {
    const id = /^([0-9a-f]{16})\.owner\.json$/.exec(name)?.[1]
    if (id === undefined) continue
    const owner = await readFile(join(systemFolder, name), 'utf8').catch(() => '')
    if (owner.trim() === JSON.stringify({ home })) found.push(id)
  }
  return found
}

/** Writes the file where it says something else: one that is read-only and right is no problem. */
async function writeChanged(file: string, value: object): Promise<void> {
  const text = `${JSON.stringify(value)}\n`
  if ((await readFile(file, 'utf8').catch(() => '')) !== text) writeWhole(file, text)
}

/**
 * Tells the database outside the data folder, where there is one, that its data folder was moved.
 * @param folder `home.postgres` at its new place
 * @param home the new place, without links
 */
export async function placeMoved(folder: string, home: string, systemFolder = defaultSystemFolder): Promise<void> {
  const file = join(folder, 'place.json')
  if (!existsSync(file)) return
  const place = placeFile.parse(JSON.parse(await readFile(file, 'utf8')))
  writeWhole(join(systemFolder, `${place.id}.owner.json`), `${JSON.stringify({ home })}\n`)
  writeWhole(file, `${JSON.stringify({ ...place, home })}\n`)
}

/** Removes the database outside of a data folder that is about to be removed itself. Its server must have been stopped. */
export async function removePlace(folder: string, log: Log, systemFolder = defaultSystemFolder): Promise<void> {
  const file = join(folder, 'place.json')
  if (!existsSync(file)) return
  const { id } = placeFile.parse(JSON.parse(await readFile(file, 'utf8')))
  await stopPostmaster(join(systemFolder, id, 'data'), log)
  await rm(join(systemFolder, id), { recursive: true, force: true })
  await rm(join(systemFolder, `${id}.owner.json`), { force: true })
}

/** Databases whose data folder lay in the temp folder and is gone or began anew: tests and trials leave them. No others. */
async function forgetTemporaryHomes(systemFolder: string, log: Log): Promise<void> {
  const temp = await realpath(tmpdir())
  for (const name of await readdir(systemFolder)) {
    const id = /^([0-9a-f]{16})\.owner\.json$/.exec(name)?.[1]
    if (!id) continue
    try {
      const { home } = JSON.parse(await readFile(join(systemFolder, name), 'utf8')) as { home: string }
      if (!home.startsWith(temp + sep) || (await databaseOf(home)) === id) continue
      await stopPostmaster(join(systemFolder, id, 'data'), log)
      await rm(join(systemFolder, id), { recursive: true, force: true })
      await rm(join(systemFolder, name), { force: true })
      log.info({ home, id }, 'removed the database of a temporary data folder that is gone')
    } catch (error) {
      log.warn({ err: error, name }, 'could not clear up')
    }
  }
}

/** The id of the database that this data folder names; null when it names none. */
async function databaseOf(home: string): Promise<string | null> {
  try {
    return (JSON.parse(await readFile(join(home, 'postgres', 'place.json'), 'utf8')) as { id: string }).id
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** The OS user, made as a system account without a login when there is none. */
async function osUser(name: string, log: Log): Promise<OsUser> {
  const env = systemEnvironment()
  const look = async (): Promise<OsUser | null> => {
    try {
      const [uid, gid] = await Promise.all([run('id', ['-u', name], { env }), run('id', ['-g', name], { env })])
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
    } catch {
      return null
    }
  }
  const existing = await look()
  if (existing) return existing
  try {
    await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', name], { env })
    log.info({ name }, 'made an OS user for Postgres, which refuses to run as root')
  } catch (error) {
    throw new PartProblem(
      `Postgres refuses to run as root, and the OS user ${name} could not be made: ${(error as Error).message.split('\n').at(-1)}.`,
      `Make a system user ${name}, or start Gatehouse as an ordinary user.`,
    )
  }
  const made = await look()
  if (!made) throw new PartProblem(`The OS user ${name} was made but cannot be found.`, 'Start Gatehouse as an ordinary user.')
  return made
}

/** Asks the kernel by trying, which also sees access lists and mount options. */
const canRun = (program: string, user: OsUser): Promise<boolean> =>
  run(program, ['--version'], { ...user, cwd: '/', env: systemEnvironment(), timeout: 20_000 }).then(
    () => true,
    () => false,
  )

/** true when that user can pass every parent of the folder (it will own what lies below). */
const canWork = (folder: string, user: OsUser): Promise<boolean> =>
  run('/bin/sh', ['-c', 'cd "$1" 2>/dev/null', 'sh', folder], { ...user, cwd: '/', env: systemEnvironment() }).then(
    () => true,
    () => false,
  )

/** A copy that every user can run, one per version, made whole or not at all. */
async function copyBinaries(bundled: { folder: string; version: string }, folder: string, log: Log): Promise<string> {
  const target = join(folder, bundled.version)
  if (existsSync(target)) return target
  await mkdir(folder, { recursive: true, mode: 0o755 })
  const staging = join(folder, `.${bundled.version}.${randomBytes(4).toString('hex')}`)
  try {
    await cp(bundled.folder, staging, { recursive: true, verbatimSymlinks: true })
    await chmod(staging, 0o755)
    for (const name of await readdir(join(staging, 'bin'))) await chmod(join(staging, 'bin', name), 0o755)
    await rename(staging, target)
    log.info({ target }, 'copied the Postgres binaries to where the OS user of Postgres can run them')
  } catch (error) {
    // Another Gatehouse was faster: its copy is as good.
    if (!existsSync(target)) throw error
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
  return target
}
