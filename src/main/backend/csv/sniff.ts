/** Finds out from a file's first rows how it is laid out. Pure. */
import { parse } from 'csv-parse/sync'
import { isMissing, type NumberFormat, parseNumber, plainNumbers } from '../../../training/cells.ts'
import type { Reading } from '../../../training/dataPlan.ts'

export type Delimiter = Reading['delimiter']
export type Newline = Reading['newline']

export interface Layout {
  delimiter: Delimiter
  newline: Newline
  /** What most of the first rows have; a row with another number is ragged. */
  columns: number
  hasHeader: boolean
  /** Lines above the first row of that width, e.g. a title. */
  skip: number
  /** Rows of that width among the first ones, the header included. */
  sample: string[][]
}

const delimiters: readonly Delimiter[] = [',', ';', '\t', '|']
const sampleRows = 200

/** Decimal numbers; with any delimiter but the comma also those with a decimal comma. */
function isNumber(cell: string, delimiter: Delimiter): boolean {
  const fits = (format: NumberFormat) => parseNumber(cell, format) !== null
  return (
    fits(plainNumbers) || fits({ decimal: '.', thousands: ',' }) || (delimiter !== ',' && (fits(decimalComma) || fits(grouped)))
  )
}
const decimalComma = { decimal: ',', thousands: '' } as const
const grouped = { decimal: ',', thousands: '.' } as const

/**
 * `head` is the beginning of the text in UTF-8, `complete` says that it is all of it. Rows are read under each delimiter, with
 * quoted line ends respected; the one under which the rows agree best on their width wins, then one under which the
 * first row agrees with the others, then the one whose cells hold the fewest other delimiters, then the one with more columns.
 */
export function sniffLayout(head: Uint8Array, complete: boolean): Layout {
  const newline: Newline = !head.includes(10) && head.includes(13) ? 'cr' : 'lf'
  const candidates = delimiters.map((delimiter) => judge(delimiter, firstRows(head, complete, delimiter, newline)))
  const usable = candidates.filter((candidate) => candidate.columns > 1)
  const best = usable.reduce((a, b) => (rank(b, a) > 0 ? b : a), usable[0] ?? (candidates[0] as Candidate))
  const sample = best.rows.filter((row) => row.length === best.columns)
  return {
    delimiter: best.delimiter,
    newline,
    columns: best.columns,
    hasHeader: looksLikeHeader(sample, best.delimiter),
    skip: linesAbove(head, best, newline),
    sample,
  }
}

function firstRows(head: Uint8Array, complete: boolean, delimiter: Delimiter, newline: Newline): string[][] {
  const rows: string[][] = []
  let finished = false
  try {
    parse(Buffer.from(head.buffer, head.byteOffset, head.length), {
      delimiter,
      record_delimiter: newline === 'cr' ? ['\r'] : ['\r\n', '\n'],
      relax_column_count: true,
      relax_quotes: true, // a quote inside an unquoted cell (5" pipe) is a character like any other
      skip_empty_lines: true,
      to: sampleRows,
      on_record: (row: string[]) => {
        rows.push(row)
        return null
      },
    })
    finished = true
  } catch {
    // A quote that the cut (or the whole file) leaves open: the rows before it are enough to judge by.
  }
  // The cut most likely goes through the last row.
  if (finished && !complete && rows.length > 1 && rows.length < sampleRows) rows.pop()
  return rows.filter((row) => row.length > 1 || (row[0] ?? '').trim() !== '')
}

/** Rows of another width that come before the first one of the table's own, and the empty lines between them. */
function linesAbove(head: Uint8Array, { rows, columns }: Candidate, newline: Newline): number {
  const above = rows.findIndex((row) => row.length === columns)
  if (above <= 0) return 0
  const lines = Buffer.from(head.buffer, head.byteOffset, head.length)
    .toString()
    .split(newline === 'cr' ? '\r' : '\n')
  let skip = 0
  for (let seen = 0; seen < above && skip < lines.length; skip++) if ((lines[skip] as string).trim() !== '') seen++
  while (skip < lines.length && (lines[skip] as string).trim() === '') skip++
  return skip
}

interface Candidate {
  delimiter: Delimiter
  rows: string[][]
  columns: number
  consistency: number
  /** The first row, most likely the header, has the width of the others. */
  firstAgrees: boolean
  clean: number
}

function judge(delimiter: Delimiter, rows: string[][]): Candidate {
  const widths = new Map<number, number>()
  for (const row of rows) widths.set(row.length, (widths.get(row.length) ?? 0) + 1)
  let columns = 1
  let most = 0
  for (const [width, count] of widths) if (count > most || (count === most && width > columns)) [columns, most] = [width, count]
  const others = delimiters.filter((other) => other !== delimiter)
  let cells = 0
  let cleanCells = 0
  for (const row of rows) {
    for (const cell of row) {
      cells++
      if (isNumber(cell, delimiter) || !others.some((other) => cell.includes(other))) cleanCells++
    }
  }
  return {
    delimiter,
    rows,
    columns,
    consistency: rows.length ? most / rows.length : 0,
    firstAgrees: rows[0]?.length === columns,
    clean: cells ? cleanCells / cells : 0,
  }
}

/** Above 0 when `a` is the better candidate; the earlier delimiter stays where all is equal. */
function rank(a: Candidate, b: Candidate): number {
  // A few ragged rows must not decide: the step is larger than the share of ragged rows that is tolerated.
  const steps = (share: number) => Math.round(share * 10)
  return (
    steps(a.consistency) - steps(b.consistency) ||
    Number(a.firstAgrees) - Number(b.firstAgrees) ||
    a.clean - b.clean ||
    a.columns - b.columns
  )
}

/**
 * The rules, in this order: a first row with a number in it is data. Without one it is a header when any column below
 * it is numeric. Where all columns are text it is a header when none of its cells occurs again in its own column.
 */
export function looksLikeHeader(rows: string[][], delimiter: Delimiter): boolean {
  const [first, ...below] = rows
  if (first === undefined || first.some((cell) => isNumber(cell, delimiter))) return false
  if (first.every(isMissing)) return false
  const numeric = first.some((_, column) => isNumericColumn(below, column, delimiter))
  return numeric || !first.some((name, column) => !isMissing(name) && below.some((row) => row[column] === name))
}

export function isNumericColumn(rows: string[][], column: number, delimiter: Delimiter): boolean {
  const present = rows.map((row) => row[column] as string).filter((cell) => !isMissing(cell))
  return present.length > 0 && present.every((cell) => isNumber(cell, delimiter))
}
