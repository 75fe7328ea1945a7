/** The embedded Temporal: the CLI's dev server as a child of ours, on a database file in the data folder. */

import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TemporalAddress } from '../../../temporal/connection.ts'
import { stageAttribute } from '../../../temporal/names.ts'
import { flushFile, writeWhole } from '../disk/writeWhole.ts'
import type { Home } from '../home.ts'
import type { Log } from '../log.ts'
import { sqliteFault } from '../sqliteFile.ts'
import { type Child, type StopPlan, startChild, stopOrphans } from './childProcess.ts'
import { type Live, PartProblem, type Report } from './keepUp.ts'
import { choosePort, isFree } from './ports.ts'
import { systemEnvironment } from './processes.ts'
import { ensureTemporalCli, type TemporalCli } from './temporalCli.ts'
import { connectTemporal, type UsableTemporal } from './temporalConnection.ts'

export interface TemporalPlace {
  address: TemporalAddress
  uiUrl: string | null
}

export interface TemporalServerOptions {
  home: Home
  resources: string
  cacheDir: string
  /** Tried first; the next free ones otherwise. */
  port: number
  uiPort: number
  log: Log
}

/** Its own shutdown takes well under a second; an abrupt end is safe too (WAL), only slower to recover from. */
const stopping: StopPlan = [
  { signal: 'SIGTERM', wait: 4_000 },
  { signal: 'SIGKILL', wait: 2_000 },
]
/** A cold start on two busy cores takes a few seconds; a first one also makes the database. */
const readyMilliseconds = 60_000
const host = '127.0.0.1'
const namespace = 'default'

/** Gives the function that starts the server and waits until it can be used; call it again after it went away. */
export function createTemporalServer(
  options: TemporalServerOptions,
): (report: Report, signal: AbortSignal) => Promise<Live<TemporalPlace>> {
  const { home, log } = options
  const database = join(home.temporal, 'temporal.db')
  const recordFile = join(home.temporal, 'server.json')
  const logFile = join(home.logs, 'temporal.log')
  const mark = markOf(home)
  let cli: TemporalCli | null = null
  // A restarted server keeps its ports where it can, so that links and other clients stay right.
  let lastPort = options.port
  let lastUiPort = options.uiPort

  return async (report, signal) => {
    await mkdir(home.temporal, { recursive: true, mode: 0o700 })
    if (!cli || !existsSync(cli.path)) cli = await haveCli(options, report, signal)
    report({ detail: 'Temporal is starting.' })
    await stopOrphans(recordFile, stopping, log)
    refuseDamaged(home, database)
    const note = await keepCopyForOtherVersion(home, database, cli.version, log)
    signal.throwIfAborted()

    const port = await choosePort([...new Set([lastPort, options.port])])
    const uiPort = await choosePort([...new Set([lastUiPort, options.uiPort])], [port])
    const child = await startChild({
      name: 'temporal',
      command: cli.path,
      args: serverArguments(database, port, uiPort, mark),
      env: systemEnvironment(),
      logFile,
      recordFile,
      stopping,
      log,
    })
    const address: TemporalAddress = { address: `${host}:${port}`, namespace }
    let server: UsableTemporal
    try {
      server = await untilUsable(address, mark, child, logFile, signal)
    } catch (error) {
      await child.stop()
      throw error
    }
    noteVersion(home, cli.version)
    lastPort = port
    lastUiPort = uiPort
    return {
      value: { address, uiUrl: `http://${host}:${uiPort}` },
      summary: `embedded ${port}`,
      address: address.address,
      note,
      check: server.check,
      gone: child.ended.then(
        ({ code, signal: by }) =>
          `The Temporal server ended by itself (${by ?? `code ${code}`}); nothing that it had confirmed is lost.`,
      ),
      async close() {
        await server.close().catch(() => {})
        await child.stop()
      },
    }
  }
}

async function haveCli(options: TemporalServerOptions, report: Report, signal: AbortSignal): Promise<TemporalCli> {
  try {
    const cli = await ensureTemporalCli({
      cacheDir: options.cacheDir,
      resources: options.resources,
      signal,
      onProgress: ({ message, fraction }) => report({ detail: message, fraction }),
    })
    options.log.info({ cli }, 'Temporal CLI')
    return cli
  } catch (error) {
    signal.throwIfAborted()
    throw new PartProblem((error as Error).message, 'Install the Temporal CLI or Go, or set GATEHOUSE_TEMPORAL_CLI.', {
      cause: error,
    })
  }
}

/** The dev server's flags: `temporal server start-dev --help`. */
function serverArguments(database: string, port: number, uiPort: number, mark: string): string[] {
  return [
    'server',
    'start-dev',
    ...['--ip', host, '--port', String(port), '--ui-port', String(uiPort)],
    ...['--db-filename', database],
    // An abrupt end is safe in every mode; this one also survives a power cut without losing what was confirmed.
    ...['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=2'],
    ...['--search-attribute', `${stageAttribute}=Keyword`],
    ...['--namespace', mark],
    // "Retry now" resets an activity; servers before 1.31 have that switched off.
    ...['--dynamic-config-value', 'frontend.activityAPIsEnabled=true'],
    ...['--log-level', 'warn', '--log-format', 'json'],
  ]
}

// As SQLite says it (sqlite.org/rescode.html: CORRUPT, NOTADB, CANTOPEN), whatever the server adds.
const damagedDatabase =
  /database disk image is malformed|file is not a database|unable to open database file|no such table|readonly database/

/**
 * An empty namespace that tells the server of this data folder from any other: two that start at once may find the same
 * port free, and the other's would be taken for ours for as long as our child needs to fail.
 */
const markOf = (home: Home) => `gatehouse-${createHash('sha256').update(home.root).digest('hex').slice(0, 12)}`

async function untilUsable(
  address: TemporalAddress,
  mark: string,
  child: Child,
  logFile: string,
  signal: AbortSignal,
): Promise<UsableTemporal> {
  const until = performance.now() + readyMilliseconds
  const port = Number(address.address.split(':')[1])
  for (;;) {
    signal.throwIfAborted()
    if (child.hasEnded()) {
      const said = lastLine(child.said())
      throw new PartProblem(
        `The Temporal server ended while it was starting: ${said}`,
        damagedDatabase.test(said)
          ? `Its database cannot be used and was left as it is: an empty one would not know the runs under way. ${restore} Its output is in ${logFile}.`
          : `Its output is in ${logFile}.`,
      )
    }
    // A look at the port costs nothing; a gRPC attempt on a closed one would wait out its own back-off.
    if (!(await isFree(port))) {
      try {
        return await connectTemporal(address, true, signal, mark)
      } catch (error) {
        if (performance.now() > until) throw error
      }
    }
    if (performance.now() > until) {
      throw new PartProblem(
        `The Temporal server was not ready within ${readyMilliseconds / 1000} s.`,
        `Its output is in ${logFile}. A busy machine may need longer; Gatehouse tries again.`,
      )
    }
    await Promise.race([sleep(50), child.ended])
  }
}

const restore = 'Restore a backup with "gatehouse restore FILE --replace".'
const versionFileOf = (home: Home) => join(home.temporal, 'cli-version')

/**
 * The server would make an empty database where there is none, and write into one that was cut off.
 * @throws PartProblem when it is not as the last server left it
 */
function refuseDamaged(home: Home, database: string): void {
  const size = statSync(database, { throwIfNoEntry: false })?.size ?? 0
  // Noted once there was a server that could be used.
  if (size === 0 && !existsSync(versionFileOf(home))) return
  const fault = existsSync(database) ? sqliteFault(database) : 'it is gone, although there was one'
  if (fault === null) return
  throw new PartProblem(
    `Temporal's database ${database} cannot be used: ${fault}. It and what lies beside it were left as they are, and Temporal was not started: an empty one would not know the runs under way.`,
    `${restore} To begin without the runs that were under way, move the folder ${home.temporal} away.`,
  )
}

/** Where it is noted which version has the database. */
function noteVersion(home: Home, version: string): void {
  const file = versionFileOf(home)
  if (!existsSync(file)) writeWhole(file, `${version}\n`)
}

/** A database file is never migrated across CLI versions, so a copy of it is kept before another version opens it. */
async function keepCopyForOtherVersion(home: Home, database: string, version: string, log: Log): Promise<string> {
  const versionFile = versionFileOf(home)
  const before = await readFile(versionFile, 'utf8').then(
    (text) => text.trim(),
    () => null,
  )
  if (before === version || before === null) return ''
  let note = ''
  if (existsSync(database)) {
    await mkdir(home.backups, { recursive: true, mode: 0o700 })
    const copy = join(home.backups, `temporal-${before}-${new Date().toISOString().replace(/[:.]/g, '-')}.db`)
    for (const suffix of ['', '-wal', '-shm']) {
      if (!existsSync(database + suffix)) continue
      await copyFile(database + suffix, copy + suffix)
      flushFile(copy + suffix)
    }
    note = `The Temporal CLI changed from ${before} to ${version}; a copy of its database from before is ${copy}.`
    log.warn({ before, version, copy }, 'Temporal CLI changed')
  }
  writeWhole(versionFile, `${version}\n`)
  return note
}

const lastLine = (said: string) => said.trimEnd().split('\n').at(-1)?.slice(0, 300) || 'it said nothing.'
