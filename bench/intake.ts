/**
 * 1,000 small CSVs dropped at once into a real inbox: how long until all are in the ledger, and how far the main thread
 * lags meanwhile, beside a simple watcher that does everything where it stands. `node bench/intake.ts`
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { watch } from 'chokidar'
import { openIntake, tempHome } from '../src/main/backend/intake/testing/harness.ts'
import { printTable, type Row } from './table.ts'

const files = 1000
const rowsPerFile = 100
/** How long a drop may take, in seconds, and how far the main thread may lag at the 99th percentile, in ms. */
const limits = { seconds: 15, lagP99: 50 }
/** The app's own default; the simple watcher takes files as they are and does not wait like this. */
const settleSeconds = 2

interface Measured {
  seconds: number
  lagP99: number
  lagMax: number
  recorded: number
}

/** Drops the files from a thread of its own, so that the writing does not count as lag. */
function dropFiles(folder: string): Promise<unknown> {
  const code = `
    const { writeFileSync } = require('node:fs'); const { workerData, parentPort } = require('node:worker_threads')
    const rows = 'a,b,c\\n' + Array.from({ length: workerData.rows }, (_, r) => r + ',' + r * 2 + ',' + r * 3).join('\\n')
    for (let i = 0; i < workerData.files; i++) writeFileSync(workerData.folder + '/drop-' + i + '.csv', rows + '\\n' + i + ',0,0\\n')
    parentPort.postMessage('done')`
  const worker = new Worker(code, { eval: true, execArgv: [], workerData: { folder, files, rows: rowsPerFile } })
  return once(worker, 'exit')
}

/** Lag of the main thread while `work` runs. The monitor's timer of 1 ms is part of each sample; it is taken off. */
async function measured(work: () => Promise<number>): Promise<Measured> {
  const monitor = monitorEventLoopDelay({ resolution: 1 })
  const from = performance.now()
  monitor.enable()
  const recorded = await work()
  monitor.disable()
  const lag = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - 1)
  return { seconds: (performance.now() - from) / 1000, lagP99: lag(monitor.percentile(99)), lagMax: lag(monitor.max), recorded }
}

async function gatehouse(): Promise<Measured & { exactlyOnce: boolean }> {
  const { home, remove } = tempHome()
  const h = await openIntake(home.root, { settleSeconds })
  await h.intake.start()
  const result = await measured(async () => {
    const dropped = dropFiles(home.inbox)
    await h.entries(files)
    await dropped
    return h.runs().length
  })
  const runs = h.runs()
  const stored = await Promise.all(runs.map((run) => h.store.verify(run.sha256)))
  const exactlyOnce =
    runs.length === files && new Set(runs.map((run) => run.file_name)).size === files && stored.every((whole) => whole)
  await h.close()
  await remove()
  return { ...result, exactlyOnce }
}

/** What a simple watcher does: read, hash, copy and insert each file on the main thread, as its event comes. */
async function simpleWatcher(): Promise<Measured> {
  const root = mkdtempSync(join(tmpdir(), 'gatehouse-peer-'))
  const inbox = join(root, 'inbox')
  await mkdir(inbox)
  const db = new Database(join(root, 'peer.sqlite'))
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.exec('CREATE TABLE run (id INTEGER PRIMARY KEY, name TEXT, sha256 TEXT)')
  const insert = db.prepare('INSERT INTO run (name, sha256) VALUES (?, ?)')
  const watcher = watch(inbox, { ignoreInitial: true })
  await once(watcher, 'ready')
  const result = await measured(async () => {
    let seen = 0
    const all = new Promise<void>((resolve) =>
      watcher.on('add', (path) => {
        insert.run(path, createHash('sha256').update(readFileSync(path)).digest('hex'))
        if (++seen === files) resolve()
      }),
    )
    await Promise.all([dropFiles(inbox), all])
    return seen
  })
  await watcher.close()
  db.close()
  await rm(root, { recursive: true })
  return result
}

/** Warms the disk's and the runtime's caches, so that neither side pays for being first. */
async function warmUp(): Promise<void> {
  const { home, remove } = tempHome()
  const h = await openIntake(home.root)
  await h.intake.start()
  await writeFile(join(home.inbox, 'warm.csv'), 'a,b\n1,2\n')
  await h.entries(1)
  await h.close()
  await remove()
}

const times = (value: number, peer: number) => (peer > 0 ? `, ${(value / peer).toFixed(1)} x the simple watcher` : '')

export async function run(): Promise<Row[]> {
  await warmUp()
  const peer = await simpleWatcher()
  const ours = await gatehouse()
  const wrong = ours.exactlyOnce ? 0 : Math.max(1, Math.abs(files - ours.recorded))
  const ms = (value: number) => `${value.toFixed(1)} ms`
  const s = (value: number) => `${value.toFixed(2)} s`
  return [
    {
      what: `${files} CSVs dropped at once: all in the ledger and in the store (${settleSeconds} s of settling included)`,
      measured: s(ours.seconds) + times(ours.seconds, peer.seconds),
      toReach: `<= ${limits.seconds} s`,
      reached: ours.seconds <= limits.seconds,
    },
    {
      what: 'lost, doubled or damaged files',
      measured: String(wrong),
      toReach: '0',
      reached: wrong === 0,
    },
    {
      what: 'main-thread lag meanwhile, 99th percentile',
      measured: ms(ours.lagP99) + times(ours.lagP99, peer.lagP99),
      toReach: `< ${limits.lagP99} ms`,
      reached: ours.lagP99 < limits.lagP99,
    },
    {
      what: 'main-thread lag meanwhile, longest',
      measured: ms(ours.lagMax) + times(ours.lagMax, peer.lagMax),
      toReach: '',
      reached: null,
    },
    {
      what: 'simple watcher (reads, hashes and inserts on the main thread; settles nothing, stores nothing): all in its table',
      measured: s(peer.seconds),
      toReach: '',
      reached: null,
    },
    {
      what: 'simple watcher: main-thread lag, 99th percentile and longest',
      measured: `${ms(peer.lagP99)}, ${ms(peer.lagMax)}`,
      toReach: '',
      reached: null,
    },
  ]
}

if (import.meta.main) {
  const rows = await run()
  printTable('intake', rows)
  process.exitCode = rows.some(({ reached }) => reached === false) ? 1 : 0
}
