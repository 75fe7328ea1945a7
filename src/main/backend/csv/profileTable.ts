/** What is in an imported table: figures per column, the target and its task, and which columns may be learned from. */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Pipeline } from '../../../contract/pipelines.ts'
import type { ColumnProfile, DataProfile, Task } from '../../../contract/training.ts'
import type { DataPlan, Reading } from '../../../training/dataPlan.ts'
import { disguiseOf, type Value } from '../../../training/leaks.ts'
import { count, inventNames, listed, uniqueNames } from './columns.ts'
import { encodingNotes } from './encoding.ts'
import { type ImportedTable, isConverted, nameColumns, one, type Reject } from './importTable.ts'
import { featureColumns } from './prepareTable.ts'
import { minimumRows, notACsv, noUsableTarget, tooFewRows, tooManyBadRows } from './problems.ts'
import type { Layout } from './sniff.ts'
import type { Source } from './source.ts'
import { columnAt } from './sql.ts'

export interface Profiled {
  profile: DataProfile
  plan: DataPlan
  rejects: Reject[]
  notes: string[]
}

/** Up to here figures are exact; beyond, large distinct counts are estimates and medians those of a sample. */
const exactRows = 50_000
const sampleRows = 50_000
/** With more different values in the sample, those of one hash in 16 are counted: off by 1 / sqrt(values / 16), below 3 %. */
const mostExactDistinct = 20_000
const distinctShare = 16
/** Pairs that the target's disguises are looked for in. */
const disguiseRows = 20_000
const bins = 20
const mostTop = 20
const columnsAtOnce = 40
/** A number with so few whole values is taken for a class. */
const mostNumberClasses = 10
const mostClasses = 100
const mostExamples = 20

type Settings = Pick<Pipeline, 'columns' | 'target' | 'task' | 'ignore' | 'quarantineLimit' | 'trainer'>

/** @throws CsvProblem for a table that no model can be made from */
export async function profileTable(
  db: DuckDBConnection,
  { source, layout, imported, fileName }: { source: Source; layout: Layout; imported: ImportedTable; fileName: string },
  settings: Settings,
  onProgress: (fraction: number) => void,
): Promise<Profiled> {
  const { reading, rows } = imported
  const { names, notes: nameNotes } = namesOf(layout, settings, fileName)
  const skipped = linesSkipped(source, layout)
  const rejects = [...skipped, ...imported.rejects.map((r) => ({ ...r, reason: nameColumns(r.reason, names) }))]
  const malformed = skipped.length + imported.malformed
  checkRows(fileName, layout, rows, malformed, rejects, settings.quarantineLimit)
  if (layout.columns < 2) {
    throw noUsableTarget(
      fileName,
      `there is one column only (${names[0]}); no comma, semicolon, tab or bar separates columns`,
      'Add the column that is to be learned',
    )
  }

  const sampled = rows > exactRows
  if (sampled) {
    await db.run(
      `CREATE OR REPLACE TABLE s AS SELECT * FROM t TABLESAMPLE system(${((100 * sampleRows) / rows).toFixed(4)}%) REPEATABLE (42)`,
    )
  } else await db.run('CREATE OR REPLACE VIEW s AS SELECT * FROM t')
  const stats = await columnStats(db, reading, rows, sampled, onProgress)
  const target = targetOf(names, settings.target, fileName)
  const goal = await goalOf(db, {
    names,
    target,
    stats,
    reading,
    fileName,
    asked: settings.task,
    isDefault: settings.target === null,
  })
  const sample = await valuesOf(db, reading)
  onProgress(0.9)
  const roles = rolesOf({ names, stats, target, sample, rows, ignore: settings.ignore })
  if (settings.trainer.kind !== 'demo' && !roles.some(({ role }) => role === 'feature')) {
    throw noUsableTarget(
      fileName,
      `no column is left to learn ${names[target]} from (${listed(roles.flatMap(({ why }, i) => (why ? [`${names[i]}: ${why}`] : [])))})`,
      'Add columns that tell something',
    )
  }
  const columns = await Promise.all(
    stats.map(async (stat, i): Promise<ColumnProfile> => {
      const { role, why } = roles[i] as Role
      const missingMuch = why === null ? treatment(stat, reading.kinds[i] as Reading['kinds'][number], rows) : why
      return { name: names[i] as string, role, why: missingMuch, ...stat.figures }
    }),
  )
  const duplicates = rows - (await one(db, `SELECT count(DISTINCT hash(${names.map((_, i) => columnAt(i)).join(', ')})) FROM t`))
  onProgress(1)

  const notes = [
    ...encodingNotes(source.encoding, source.bom),
    ...nameNotes,
    ...formatNotes(reading, names),
    ...(malformed > 0 ? [quarantineNote(malformed, rejects)] : []),
    ...goal.notes,
    ...roles.flatMap(({ role, why }, i) => (role === 'leak' ? [`${names[i]} was left out: it ${why}.`] : [])),
  ]
  return {
    rejects,
    notes,
    plan: {
      ...{ version: 1, reading, encoding: source.encoding, names, target, task: goal.task, classes: goal.classes },
      roles: roles.map(({ role }) => role),
      splitBy: await splitByOf(db, roles, target),
    },
    profile: {
      ...{ rows, duplicates, delimiter: reading.delimiter, encoding: source.encoding, hasHeader: reading.hasHeader, columns },
      quarantined: {
        count: malformed,
        share: malformed / Math.max(1, rows + malformed),
        examples: rejects.slice(0, mostExamples).map(({ line, reason }) => ({ line, reason })),
      },
      notes: [
        ...notes,
        ...(sampled
          ? [
              `The file has ${rows} rows: distinct counts above ${mostExactDistinct} may be estimates (3 %), medians those of ${sampleRows} rows drawn evenly.`,
            ]
          : []),
      ],
    },
  }
}

/** With fewer different features than this the parts would be made of a handful of them. */
const leastDifferent = 100

async function splitByOf(db: DuckDBConnection, roles: readonly Role[], target: number): Promise<'features' | 'rows'> {
  const features = featureColumns({ roles: roles.map(({ role }) => role), target }).map(columnAt)
  if (features.length === 0) return 'features'
  const different = await one(
    db,
    `SELECT count(*) FROM (SELECT DISTINCT ${features.join(', ')} FROM t WHERE ${columnAt(target)} IS NOT NULL LIMIT ${leastDifferent})`,
  )
  return different < leastDifferent ? 'rows' : 'features'
}

function namesOf(layout: Layout, { columns }: Settings, fileName: string): { names: string[]; notes: string[] } {
  if (layout.hasHeader) return uniqueNames(layout.sample[0] as string[])
  if (columns === null) {
    const { names, note } = inventNames(layout.sample, layout.columns, layout.delimiter)
    return { names, notes: [note] }
  }
  if (columns.length !== layout.columns) {
    throw notACsv(
      fileName,
      `its pipeline names ${columns.length} columns, and it has ${layout.columns}`,
      "Correct the pipeline's column names",
    )
  }
  const { names } = uniqueNames(columns)
  return { names, notes: ['There is no header line; the columns have the names that the pipeline gives them.'] }
}

/** Lines above the table, such as a title. */
function linesSkipped(source: Source, layout: Layout): Reject[] {
  const lines = source.head.toString().split(layout.newline === 'cr' ? '\r' : '\n')
  return lines
    .slice(0, layout.skip)
    .map((row, i) => ({ line: i + 1, reason: 'it stands above the table', row: row.trim().slice(0, 500) }))
    .filter(({ row }) => row !== '')
}

function checkRows(fileName: string, layout: Layout, rows: number, malformed: number, rejects: Reject[], limit: number): void {
  if (rows + malformed < minimumRows) throw tooFewRows(fileName, rows)
  const share = malformed / (rows + malformed)
  if (share > limit && layout.columns < 2) {
    throw notACsv(
      fileName,
      'its lines do not divide into columns: neither comma, semicolon, tab nor bar separates them throughout',
      'Export the table as CSV (UTF-8)',
    )
  }
  if (share > limit) {
    const [first] = rejects
    throw tooManyBadRows(
      fileName,
      `${malformed} of ${rows + malformed} rows (${percent(share)}, and ${percent(limit)} are allowed); the first is line ${first?.line}: ${first?.reason}`,
    )
  }
  if (rows < minimumRows) throw tooFewRows(fileName, rows)
}

interface ColumnStat {
  present: number
  distinct: number
  /** Every number is whole. */
  whole: boolean
  figures: Omit<ColumnProfile, 'name' | 'role' | 'why'>
}

async function columnStats(
  db: DuckDBConnection,
  reading: Reading,
  rows: number,
  sampled: boolean,
  onProgress: (fraction: number) => void,
): Promise<ColumnStat[]> {
  const stats: ColumnStat[] = []
  for (let from = 0; from < reading.width; from += columnsAtOnce) {
    const part = reading.kinds.slice(from, from + columnsAtOnce)
    const figures = await firstFigures(db, part, from, sampled)
    for (const [i, kind] of part.entries()) {
      const column = columnAt(from + i)
      const f = figures[i] as FirstFigures
      const isNumber = kind.kind === 'number'
      const isDate = kind.kind === 'date'
      const spread = isNumber || isDate ? await histogramOf(db, column, f, isDate) : null
      const words = kind.kind === 'text' && f.present > 0 ? await topOf(db, column, f.distinct) : null
      stats.push({
        present: f.present,
        distinct: words?.distinct ?? f.distinct,
        whole: f.whole,
        figures: {
          type:
            f.present === 0 ? 'empty' : isNumber ? 'number' : isDate ? 'date' : isBoolean(words?.top ?? []) ? 'boolean' : 'text',
          missing: rows - f.present,
          distinct: words?.distinct ?? f.distinct,
          min: isNumber ? f.min : null,
          max: isNumber ? f.max : null,
          mean: isNumber ? f.mean : null,
          median: isNumber ? f.median : null,
          standardDeviation: isNumber ? f.deviation : null,
          histogram: spread,
          top: words?.top ?? null,
        },
      })
      onProgress((0.9 * stats.length) / reading.width)
    }
  }
  return stats
}

interface FirstFigures {
  present: number
  distinct: number
  min: number | null
  max: number | null
  mean: number | null
  deviation: number | null
  median: number | null
  whole: boolean
}

async function firstFigures(
  db: DuckDBConnection,
  kinds: Reading['kinds'],
  from: number,
  sampled: boolean,
): Promise<FirstFigures[]> {
  const drawn = sampled ? await distinctInSample(db, kinds, from) : null
  const distinct = (column: string, i: number) =>
    drawn !== null && (drawn[i] as number) > mostExactDistinct
      ? `${distinctShare} * count(DISTINCT ${column}) FILTER (hash(${column}) % ${distinctShare} = 0)`
      : `count(DISTINCT ${column})`
  const whole = kinds.map((kind, i) => {
    const column = columnAt(from + i)
    if (kind.kind === 'number') {
      // The squares of larger numbers have no finite sum.
      return `count(${column}), ${distinct(column, i)}, min(${column}), max(${column}), avg(${column}), stddev_samp(CASE WHEN abs(${column}) < 1e150 THEN ${column} END)`
    }
    if (kind.kind === 'date')
      return `count(${column}), ${distinct(column, i)}, epoch(min(${column})), epoch(max(${column})), NULL, NULL`
    return `count(${column}), ${distinct(column, i)}, NULL, NULL, NULL, NULL`
  })
  const [all] = (await db.runAndReadAll(`SELECT ${whole.join(', ')} FROM t`)).getRowsJS()
  const medians = kinds.map((kind, i) => {
    const column = columnAt(from + i)
    return kind.kind === 'number' ? `median(${column}), bool_and(${column} = floor(${column}))` : 'NULL, NULL'
  })
  const [middle] = (await db.runAndReadAll(`SELECT ${medians.join(', ')} FROM s`)).getRowsJS()
  return kinds.map((_, i) => {
    const [present, different, min, max, mean, deviation] = (all as unknown[]).slice(i * 6, i * 6 + 6)
    const [median, isWhole] = (middle as unknown[]).slice(i * 2, i * 2 + 2)
    return {
      present: Number(present),
      distinct: Math.min(Number(present), Number(different)),
      ...{ min: finite(min), max: finite(max), mean: finite(mean), deviation: finite(deviation) },
      median: finite(median),
      whole: isWhole === true,
    }
  })
}

async function distinctInSample(db: DuckDBConnection, kinds: Reading['kinds'], from: number): Promise<number[]> {
  const counts = kinds.map((_, i) => `count(DISTINCT ${columnAt(from + i)})::INTEGER`)
  return (await db.runAndReadAll(`SELECT ${counts.join(', ')} FROM s`)).getRowsJS()[0] as number[]
}

const finite = (value: unknown): number | null =>
  value !== null && value !== undefined && Number.isFinite(Number(value)) ? Number(value) : null

async function histogramOf(db: DuckDBConnection, column: string, { min, max }: FirstFigures, isDate: boolean) {
  if (min === null || max === null) return null
  const width = (max - min) / bins
  const write = (value: number) => (isDate ? new Date(value * 1000).toISOString() : `${Number(value.toPrecision(6))}`)
  if (!(width > 0) || !Number.isFinite(width)) {
    return [{ from: write(min), to: write(max), count: await one(db, `SELECT count(${column}) FROM t`) }]
  }
  const value = isDate ? `epoch(${column})` : column
  const result = await db.runAndReadAll(
    `SELECT least(${bins - 1}, greatest(0, floor((${value} - (${min})) / (${width}))))::INTEGER, count(*)::INTEGER FROM t WHERE ${column} IS NOT NULL GROUP BY 1`,
  )
  const counts = new Map(result.getRowsJS() as [number, number][])
  return Array.from({ length: bins }, (_, bin) => ({
    ...{ from: write(min + bin * width), to: write(bin === bins - 1 ? max : min + (bin + 1) * width) },
    count: counts.get(bin) ?? 0,
  }))
}

/** A column of this many different texts is counted whole; beyond, its most frequent ones are those of the sample. */
const mostCounted = 200_000

async function topOf(db: DuckDBConnection, column: string, distinct: number) {
  const table = distinct > mostCounted ? 's' : 't'
  const result = await db.runAndReadAll(
    `SELECT ${column}, count(*)::INTEGER n, count(*) OVER ()::INTEGER FROM ${table} WHERE ${column} IS NOT NULL GROUP BY 1 ORDER BY n DESC, 1 LIMIT ${mostTop}`,
  )
  const rows = result.getRowsJS() as [string, number, number][]
  return {
    top: rows.map(([value, n]) => ({ value: value.length > 200 ? `${value.slice(0, 200)}…` : value, count: n })),
    distinct: table === 't' ? (rows[0]?.[2] ?? 0) : distinct,
  }
}

const booleanWords = new Set(['true', 'false', 'yes', 'no', 'y', 'n', 't', 'f'])
const isBoolean = (top: readonly { value: string }[]) =>
  top.length > 0 && top.length <= 2 && top.every(({ value }) => booleanWords.has(value.toLowerCase()))

function targetOf(names: readonly string[], wanted: string | null, fileName: string): number {
  if (wanted === null) return names.length - 1
  const at = names.indexOf(wanted)
  if (at !== -1) return at
  throw noUsableTarget(
    fileName,
    `its pipeline learns ${wanted}, and there is no such column (there are ${listed([...names], 10)})`,
    "Correct the pipeline's target or the file's header",
  )
}

interface Goal {
  task: Task
  classes: string[] | null
  notes: string[]
}

async function goalOf(
  db: DuckDBConnection,
  {
    names,
    target,
    stats,
    reading,
    fileName,
    asked,
    isDefault,
  }: {
    names: string[]
    target: number
    stats: ColumnStat[]
    reading: Reading
    fileName: string
    asked: Task | null
    isDefault: boolean
  },
): Promise<Goal> {
  const name = names[target] as string
  const where = isDefault ? `the last column (${name})` : `its target (${name})`
  const { present, distinct, whole, figures } = stats[target] as ColumnStat
  const remedy = isDefault
    ? 'Put a column that varies last, or name the target in its pipeline'
    : 'Name another target in its pipeline'
  if (present === 0) throw noUsableTarget(fileName, `${where} holds no values`, 'Put the column to be learned last')
  if (distinct === 1) {
    const result = await db.runAndReadAll(
      `SELECT ${columnAt(target)}::VARCHAR FROM t WHERE ${columnAt(target)} IS NOT NULL LIMIT 1`,
    )
    const value = withoutPoint(String(result.getRowsJS()[0]?.[0]))
    throw noUsableTarget(
      fileName,
      `${where} holds one value only (${value.length > 60 ? `${value.slice(0, 60)}…` : value})`,
      remedy,
    )
  }
  const kind = (reading.kinds[target] as Reading['kinds'][number]).kind
  if (kind === 'date') throw noUsableTarget(fileName, `${where} holds dates, which no trainer here learns`, remedy)
  if (present < minimumRows) throw tooFewRows(fileName, present, `where ${name} is known there are`)

  const fewWhole = kind === 'number' && whole && distinct <= mostNumberClasses && distinct * 5 <= present
  const guessed: Task =
    kind === 'number' && !(fewWhole || distinct === 2) ? 'regression' : distinct === 2 ? 'binary' : 'multiclass'
  const task = asked === null ? guessed : asked === 'regression' ? asked : distinct === 2 ? 'binary' : asked
  const left = figures.missing
  const notes = [
    ...(asked === null ? [`Task: ${taskWords[task]} of ${name}, told from its values.`] : []),
    ...(left > 0 ? [`${count(left, 'row')} without a value of ${name} ${left === 1 ? 'is' : 'are'} not used.`] : []),
  ]
  if (task === 'regression') {
    if (kind !== 'number') throw noUsableTarget(fileName, `${where} holds texts, and its pipeline asks for a regression`, remedy)
    return { task, classes: null, notes }
  }
  if (task === 'binary' && distinct !== 2)
    throw noUsableTarget(fileName, `${where} holds ${distinct} different values, and its pipeline asks for two classes`, remedy)
  if (distinct > mostClasses) {
    throw noUsableTarget(
      fileName,
      `${where} holds ${distinct} different texts, more than the ${mostClasses} classes that can be told apart`,
      remedy,
    )
  }
  const result = await db.runAndReadAll(`SELECT DISTINCT ${columnAt(target)} v FROM t WHERE v IS NOT NULL ORDER BY v`)
  return { task, classes: result.getRowsJS().map(([value]) => String(value)), notes }
}

const taskWords: Record<Task, string> = { regression: 'regression', binary: 'two classes', multiclass: 'several classes' }
const withoutPoint = (value: string) => value.replace(/\.0$/, '')

/** Rows of all columns, evenly drawn, to look for disguises in. */
async function valuesOf(db: DuckDBConnection, reading: Reading): Promise<Value[][]> {
  const columns = reading.kinds.map((kind, i) => (kind.kind === 'date' ? `epoch(${columnAt(i)})` : columnAt(i)))
  const cells = Math.max(2_000, Math.min(disguiseRows, Math.floor(4_000_000 / reading.width)))
  const result = await db.runAndReadAll(`SELECT ${columns.join(', ')} FROM s LIMIT ${cells}`)
  return result.getColumnsJS() as Value[][]
}

interface Role {
  role: ColumnProfile['role']
  why: string | null
}

function rolesOf({
  names,
  stats,
  target,
  sample,
  rows,
  ignore,
}: {
  names: string[]
  stats: ColumnStat[]
  target: number
  sample: Value[][]
  rows: number
  ignore: string[]
}): Role[] {
  const left = new Set(ignore)
  const roles = stats.map((stat, i): Role => {
    if (i === target) return { role: 'target', why: null }
    if (left.has(names[i] as string)) return { role: 'ignored', why: 'left out by its pipeline' }
    if (stat.present === 0) return { role: 'empty', why: 'it holds no values' }
    if (stat.distinct === 1 && stat.present === rows) return { role: 'constant', why: 'it holds one value only' }
    const disguise = disguiseOf(sample[i] as Value[], sample[target] as Value[])
    if (disguise !== null) return { role: 'leak', why: disguise }
    const { type } = stat.figures
    if ((type === 'text' || type === 'boolean') && stat.distinct > 20 && stat.distinct > stat.present / 2) {
      const all = stat.distinct >= stat.present
      return { role: 'ignored', why: all ? 'every text is another one: it names the rows' : 'nearly every text is another one' }
    }
    return { role: 'feature', why: null }
  })
  // A row's number says nothing of the row, but is what there is where nothing else is.
  const numbering = stats.map((stat, i) => (roles[i] as Role).role === 'feature' && numbersRows(stat))
  const others = roles.some(({ role }, i) => role === 'feature' && !numbering[i])
  return roles.map((role, i) => (numbering[i] && others ? { role: 'ignored', why: 'it numbers the rows' } : role))
}

function numbersRows({ present, distinct, whole, figures: { type, min, max } }: ColumnStat): boolean {
  if (type !== 'number' || !whole || min === null || max === null) return false
  const span = max - min + 1
  return distinct >= present * 0.9 && span >= present && span <= present * 1.05
}

/** How a column that is used is treated, where a reader may wonder. */
function treatment({ present, distinct, figures }: ColumnStat, kind: Reading['kinds'][number], rows: number): string | null {
  const words: string[] = []
  if (figures.missing > rows / 2) words.push(`${percent(1 - present / rows)} of its cells are missing`)
  if (figures.type === 'text' && distinct > 16) words.push(`${distinct} categories, each learned as the mean of its target`)
  if (kind.kind === 'date') words.push(`dates written as ${kind.format}, learned as seconds since 1970`)
  return words.length === 0 ? null : words.join('; ')
}

function formatNotes(reading: Reading, names: readonly string[]): string[] {
  const withFormat = (is: (kind: Reading['kinds'][number]) => boolean) =>
    names.filter((_, i) => is(reading.kinds[i] as Reading['kinds'][number]))
  const commas = withFormat((kind) => kind.kind === 'number' && kind.format.decimal === ',')
  const thousands = withFormat((kind) => kind.kind === 'number' && kind.format.thousands !== '')
  return [
    ...(commas.length > 0 ? ['Numbers are written with a decimal comma.'] : []),
    ...(thousands.length > 0 ? [`Numbers are written with thousands separators in ${listed([...thousands])}.`] : []),
    ...(reading.nullWords.length > 0
      ? [`Taken for missing in columns of numbers: ${reading.nullWords.map((word) => `"${word}"`).join(', ')}.`]
      : []),
  ]
}

function quarantineNote(malformed: number, rejects: readonly Reject[]): string {
  const lines = rejects.slice(0, 3).map(({ line }) => line)
  const more = malformed > lines.length ? ' and others' : ''
  const noun = malformed === 1 ? 'line' : 'lines'
  return `${count(malformed, 'malformed row')} ${malformed === 1 ? 'was' : 'were'} set aside (${noun} ${lines.join(', ')}${more}); the quarantine file has every one with its reason.`
}

const percent = (share: number) => `${Number((share * 100).toPrecision(2))} %`

/** Cells of converted columns that are there, could not be read, and count as missing: their lines could not be told. */
export async function unreadCells(db: DuckDBConnection, reading: Reading, names: readonly string[]): Promise<string[]> {
  const converted = reading.kinds.flatMap((kind, i) => (isConverted(kind) ? [i] : []))
  if (converted.length === 0 || reading.withoutUnfit) return []
  const result = await db.runAndReadAll(`SELECT ${converted.map((i) => `count(*) FILTER (b${i})::INTEGER`).join(', ')} FROM t`)
  const counts = result.getRowsJS()[0] as number[]
  return converted.flatMap((column, i) => {
    const bad = counts[i] as number
    if (bad === 0) return []
    const kind = reading.kinds[column]?.kind === 'date' ? 'dates' : 'numbers'
    return [`${count(bad, 'cell')} of ${names[column]} ${bad === 1 ? 'is' : 'are'} no ${kind} and count as missing.`]
  })
}
