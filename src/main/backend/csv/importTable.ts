/** A CSV into a DuckDB table: typed columns, and every row that does not fit set aside with its line and the reason. */
import { open } from 'node:fs/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import { parse } from 'csv-parse/sync'
import { dateFormats, isMissing, missingWords, type NumberFormat, parseDate, parseNumber } from '../../../training/cells.ts'
import type { ColumnKind, Reading } from '../../../training/dataPlan.ts'
import { inferColumns, nullWordsAmong } from './inferColumns.ts'
import { locateRows, type RejectedPlace } from './locateRows.ts'
import { notACsv } from './problems.ts'
import type { Layout } from './sniff.ts'
import { copyWithOneLineEnd, linesAt, type Source } from './source.ts'
import { columnAt, text } from './sql.ts'

export interface Reject {
  /** From 1, the header included. */
  line: number
  reason: string
  /** The row as it stands in the file, cut where it is long. */
  row: string
}

export interface ImportedTable {
  reading: Reading
  rows: number
  /** Malformed rows: all of them are counted, `rejects` may hold fewer where there are very many. Ascending by line. */
  malformed: number
  rejects: Reject[]
}

/** Cells that the kinds are told from. More would take longer than it could tell. */
const sampleCells = 400_000
const mostSampleRows = 20_000
/** DuckDB's own limit for a row. */
const longestRowBytes = 2_097_152
/** DuckDB shows no more of a row that it rejects. */
const shownRowBytes = 10_000
/** Rows beyond this are counted by nobody: a file with as many is not mended row by row. */
const mostRejects = 1_000_000
const mostKeptRejects = 100_000
/** Cells of a row group of Parquet, each of about 8 bytes: both threads keep one in memory. */
const mostGroupCells = 2_500_000
/** Kinds are corrected by what the whole table shows, each time by reading it again. */
const mostReadings = 4

interface ReadingOptions {
  fileName: string
  /** Path for a copy with one kind of line end. */
  scratch: string
  /** Path of a Parquet file that holds the table, for later jobs; null for a table in the database itself. */
  kept: string | null
  signal: AbortSignal
}

/**
 * Reads the file into table `t` (columns `c0`, `c1` …: DOUBLE, TIMESTAMP, VARCHAR; missing and non-finite values NULL) and
 * for columns whose cells are converted into `b<i>`, true where a cell is there and could not be.
 * @throws CsvProblem notACsv; the system's error
 */
export async function importTable(
  db: DuckDBConnection,
  source: Source,
  layout: Layout,
  { fileName, limit, scratch, kept, signal }: ReadingOptions & { limit: number },
): Promise<ImportedTable> {
  let reading: Reading = {
    ...{ delimiter: layout.delimiter, newline: layout.newline, width: layout.columns, hasHeader: layout.hasHeader },
    ...{ skip: layout.skip, nullWords: [], kinds: Array.from({ length: layout.columns }, () => ({ kind: 'text' as const })) },
  }
  let path = source.path
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      // DuckDB reads one kind of line end per file.
      if (path !== source.path || !/invalid state|new_?line/i.test(String(error))) throw error
      path = `${scratch}.lines`
      await copyWithOneLineEnd(source.path, path, signal)
      return work()
    }
  }
  const sampled = await attempt(() => sampleColumns(db, path, reading))
  reading = { ...reading, ...inferColumns(sampled, reading.delimiter) }

  for (let readings = 1; ; readings++) {
    await attempt(() => readInto(db, path, reading, fileName, kept))
    const better = readings < mostReadings ? await correct(db, reading, limit) : null
    if (better === null) break
    reading = better
  }
  const rejected = await readRejects(db, path, reading, fileName)
  const unfit = await findUnfit(db, path, reading, rejected, signal)
  if (unfit !== null) {
    reading = { ...reading, withoutUnfit: true }
    await dropUnfit(db, reading, kept)
  }
  const rejects = [...rejected.rejects, ...(unfit?.rejects ?? [])].sort((a, b) => a.line - b.line)
  const rows = await one(db, 'SELECT count(*) FROM t')
  return { reading, rows, malformed: rejected.malformed + (unfit?.count ?? 0), rejects }
}

/** Reads a file again as it was read before. @throws the system's error */
export async function readAgain(
  db: DuckDBConnection,
  source: Source,
  reading: Reading,
  { fileName, scratch, kept, signal }: ReadingOptions,
): Promise<void> {
  try {
    await readInto(db, source.path, reading, fileName, kept)
  } catch (error) {
    if (!/invalid state|new_?line/i.test(String(error))) throw error
    await copyWithOneLineEnd(source.path, `${scratch}.lines`, signal)
    await readInto(db, `${scratch}.lines`, reading, fileName, kept)
  }
  await dropUnfit(db, reading, kept)
}

/** A single number that a query gives. */
export async function one(db: DuckDBConnection, query: string): Promise<number> {
  const result = await db.runAndReadAll(query)
  return Number(result.getRows()[0]?.[0] ?? 0)
}

const readCsv = (path: string, reading: Reading, types: readonly string[], options: string[]) => {
  const words = [...new Set([...missingWords, ...reading.nullWords].flatMap(casings))]
  return `read_csv(${[
    text(path),
    'auto_detect = false',
    `delim = ${text(reading.delimiter)}`,
    `quote = '"'`,
    `escape = '"'`,
    `header = ${reading.hasHeader}`,
    `skip = ${reading.skip}`,
    `columns = {${types.map((type, i) => `${text(columnAt(i))}: ${text(type)}`).join(', ')}}`,
    `nullstr = [${words.map(text).join(', ')}]`,
    ...options,
  ].join(', ')})`
}
const casings = (word: string) => [
  word,
  word.toUpperCase(),
  word.charAt(0).toUpperCase() + word.slice(1),
  ...(word === 'nan' ? ['NaN'] : []),
]

async function sampleColumns(db: DuckDBConnection, path: string, reading: Reading): Promise<(string | null)[][]> {
  const rows = Math.max(200, Math.min(mostSampleRows, Math.floor(sampleCells / reading.width)))
  const types = reading.kinds.map(() => 'VARCHAR')
  const result = await db.runAndReadAll(
    `SELECT * FROM ${readCsv(path, reading, types, ['ignore_errors = true', 'buffer_size = 8388608'])} LIMIT ${rows}`,
  )
  const columns = result.getColumns() as (string | null)[][]
  return reading.kinds.map((_, i) => columns[i] ?? [])
}

async function readInto(
  db: DuckDBConnection,
  path: string,
  reading: Reading,
  fileName: string,
  kept: string | null,
): Promise<void> {
  await db.run(kept === null ? 'DROP TABLE IF EXISTS t' : 'DROP VIEW IF EXISTS t')
  await db.run('DROP TABLE IF EXISTS reject_errors')
  await db.run('DROP TABLE IF EXISTS reject_scans')
  const types = reading.kinds.map((kind) => (isPlain(kind) ? 'DOUBLE' : 'VARCHAR'))
  const columns = reading.kinds.flatMap((kind, i) => {
    const converted = conversion(kind, columnAt(i))
    const column = `${converted} AS ${columnAt(i)}`
    return isConverted(kind) ? [column, `(${columnAt(i)} IS NOT NULL AND ${converted} IS NULL) AS b${i}`] : [column]
  })
  const from = readCsv(path, reading, types, ['store_rejects = true', `rejects_limit = ${mostRejects}`])
  try {
    const query = `SELECT ${columns.join(', ')} FROM ${from}`
    if (kept === null) await db.run(`CREATE TABLE t AS ${query}`)
    else {
      const groupRows = Math.max(2048, Math.min(122_880, Math.floor(mostGroupCells / reading.width / 2048) * 2048))
      await db.run(`COPY (${query}) TO ${text(kept)} (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE ${groupRows})`)
      await sync(kept)
      await showKept(db, kept)
    }
  } catch (error) {
    if (/maximum line size/i.test(String(error))) throw overlong(fileName, null)
    throw error
  }
}

/** Rows of a file have no `rowid` as those of a table do; the view gives them one. */
const showKept = (db: DuckDBConnection, kept: string, where = '') =>
  db.run(
    `CREATE OR REPLACE VIEW t AS SELECT * EXCLUDE file_row_number, file_row_number AS rowid FROM read_parquet(${text(kept)}, file_row_number = true) ${where}`,
  )

/** The view is kept in the database, so what it shows must be on the disk before. */
async function sync(path: string): Promise<void> {
  const file = await open(path, 'r+')
  await file.sync().finally(() => file.close())
}

const isPlain = (kind: ColumnKind) => kind.kind === 'number' && kind.format.decimal === '.' && kind.format.thousands === ''
export const isConverted = (kind: ColumnKind) => kind.kind === 'date' || (kind.kind === 'number' && !isPlain(kind))

/** The same reading of a cell as in training/cells.ts. */
function conversion(kind: ColumnKind, column: string): string {
  switch (kind.kind) {
    case 'number':
      return isPlain(kind) ? `CASE WHEN isfinite(${column}) THEN ${column} END` : numberFrom(kind.format, column)
    case 'date':
      // Most dates are written like this, and a cast takes a tenth of the time.
      if (kind.format === 'yyyy-mm-dd') return `try_cast(trim(${column}) AS DATE)::TIMESTAMP`
      return `try_strptime(trim(${column}), ${text(dateFormats[kind.format].strptime)})`
    case 'text':
    case 'empty':
      return `nullif(trim(${column}), '')`
    default:
      return kind satisfies never
  }
}

function numberFrom({ decimal, thousands }: NumberFormat, column: string): string {
  const cell = `trim(${column})`
  const point = decimal === '.' ? '\\.' : ','
  const grouped = `regexp_full_match(${cell}, ${text(`[+-]?\\d{1,3}(?:${thousands === '.' ? '\\.' : thousands}\\d{3})+(?:${point}\\d*)?`)})`
  const without = thousands === '' ? cell : `replace(${cell}, ${text(thousands)}, '')`
  const digits = decimal === ',' ? `replace(${without}, ',', '.')` : without
  // A decimal point in a column of decimal commas is a fault, not a number.
  const fits = thousands === '' ? `NOT contains(${cell}, '.')` : `(${grouped} OR NOT contains(${cell}, ${text(thousands)}))`
  return `CASE WHEN ${fits} AND isfinite(try_cast(${digits} AS DOUBLE)) THEN try_cast(${digits} AS DOUBLE) END`
}

/** What the whole table shows that its beginning did not: another reading, or null when this one stands. */
async function correct(db: DuckDBConnection, reading: Reading, limit: number): Promise<Reading | null> {
  const kinds = [...reading.kinds]
  const nullWords = new Set(reading.nullWords)
  let changed = false

  const filled = reading.kinds.flatMap((kind, i) => (kind.kind === 'empty' ? [i] : []))
  for (const i of filled) {
    const result = await db.runAndReadAll(`SELECT ${columnAt(i)} FROM t WHERE ${columnAt(i)} IS NOT NULL LIMIT 10000`)
    const cells = result.getColumns()[0] as string[] | undefined
    if (!cells || cells.length === 0) continue
    const found = inferColumns([cells], reading.delimiter)
    for (const word of found.nullWords) nullWords.add(word)
    kinds[i] = found.kinds[0] as ColumnKind
    changed = true
  }

  const rows = await one(db, 'SELECT count(*) FROM t')
  const casts = await db.runAndReadAll(
    // A row with too few or too many cells is a fault as a whole: what stands in its columns tells nothing about them.
    `SELECT column_idx::INTEGER - 1, count(*)::INTEGER, list(error_message)[1:2000] FROM reject_errors
     WHERE error_type = 'CAST' AND line NOT IN (SELECT line FROM reject_errors WHERE error_type <> 'CAST') GROUP BY 1`,
  )
  for (const [index, count, messages] of casts.getRowsJS() as [number, number, string[]][]) {
    if (kinds[index]?.kind !== 'number') continue
    const words = nullWordsAmong(messages.map(badCell).filter((cell) => cell !== ''))
    const fresh = words?.filter((word) => !nullWords.has(word)) ?? []
    if (fresh.length > 0) for (const word of fresh) nullWords.add(word)
    // More than the limit allows are no faults: this is no column of numbers.
    else if (count > limit * (rows + count)) kinds[index] = { kind: 'text' }
    else continue
    changed = true
  }

  const converted = reading.kinds.flatMap((kind, i) => (isConverted(kind) ? [i] : []))
  for (const i of converted) {
    const result = await db.runAndReadAll(`SELECT count(*) FILTER (b${i})::INTEGER, count(*)::INTEGER FROM t`)
    const [bad, all] = result.getRowsJS()[0] as [number, number]
    if (bad <= limit * all) continue
    kinds[i] = { kind: 'text' }
    changed = true
  }
  return changed ? { ...reading, kinds, nullWords: [...nullWords] } : null
}

const badCell = (message: string) => /Could not convert string "([\s\S]*)" to /.exec(message)?.[1]?.trim() ?? ''

async function readRejects(db: DuckDBConnection, path: string, reading: Reading, fileName: string): Promise<RejectedRows> {
  const result = await db.runAndReadAll(`
    SELECT line_byte_position::DOUBLE, list(error_type), list(column_idx::INTEGER), list(error_message)[1:2], coalesce(any_value(csv_line), '')[1:2000],
      coalesce(any_value(length(csv_line) - length(replace(csv_line, chr(10), '')) > 1 OR length(csv_line) >= ${shownRowBytes}), false)
    FROM reject_errors WHERE csv_line IS NULL OR error_type LIKE 'LINE SIZE%' OR trim(csv_line, e' \\t\\r\\n') <> '' GROUP BY 1 ORDER BY 1`)
  const rows = result.getRowsJS() as [number, string[], number[], string[], string, boolean][]
  const kept = rows.slice(0, mostKeptRejects)
  // Empty lines above a row belong to what DuckDB gives for it.
  const offsets = kept.map(([at, , , , row]) => at + Buffer.byteLength(/^[\s]*[\r\n]/.exec(row)?.[0] ?? ''))
  const lines = await linesAt(path, offsets, reading.newline)
  const rejects = kept.map(([, types, columns, messages, row, isLong], i): Reject => {
    const line = lines[i] as number
    if (types.includes('UNQUOTED VALUE') && isLong) {
      throw notACsv(
        fileName,
        `a quote (") is opened in the row that starts at line ${line} and never closed`,
        'Close or remove that quote',
      )
    }
    if (types.some((type) => type.startsWith('LINE SIZE'))) throw overlong(fileName, line)
    return { line, reason: reasonOf(types, columns, messages, reading.width), row: row.trim().slice(0, 500) }
  })
  const places = kept.map(([, types], i) => ({ offset: offsets[i] as number, openQuote: types.includes('UNQUOTED VALUE') }))
  return { malformed: rows.length, rejects, places }
}

interface RejectedRows {
  malformed: number
  rejects: Reject[]
  /** Where each of `rejects` begins. */
  places: RejectedPlace[]
}

const unfitColumns = ({ kinds }: Reading) => kinds.flatMap((kind, i) => (isConverted(kind) ? [i] : []))
const anyUnfit = (columns: readonly number[]) => columns.map((i) => `b${i}`).join(' OR ')

async function dropUnfit(db: DuckDBConnection, reading: Reading, kept: string | null): Promise<void> {
  const columns = unfitColumns(reading)
  if (!reading.withoutUnfit || columns.length === 0) return
  if (kept === null) await db.run(`DELETE FROM t WHERE ${anyUnfit(columns)}`)
  else await showKept(db, kept, `WHERE NOT (${anyUnfit(columns)})`)
}

/**
 * Rows with a cell that is there and does not fit its converted column; DuckDB rejects those of plain numbers by itself.
 * null when their lines cannot be told for certain: then such cells are taken for missing.
 */
async function findUnfit(
  db: DuckDBConnection,
  path: string,
  reading: Reading,
  rejected: RejectedRows,
  signal: AbortSignal,
): Promise<{ count: number; rejects: Reject[] } | null> {
  const columns = unfitColumns(reading)
  if (columns.length === 0) return { count: 0, rejects: [] }
  const result = await db.runAndReadAll(
    `SELECT rowid::DOUBLE, ${columns.map((i) => `b${i}`).join(', ')} FROM t WHERE ${anyUnfit(columns)} ORDER BY rowid LIMIT ${mostKeptRejects + 1}`,
  )
  const found = result.getRowsJS() as [number, ...boolean[]][]
  if (found.length === 0) return { count: 0, rejects: [] }
  if (found.length > mostKeptRejects || rejected.places.length < rejected.malformed) return null
  const located = await locateRows(path, reading, {
    wanted: found.map(([ordinal]) => ordinal),
    rejected: rejected.places,
    rows: await one(db, 'SELECT count(*) FROM t'),
    signal,
  })
  if (located === null) return null
  const rejects = located.map(({ line, text: row }, n): Reject | null => {
    const at = columns.find((_, k) => (found[n] as unknown[])[k + 1] === true) as number
    const cell = cellsOf(row, reading.delimiter)?.[at]
    const kind = reading.kinds[at] as ColumnKind
    // The proof that this is the row: its cell is the one that could not be read.
    if (cell === undefined || isMissing(cell) || fitsKind(cell, kind)) return null
    return {
      line,
      reason: unfitReason(at, cell, kind.kind === 'date' ? 'is not a date' : 'is not a number'),
      row: row.slice(0, 500),
    }
  })
  return rejects.every((reject) => reject !== null) ? { count: rejects.length, rejects } : null
}

const fitsKind = (cell: string, kind: ColumnKind) =>
  kind.kind === 'date' ? parseDate(cell, kind.format) !== null : kind.kind === 'number' && parseNumber(cell, kind.format) !== null

/** null for a row that is no CSV by itself. */
function cellsOf(row: string, delimiter: Reading['delimiter']): string[] | null {
  try {
    return (parse(row, { delimiter, relax_quotes: true, relax_column_count: true, bom: true })[0] as string[] | undefined) ?? null
  } catch {
    return null
  }
}

/** `column` is its index as text until the names are known; see `nameColumns`. */
function reasonOf(types: string[], columns: number[], messages: string[], width: number): string {
  const found = /Found: (\d+)/.exec(messages.join(' '))?.[1]
  if (types.includes('MISSING COLUMNS') || types.includes('TOO MANY COLUMNS')) {
    const cells = found ?? (types.includes('MISSING COLUMNS') ? 'fewer' : 'more')
    return `${cells} ${cells === '1' ? 'cell' : 'cells'} where ${width} are expected`
  }
  if (types.includes('UNQUOTED VALUE')) return 'a quote (") is not closed, or something follows it'
  const at = types.indexOf('CAST')
  if (at === -1) return messages[0]?.split('\n')[0] ?? 'it does not fit'
  const cell = badCell(messages.find((message) => message.includes('Could not convert')) ?? '')
  return unfitReason((columns[at] as number) - 1, cell, 'is not a number')
}

/** `column {3}: "abc" is not a number`; see `nameColumns`. */
const unfitReason = (column: number, cell: string, words: string) =>
  `column {${column}}: ${JSON.stringify(cell.length > 60 ? `${cell.slice(0, 60)}…` : cell)} ${words}`

/** Puts a column's name where `reasonOf` left its index. */
export const nameColumns = (reason: string, names: readonly string[]): string =>
  reason.replace(/^column \{(\d+)\}/, (_, index) => `column ${names[Number(index)]}`)

const overlong = (fileName: string, line: number | null) =>
  notACsv(
    fileName,
    `${line === null ? 'a row' : `the row that starts at line ${line}`} is longer than ${longestRowBytes / 1024 / 1024} MiB; most likely a quote (") is opened there and never closed`,
    'Close or remove that quote',
  )
