/**
 * Parts die and links break at random while files go through and are decided; then Temporal, Postgres and the ledger must
 * agree that each file had one run with one end. Short form by default; `--long` for 200 faults over 200 files.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import Database from 'better-sqlite3'
import pg from 'pg'
import { type Host, newHome, removeHome, sampleCsv, startHost } from '../e2e/support/host.ts'
import type { DrillName } from '../src/contract/drills.ts'
import type { RunDetail } from '../src/contract/model.ts'
import type { Home } from '../src/main/backend/home.ts'
import { silentLog } from '../src/main/backend/log.ts'
import { openSecrets } from '../src/main/backend/secrets/openSecrets.ts'
import { workflowType } from '../src/temporal/names.ts'
import { mulberry32 } from './crash.ts'
import { type Found, type History, reconcile } from './reconcile.ts'
import { type Row, seconds } from './table.ts'

const faultKinds = ['host', 'worker', 'temporal', 'postgres', 'postgres stopped', 'network', 'together'] as const
type FaultKind = (typeof faultKinds)[number]
const linkDrills: DrillName[] = [
  'postgres-cut',
  'postgres-silent',
  'postgres-slow',
  'temporal-cut',
  'temporal-silent',
  'temporal-slow',
]
const linkFaultMs = 3_000
/** Longer than any way back; what has not happened by then counts as lost. */
const patienceMs = 180_000
const root = resolve(import.meta.dirname, '..')

/**
 * @param count faults, and files; each kind of fault as often as the others where `long` is false, drawn where it is true
 * @param seed of everything that is drawn
 */
export async function run({ long, count, seed }: { long: boolean; count: number; seed: number }): Promise<Row[]> {
  const random = mulberry32(seed)
  const home = await newHome({ demoTrainer: { minSeconds: 0, maxSeconds: 2 }, settleSeconds: 0.5 })
  const began = performance.now()
  const times = { postgres: [] as number[], temporal: [] as number[], host: [] as number[] }
  const done: Record<FaultKind, number> = {
    host: 0,
    worker: 0,
    temporal: 0,
    postgres: 0,
    'postgres stopped': 0,
    network: 0,
    together: 0,
  }
  let host = await startHost(home)
  let worker = startWorker(home)
  const operator = createOperator(() => host)
  try {
    for (let i = 0; i < count; i++) {
      const name = nameOf(i)
      const drop = () => writeFile(join(home.inbox, name), sampleCsv(i))
      // The short form has each kind the same number of times; which one comes when is drawn.
      const kind = faultKinds[long ? Math.floor(random() * faultKinds.length) : i % faultKinds.length] as FaultKind
      const before = random() * 3_000
      done[kind]++
      console.error(`${seconds(performance.now() - began)}: fault ${i + 1} of ${count}: ${kind}`)
      switch (kind) {
        case 'host': {
          await drop()
          await sleep(before)
          await host.kill()
          host = await startHost(home)
          times.host.push(host.readyMs)
          break
        }
        case 'worker': {
          await drop()
          await sleep(before)
          await endOf(worker)
          worker = startWorker(home)
          break
        }
        case 'temporal': {
          // Before the drop, so that the file's first step is the first one after the server's return.
          const serves = await temporalAt(host)
          await killServer(home, 'temporal')
          await drop()
          const back = await since(serves)
          const begun = await until(() => attemptBegun(host, name))
          times.temporal.push(begun === null ? patienceMs : begun - back)
          await upAgain(host, 'temporal')
          break
        }
        case 'postgres': {
          await drop()
          await sleep(before)
          await killServer(home, 'postgres')
          await backUp(host, 'postgres')
          break
        }
        case 'postgres stopped': {
          const serves = await postgresAt(home, host)
          await switchDrill(host, 'postgres-down', true)
          await drop()
          await until(async () => ((await stageOf(host, name)) === 'LoggingExperiment' ? true : null))
          await sleep(before)
          const [back] = await Promise.all([since(serves), switchDrill(host, 'postgres-down', false)])
          const logged = await until(() => experimentLogged(host, name))
          times.postgres.push(logged === null ? patienceMs : logged - back)
          break
        }
        case 'network': {
          const drill = linkDrills[Math.floor(random() * linkDrills.length)] as DrillName
          await drop()
          await sleep(before)
          await switchDrill(host, drill, true)
          await sleep(linkFaultMs)
          await switchDrill(host, drill, false)
          break
        }
        case 'together': {
          await drop()
          await sleep(before)
          const parts = drawParts(random)
          console.error(`  ${parts.join(', ')}`)
          // A host starts with its drills as they were, and is not ready on a link that is cut: the link is not among them then.
          const drill = parts.includes('host') ? null : (linkDrills[Math.floor(random() * linkDrills.length)] as DrillName)
          if (drill) await switchDrill(host, drill, true)
          await Promise.all([
            parts.includes('temporal') && killServer(home, 'temporal'),
            parts.includes('postgres') && killServer(home, 'postgres'),
            parts.includes('worker') && endOf(worker),
            parts.includes('host') && host.kill(),
          ])
          if (drill) {
            await sleep(linkFaultMs)
            await switchDrill(host, drill, false)
          }
          if (parts.includes('host')) {
            host = await startHost(home)
            times.host.push(host.readyMs)
          }
          if (parts.includes('worker')) worker = startWorker(home)
          await upAgain(host, 'temporal')
          await upAgain(host, 'postgres')
          break
        }
      }
    }
    const ended = await until(async () => {
      const { runs } = await host.connection.call('runs.list', { limit: 5000 })
      return runs.length >= count && runs.every(({ stage }) => endStages.has(stage)) ? true : null
    })
    await operator.stop()
    const { runs } = await host.connection.call('runs.list', { limit: 5000 })
    const found = await lookEverywhere(home, host, runs)
    const files = Array.from({ length: count }, (_, i) => ({
      fileName: nameOf(i),
      sha256: createHash('sha256').update(sampleCsv(i)).digest('hex'),
      isApproved: isApproved(nameOf(i)),
    }))
    const findings = reconcile(files, found)
    for (const finding of Object.values(findings).flat()) console.error(finding)
    const missed = new Set([...findings.wrongEnd, ...findings.lost].map((finding) => finding.split(' ')[0]))
    const parts = Object.entries(done).map(([kind, times]) => `${kind} ${times}`)
    return [
      {
        what: `${count} faults (${parts.join(', ')}; seed ${seed}) over ${count} files: runs in the right end stage`,
        measured: `${count - missed.size} of ${count}`,
        toReach: String(count),
        reached: missed.size === 0 && ended === true,
      },
      none('files without a run in the ledger or in Temporal', findings.lost),
      none('files with more than one run in either, or runs without a file', findings.startedTwice),
      none('steps completed more than once in a history', findings.doneTwice),
      none('runs whose experiment is not in Postgres exactly once', findings.notLoggedOnce),
      none('deployed to production without an approval before it', findings.deployedWithoutDecision),
      none('runs whose deployments are not in Postgres exactly once', findings.notDeployedOnce),
      p95('Postgres back to log_experiment done', times.postgres, 3_000),
      p95('Temporal back to the first step under way', times.temporal, 10_000),
      p95('host killed to everything running again, from its start', times.host, 10_000),
      { what: 'duration', measured: seconds(performance.now() - began), toReach: 'reported', reached: null },
    ]
  } finally {
    await operator.stop()
    await endOf(worker)
    await host.stop().catch(() => host.kill())
    await removeHome(home)
  }
}

const nameOf = (i: number) => `good_${String(i).padStart(3, '0')}.csv`
const isApproved = (fileName: string) => Number(/\d+/.exec(fileName)?.[0]) % 2 === 0
const endStages: ReadonlySet<string> = new Set(['Completed', 'GateFailed', 'Rejected', 'TimedOut', 'Failed', 'Cancelled'])

const none = (what: string, findings: readonly string[]): Row => ({
  what,
  measured: String(findings.length),
  toReach: '0',
  reached: findings.length === 0,
})

function p95(what: string, measured: number[], limit: number): Row {
  const sorted = measured.toSorted((a, b) => a - b)
  const at = sorted[Math.ceil(sorted.length * 0.95) - 1]
  return {
    what: `${what}, 95th percentile of ${sorted.length}`,
    measured: at === undefined ? 'never' : seconds(at),
    toReach: seconds(limit),
    reached: at !== undefined && at < limit,
  }
}

const killable = ['host', 'worker', 'temporal', 'postgres'] as const

/** Two or more of them; each as likely as not. */
function drawParts(random: () => number): (typeof killable)[number][] {
  for (;;) {
    const parts = killable.filter(() => random() < 0.5)
    if (parts.length > 1) return parts
  }
}

/** Decides whatever waits, every second one each way; an order is repeated under its own id until it was taken. */
function createOperator(host: () => Host): { stop(): Promise<void> } {
  const ids = new Map<string, string>()
  let isStopped = false
  const loop = (async () => {
    while (!isStopped) {
      try {
        const { connection } = host()
        const { runs } = await connection.call('runs.list', { limit: 5000 })
        for (const { workflowId, fileName, stage, decisionPending } of runs) {
          if (stage !== 'AwaitingApproval' || decisionPending) continue
          const decisionId = ids.get(workflowId) ?? randomUUID()
          ids.set(workflowId, decisionId)
          const decision = isApproved(fileName) ? 'approve' : 'reject'
          await connection.call('runs.decide', { workflowId, decisionId, decision, reason: 'The bench decides.' })
        }
      } catch {
        // The host was killed under it; the next one is asked.
      }
      await sleep(300)
    }
  })()
  return {
    async stop() {
      isStopped = true
      await loop
    },
  }
}

/** A bare worker beside the host, on the same queue. */
const startWorker = (home: Home): ChildProcess =>
  spawn(process.execPath, [join(root, 'out', 'main', 'cli.cjs'), 'worker'], {
    cwd: root,
    env: { ...process.env, GATEHOUSE_HOME: home.root },
    stdio: 'ignore',
  })

async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((done) => child.once('exit', done))
  child.kill('SIGKILL')
  await ended
}

const switchDrill = (host: Host, name: DrillName, on: boolean) =>
  host.connection.call('drills.set', { name, to: on ? {} : null, requestId: randomUUID() })

async function killServer(home: Home, server: 'temporal' | 'postgres'): Promise<void> {
  const { pid } = JSON.parse(await readFile(join(home[server], 'server.json'), 'utf8')) as { pid: number }
  process.kill(pid, 'SIGKILL')
}

/** Waits until the host shows the part as up, after it was seen not to be. */
async function backUp(host: Host, part: 'temporal' | 'postgres'): Promise<void> {
  await until(async () => ((await host.connection.call('stack.health', {}))[part].state === 'up' ? null : true), 10_000)
  await upAgain(host, part)
}
const upAgain = (host: Host, part: 'temporal' | 'postgres') =>
  until(async () => ((await host.connection.call('stack.health', {}))[part].state === 'up' ? true : null))

/** Asks the server itself, where the host says it is: it may come back at another port. Made while it is up. */
async function temporalAt(host: Host): Promise<() => Promise<true>> {
  await upAgain(host, 'temporal')
  return async () => {
    const { address } = (await host.connection.call('stack.health', {})).temporal
    await (await Connection.connect({ address: address ?? undefined, connectTimeout: 1_000 })).close()
    return true
  }
}
async function postgresAt(home: Home, host: Host): Promise<() => Promise<true>> {
  await upAgain(host, 'postgres')
  return async () => {
    await (await connectToPostgres(home, (await host.connection.call('stack.health', {})).postgres.address)).end()
    return true
  }
}

/** When a server answered first. @returns milliseconds since 1970. @throws where it did not come back at all */
async function since(serves: () => Promise<true>): Promise<number> {
  if ((await until(serves)) === null) throw new Error('a server did not come back')
  return Date.now()
}

/** Looks often until there is an answer. @returns null where there was none in time */
async function until<T>(look: () => Promise<T | null>, withinMs = patienceMs): Promise<T | null> {
  for (const end = Date.now() + withinMs; Date.now() < end; await sleep(50)) {
    const answer = await look().catch(() => null)
    if (answer !== null) return answer
  }
  return null
}

async function runOf(host: Host, fileName: string): Promise<RunDetail | null> {
  const { runs } = await host.connection.call('runs.list', { limit: 5000 })
  const run = runs.find((one) => one.fileName === fileName)
  return run ? host.connection.call('runs.get', { workflowId: run.workflowId }) : null
}
const stageOf = async (host: Host, fileName: string) => (await runOf(host, fileName))?.stage ?? null
const attemptsOf = async (host: Host, fileName: string, step: string) =>
  (await runOf(host, fileName))?.steps.find((one) => one.step === step)?.attempts ?? []

async function attemptBegun(host: Host, fileName: string): Promise<number | null> {
  const [first] = await attemptsOf(host, fileName, 'preprocess_data')
  return first ? Date.parse(first.startedAt) : null
}
async function experimentLogged(host: Host, fileName: string): Promise<number | null> {
  const last = (await attemptsOf(host, fileName, 'log_experiment')).at(-1)
  return last?.outcome === 'completed' && last.endedAt ? Date.parse(last.endedAt) : null
}

/** What ledger, Temporal and Postgres hold, each asked itself; the host only says where they are and which stages it shows. */
async function lookEverywhere(home: Home, host: Host, shown: readonly { workflowId: string; stage: string }[]): Promise<Found> {
  const health = await host.connection.call('stack.health', {})
  const stages = new Map(shown.map(({ workflowId, stage }) => [workflowId, stage]))
  return {
    ledger: readLedger(home).map((run) => ({ ...run, stage: stages.get(run.workflowId) ?? 'not shown' })),
    histories: await readHistories(health.temporal.address),
    ...(await readPostgres(home, health.postgres.address)),
  }
}

function readLedger(home: Home): Omit<Found['ledger'][number], 'stage'>[] {
  const ledger = new Database(home.ledger, { readonly: true })
  try {
    return ledger
      .prepare<[], Omit<Found['ledger'][number], 'stage'>>(
        'SELECT workflow_id AS workflowId, file_name AS fileName, sha256 FROM run',
      )
      .all()
  } finally {
    ledger.close()
  }
}

async function readHistories(address: string | null): Promise<History[]> {
  const connection = await Connection.connect({ address: address ?? '127.0.0.1:7233' })
  try {
    const { workflow } = new Client({ connection })
    const histories: History[] = []
    for await (const run of workflow.list({ query: `WorkflowType='${workflowType}'` })) {
      const { events } = await workflow.getHandle(run.workflowId, run.runId).fetchHistory()
      const steps = new Map<string, string>()
      const completed: string[] = []
      for (const event of events ?? []) {
        const asked = event.activityTaskScheduledEventAttributes
        if (asked) steps.set(String(event.eventId), asked.activityId ?? '')
        const done = event.activityTaskCompletedEventAttributes
        if (done) completed.push(steps.get(String(done.scheduledEventId)) ?? '')
      }
      histories.push({ workflowId: run.workflowId, status: run.status.name, completed, scheduled: [...steps.values()] })
    }
    return histories
  } finally {
    await connection.close()
  }
}

async function readPostgres(
  home: Home,
  address: string | null,
): Promise<Pick<Found, 'experiments' | 'decisions' | 'deployments'>> {
  const client = await connectToPostgres(home, address)
  try {
    const rows = async <T extends pg.QueryResultRow>(sql: string) => (await client.query<T>(sql)).rows
    return {
      experiments: await rows(`SELECT workflow_id AS "workflowId" FROM experiments`),
      decisions: await rows(`SELECT workflow_id AS "workflowId", decision, decided_at AS "decidedAt" FROM decisions`),
      deployments: await rows(`SELECT workflow_id AS "workflowId", environment, deployed_at AS "deployedAt" FROM deployments`),
    }
  } finally {
    await client.end()
  }
}

/** As the host itself, by its own password. @throws whatever Postgres or the connection answers */
async function connectToPostgres(home: Home, address: string | null): Promise<pg.Client> {
  const [, server, port] = /^(.*):(\d+)$/.exec(address ?? '') ?? []
  const password = await (await openSecrets({ home, log: silentLog })).get('postgres-password')
  const client = new pg.Client({
    host: server,
    port: Number(port),
    user: 'gatehouse',
    database: 'gatehouse',
    password: password ?? '',
    connectionTimeoutMillis: 1_000,
  })
  await client.connect()
  return client
}
