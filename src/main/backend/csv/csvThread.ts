/** Entry of a worker thread: does one job on a CSV after another for `createCsvReader`. */
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parentPort } from 'node:worker_threads'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { assertNever } from '../../../contract/model.ts'
import type { Pipeline } from '../../../contract/pipelines.ts'
import type { DataProfile, TrainingReport } from '../../../contract/training.ts'
import { CsvProblem } from '../../../temporal/activities/deps.ts'
import type { DataPlan } from '../../../training/dataPlan.ts'
import type { FeatureSchema } from '../../../training/featureSchema.ts'
import type { ProductionFigures } from '../../../training/gate.ts'
import { buildReport, type TrainedFacts } from '../../../training/report.ts'
import { readTableFile, writeTableFile } from '../../../training/tableFile.ts'
import { importTable, readAgain } from './importTable.ts'
import { prepareTable } from './prepareTable.ts'
import { tooFewRows } from './problems.ts'
import { compareWithProduction } from './productionFigures.ts'
import { profileTable, unreadCells } from './profileTable.ts'
import { sniffLayout } from './sniff.ts'
import { openSource } from './source.ts'

export interface FileJob {
  path: string
  fileName: string
  /** A folder of this run alone. */
  scratch: string
}
export type CsvJob =
  | (FileJob & {
      kind: 'profile'
      pipeline: Pick<Pipeline, 'columns' | 'target' | 'task' | 'ignore' | 'quarantineLimit' | 'trainer'>
    })
  | (FileJob & { kind: 'prepare'; plan: DataPlan })
  | (FileJob & {
      kind: 'report'
      plan: DataPlan
      predictions: Float64Array
      trained: TrainedFacts
      tolerance: number | null
    })
  | (FileJob & { kind: 'compare'; plan: DataPlan; model: { path: string; modelId: string }; tolerance: number })

export interface CsvResults {
  profile: {
    profile: DataProfile
    plan: DataPlan
    notes: string[]
    /** Path of the quarantine file; null when no row is malformed. */
    quarantine: string | null
  }
  prepare: { tablePath: string; schema: FeatureSchema }
  report: TrainingReport
  compare: ProductionFigures
}
export type CsvAnswer =
  | { kind: 'progress'; fraction: number; message: string }
  | { kind: 'done'; result: CsvResults[CsvJob['kind']] }
  | { kind: 'problem'; code: CsvProblem['code']; message: string }
  /** Anything else, with the system's code (ENOENT …) where there is one. */
  | { kind: 'failed'; code: string | null; message: string }
/** Instead of a job: ends the present one. */
export const cancelMessage = 'cancel'

/** A smaller file is read again faster than its table is kept. */
const keptAboveBytes = 32 * 1024 * 1024
/** DuckDB spills to the scratch folder beyond this; with its buffers for reading it stays below about 700 MB. */
const duckdbMemory = '400MB'

interface Work {
  db: DuckDBConnection
  /** Where a large file's table is kept; null for a small file. */
  kept: string | null
  signal: AbortSignal
  tell(fraction: number, message: string): void
}

async function profile(
  job: Extract<CsvJob, { kind: 'profile' }>,
  { db, kept, signal, tell }: Work,
): Promise<CsvResults['profile']> {
  const source = await openSource(job.path, {
    ...{ fileName: job.fileName, scratch: join(job.scratch, 'utf8.csv'), signal },
    onBytes: (bytes) => tell(0, `Looked at ${megabytes(bytes)}`),
  })
  if (source.complete && source.head.every((byte) => byte === 32 || (byte >= 9 && byte <= 13))) {
    throw tooFewRows(
      job.fileName,
      0,
      source.head.length === 0 ? 'the file is empty, so it has' : 'the file holds nothing but white space, so it has',
    )
  }
  const layout = sniffLayout(source.head, source.complete)
  tell(0.1, 'Reading the rows')
  const ticker = setInterval(() => {
    const { percentage } = db.progress
    if (percentage > 0) tell(0.1 + 0.005 * percentage, `Reading the rows of ${megabytes(source.bytes)}`)
  }, 500)
  const scratch = join(job.scratch, 'lines.csv')
  const imported = await importTable(db, source, layout, {
    ...{ fileName: job.fileName, limit: job.pipeline.quarantineLimit, scratch, kept, signal },
  }).finally(() => clearInterval(ticker))
  tell(0.6, `Looking at ${imported.rows} rows`)
  const profiled = await profileTable(db, { source, layout, imported, fileName: job.fileName }, job.pipeline, (fraction) =>
    tell(0.6 + 0.4 * fraction, `Looking at ${imported.rows} rows`),
  )
  const unread = await unreadCells(db, imported.reading, profiled.plan.names)
  profiled.profile.notes.push(...unread)
  const quarantine = profiled.rejects.length === 0 ? null : join(job.scratch, 'quarantine.csv')
  if (quarantine !== null) {
    const lines = profiled.rejects.map(({ line, reason, row }) => [job.fileName, line, reason, row].map(quoted).join(','))
    await writeFile(quarantine, `file,line,reason,row\n${lines.join('\n')}\n`)
  }
  return { profile: profiled.profile, plan: profiled.plan, notes: [...profiled.notes, ...unread], quarantine }
}

const quoted = (cell: string | number) => `"${String(cell).replaceAll('"', '""')}"`

/** The file's table, read again where it was not kept. */
async function withTable(job: FileJob & { plan: DataPlan }, { db, kept, signal, tell }: Work): Promise<void> {
  const found = await db.runAndReadAll(`SELECT count(*) FROM information_schema.tables WHERE table_name = 't'`)
  if (Number(found.getRows()[0]?.[0]) > 0) return
  tell(0, 'Reading the file')
  const source = await openSource(job.path, {
    ...{ fileName: job.fileName, scratch: join(job.scratch, 'utf8.csv'), signal, onBytes: () => {} },
  })
  const scratch = join(job.scratch, 'lines.csv')
  await readAgain(db, source, job.plan.reading, { fileName: job.fileName, scratch, kept, signal })
}

async function prepare(job: Extract<CsvJob, { kind: 'prepare' }>, work: Work): Promise<CsvResults['prepare']> {
  const tablePath = join(job.scratch, 'table.bin')
  // Written whole or not at all, and checked by whoever reads it.
  if (await exists(tablePath)) return { tablePath, schema: (await readTableFile(tablePath)).schema }
  await withTable(job, work)
  const { signal, tell } = work
  const prepared = await prepareTable(work.db, job.plan, {
    signal,
    onProgress: (fraction) => tell(0.2 + 0.6 * fraction, 'Preparing the columns'),
  })
  tell(0.9, 'Keeping the prepared table')
  await writeTableFile(tablePath, prepared)
  return { tablePath, schema: prepared.schema }
}

async function report(job: Extract<CsvJob, { kind: 'report' }>, work: Work): Promise<CsvResults['report']> {
  const { tablePath } = await prepare({ ...job, kind: 'prepare' }, work)
  return buildReport(await readTableFile(tablePath), job.predictions, job.trained, job.tolerance)
}

async function compare(job: Extract<CsvJob, { kind: 'compare' }>, work: Work): Promise<CsvResults['compare']> {
  const { tablePath } = await prepare({ ...job, kind: 'prepare' }, work)
  await withTable(job, work)
  const { table } = await readTableFile(tablePath)
  return compareWithProduction(
    work.db,
    job.plan,
    table,
    { modelId: job.model.modelId, text: await readFile(job.model.path, 'utf8') },
    job.tolerance,
  )
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`

async function run(job: CsvJob, signal: AbortSignal, tell: Work['tell']): Promise<CsvResults[CsvJob['kind']]> {
  await mkdir(job.scratch, { recursive: true, mode: 0o700 })
  const { size } = await stat(job.path)
  const isLarge = size > keptAboveBytes
  const database = isLarge ? await openKept(job.scratch) : await openPassing(job.scratch)
  const { db } = database
  const interrupt = () => db.interrupt()
  signal.addEventListener('abort', interrupt, { once: true })
  try {
    const work = { db, kept: isLarge ? join(job.scratch, 'table.parquet') : null, signal, tell }
    switch (job.kind) {
      case 'profile':
        return await profile(job, work)
      case 'prepare':
        return await prepare(job, work)
      case 'report':
        return await report(job, work)
      case 'compare':
        return await compare(job, work)
      default:
        return assertNever(job)
    }
  } finally {
    signal.removeEventListener('abort', interrupt)
    await database.close()
    await Promise.all(['utf8.csv', 'lines.csv', 'lines.csv.lines'].map((name) => rm(join(job.scratch, name), { force: true })))
  }
}

interface Database {
  db: DuckDBConnection
  close(): Promise<void>
}

/** On disk, so that the next job of the run finds the table. */
async function openKept(scratch: string): Promise<Database> {
  const instance = await openDuckDB(join(scratch, 'table.duckdb'), join(scratch, 'spill'))
  const db = await instance.connect()
  return {
    db,
    async close() {
      db.closeSync()
      instance.closeSync()
    },
  }
}

/** Starting DuckDB takes longer than reading a small file, so one instance serves this thread for good. */
let shared: DuckDBInstance | null = null

/** In memory, gone when closed: each job has a database of its own in the shared instance. */
async function openPassing(scratch: string): Promise<Database> {
  const instance = shared ?? (await openDuckDB(':memory:', join(dirname(scratch), 'spill')))
  shared = instance
  const db = await instance.connect()
  await db.run(`ATTACH ':memory:' AS job`)
  await db.run('USE job')
  return {
    db,
    async close() {
      try {
        await db.run('USE memory')
        await db.run('DETACH job')
        db.closeSync()
      } catch {
        // Whatever is left in it must not meet the next job.
        db.closeSync()
        instance.closeSync()
        shared = null
      }
    },
  }
}

async function openDuckDB(file: string, spill: string): Promise<DuckDBInstance> {
  const options = {
    memory_limit: duckdbMemory,
    threads: '2',
    temp_directory: spill,
    // Nothing of a file's content reaches the network or another place of this machine.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  }
  try {
    return await DuckDBInstance.create(file, options)
  } catch (error) {
    if (file === ':memory:') throw error
    // What a killed attempt left is read again.
    await Promise.all([file, `${file}.wal`].map((path) => rm(path, { force: true })))
    return DuckDBInstance.create(file, options)
  }
}

const port = parentPort
if (port === null) throw new Error('csvThread is the entry of a worker thread and cannot be started by itself')
let current: AbortController | null = null
port.on('message', async (message: CsvJob | typeof cancelMessage) => {
  if (message === cancelMessage) {
    current?.abort(new Error('cancelled'))
    return
  }
  const tell = (answer: CsvAnswer) => port.postMessage(answer)
  const controller = new AbortController()
  current = controller
  try {
    let last = 0
    const result = await run(message, controller.signal, (fraction, words) => {
      const now = performance.now()
      if (now - last < 100) return
      last = now
      tell({ kind: 'progress', fraction, message: words })
    })
    tell({ kind: 'done', result })
  } catch (error) {
    if (error instanceof CsvProblem) tell({ kind: 'problem', code: error.code, message: error.message })
    else {
      const { message: words, code } = error as NodeJS.ErrnoException
      tell({ kind: 'failed', code: code ?? null, message: words })
    }
  } finally {
    current = null
  }
})
