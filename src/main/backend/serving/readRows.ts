/** From a request's body to rows whose columns are those of the model. What a cell holds is judged by the encoder. */
import { CsvError, parse as parseCsv } from 'csv-parse/sync'
import { type ParseError, parse as parseJsonTolerantly, printParseErrorCode } from 'jsonc-parser'
import { RequestProblem } from './requestProblem.ts'
import { createRowProblems, type RowProblems } from './rowProblems.ts'

export type Row = Record<string, unknown>

/** The raw columns that a model takes, and the one that it predicts. */
export interface ModelColumns {
  names: readonly string[]
  target: string
}

export type RowFormat = 'json' | 'csv'

/**
 * Which format a Content-Type names.
 * @throws RequestProblem 415 for any but application/json and text/csv in UTF-8
 */
export function formatOf(contentType: string | undefined): RowFormat {
  if (contentType === 'application/json') return 'json' // what nearly everybody sends
  const [type = '', ...parameters] = (contentType ?? '').split(';').map((part) => part.trim().toLowerCase())
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length)
  const named = type === 'application/json' ? 'json' : type === 'text/csv' ? 'csv' : null
  if (named === null) {
    const sent = type === '' ? 'no Content-Type' : `"${type}"`
    throw new RequestProblem(415, `Send rows as application/json or text/csv; this request has ${sent}.`)
  }
  if (charset !== undefined && charset.replaceAll('"', '') !== 'utf-8' && charset !== 'utf8') {
    throw new RequestProblem(415, `Send the rows in UTF-8; this request says charset ${charset}.`)
  }
  return named
}

/**
 * Reads the body's rows, one object of cells per row, each with exactly the model's columns.
 * @throws RequestProblem 400 for a body that is no table, 413 above `mostRows`, 422 for rows with other columns
 */
export function readRows(format: RowFormat, body: string, columns: ModelColumns, mostRows: number): Row[] {
  if (body.trim() === '') throw new RequestProblem(400, 'The body is empty. Send at least one row.')
  return format === 'json' ? readJson(body, columns, mostRows) : readCsv(body, columns, mostRows)
}

function readJson(body: string, columns: ModelColumns, mostRows: number): Row[] {
  const rows = listOf(parseJson(body))
  if (rows.length === 0) throw new RequestProblem(400, 'There are no rows in the body. Send at least one.')
  if (rows.length > mostRows) throw tooManyRows(mostRows)
  const problems = createRowProblems()
  for (const [index, row] of rows.entries()) {
    if (problems.full) break
    if (isObject(row)) {
      checkColumns(row, index + 1, columns, problems)
      checkCells(row, index + 1, columns, problems)
    } else problems.add(index + 1, null, `it is ${kindOf(row)}; a row is an object with a value per column`)
  }
  problems.throwIfAny()
  return rows as Row[]
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch (error) {
    throw jsonProblem(body, error as Error)
  }
}

/** V8 does not always say where; the second reading of a body that is broken anyway does. */
function jsonProblem(body: string, error: Error): RequestProblem {
  const errors: ParseError[] = []
  parseJsonTolerantly(body, errors, { allowTrailingComma: false, disallowComments: true, allowEmptyContent: false })
  const [first] = errors
  if (first === undefined) return new RequestProblem(400, `The body is not JSON: ${error.message}.`)
  const before = body.slice(0, first.offset).split('\n')
  const line = before.length
  const column = (before.at(-1) ?? '').length + 1
  const what = printParseErrorCode(first.error)
    .replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .toLowerCase()
  return new RequestProblem(400, `The body is not JSON: ${what} at line ${line}, column ${column} (position ${first.offset}).`, {
    position: first.offset,
    line,
    line_column: column,
  })
}

function listOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  if (isObject(value)) {
    const { rows, ...others } = value
    const more = Object.keys(others)
    if (Array.isArray(rows) && more.length === 0) return rows
    if (Array.isArray(rows)) {
      throw new RequestProblem(400, `The body holds "rows" and ${quoted(more)}. Send {"rows": […]} alone.`)
    }
  }
  throw new RequestProblem(400, `The body is ${kindOf(value)}. Send {"rows": [{…}, …]} or a list of rows.`)
}

/** Under which of them the header names most of the model's columns is how the file is written; the comma is tried first. */
const delimiters = [',', ';', '\t', '|']

function readCsv(body: string, columns: ModelColumns, mostRows: number): Row[] {
  const known = new Set(columns.names)
  const headerBy = (delimiter: string) => parseRecords(body, delimiter, 1)[0] ?? []
  const fits = delimiters.map((delimiter) => headerBy(delimiter).filter((name) => known.has(name.trim())).length)
  const delimiter = delimiters[fits.indexOf(Math.max(...fits))] as string
  const [header = [], ...records] = parseRecords(body, delimiter, mostRows + 2)
  const names = header.map((name) => name.trim())
  if (records.length === 0) {
    throw new RequestProblem(
      400,
      'The CSV holds a header and no rows, or rows and no header. The first line must name the columns.',
    )
  }
  if (records.length > mostRows) throw tooManyRows(mostRows)
  const problems = createRowProblems()
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) problems.add(null, twice, 'the header names it twice')
  checkColumns(Object.fromEntries(names.map((name) => [name, ''])), null, columns, problems)
  for (const [index, cells] of records.entries()) {
    if (problems.full) break
    if (cells.length !== names.length) {
      problems.add(index + 1, null, `it has ${cells.length} cells, the header names ${names.length} columns`)
    }
  }
  problems.throwIfAny()
  return records.map((cells) => Object.fromEntries(names.map((name, column) => [name, cells[column]])))
}

function parseRecords(body: string, delimiter: string, to: number): string[][] {
  try {
    return parseCsv(body, {
      delimiter,
      to,
      bom: true,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      relax_quotes: true, // as training read it: a quote inside an unquoted cell is a character like any other
      skip_empty_lines: true,
    })
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw new RequestProblem(400, `The CSV cannot be read: ${error.message}.`)
  }
}

/** `row` is null for a header. */
function checkColumns(cells: Row, row: number | null, { names, target }: ModelColumns, problems: RowProblems): void {
  let found = 0
  for (const name of names) {
    if (Object.hasOwn(cells, name)) found++
    else problems.add(row, name, row === null ? 'it is missing' : 'it is missing; where a value is not known, send null')
  }
  const given = Object.keys(cells)
  if (given.length === found) return
  for (const name of given) {
    if (names.includes(name)) continue
    problems.add(
      row,
      name,
      name === target
        ? 'this is what the model predicts; leave it out'
        : `the model does not know it; its columns are ${names.slice(0, 30).join(', ')}${names.length > 30 ? ' …' : ''}`,
    )
  }
}

/** What is in a cell is judged by its column's encoder; that it is one value is judged here. */
function checkCells(cells: Row, row: number, { names }: ModelColumns, problems: RowProblems): void {
  for (const name of names) {
    const cell = cells[name]
    if (typeof cell !== 'object' || cell === null) continue
    problems.add(row, name, `it holds ${kindOf(cell)}; a cell is a number, a text, true, false or null`)
  }
}

const tooManyRows = (most: number) =>
  new RequestProblem(413, `There are more than ${most.toLocaleString('en')} rows in the body. Send them in several requests.`, {
    limit_rows: most,
  })

const isObject = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value)
const quoted = (names: string[]) => names.map((name) => JSON.stringify(name)).join(', ')
function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
