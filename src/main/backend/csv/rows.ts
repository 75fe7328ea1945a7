/** Bytes in, rows out: a plain splitter for lines that need no more, csv-parse for the rest of the file once they do. */
import { CsvError, Parser } from 'csv-parse'

export type Delimiter = ',' | ';' | '\t' | '|'
/** `lf` covers CRLF; `cr` is the line end of files that have no line feed at all. */
export type Newline = 'lf' | 'cr'

/** A record longer than this is taken for an unclosed quote or for something that is not a table. */
export const maxRecordBytes = 16 * 1024 * 1024

export class RowProblem extends Error {
  readonly line: number
  constructor(message: string, line: number) {
    super(message)
    this.name = 'RowProblem'
    this.line = line
  }
}

/** The options under which csv-parse reads the same rows as the plain splitter. */
export const csvParseOptions = (delimiter: Delimiter, newline: Newline) => ({
  // One character per byte: structure is ASCII, and the few texts that are kept are decoded once the encoding is sure.
  encoding: 'latin1' as const,
  delimiter,
  record_delimiter: newline === 'cr' ? ['\r'] : ['\r\n', '\n'],
  relax_column_count: true,
  relax_quotes: true, // a quote inside an unquoted cell (5" pipe) is a character like any other
  skip_empty_lines: true,
  max_record_size: maxRecordBytes,
})

/**
 * Reads rows from bytes of text in an ASCII-compatible encoding. Cells come as latin1 strings, one character per byte.
 * `onRow` also gets the line (from 1) on which the row starts. Lines of white space alone are left out.
 *
 * Most tables need no parser: while every quoted cell stands alone between two delimiters and holds no quote, lines are
 * split natively, which is about three times as fast as csv-parse on short cells. The first line that needs more hands
 * the rest of the file to csv-parse for good. See docs/decisions/060-csv-fast-path.md.
 *
 * @throws RowProblem from `write` and `end` for a quote that is never closed and for an overlong record
 */
export function createRowReader(options: {
  delimiter: Delimiter
  newline: Newline
  onRow: (cells: string[], line: number) => void
}) {
  const { delimiter, newline, onRow } = options
  const newlineCharacter = newline === 'cr' ? '\r' : '\n'
  let rest = ''
  let line = 1
  let parser: RowParser | null = null

  const emit = (cells: string[], at: number) => {
    if (cells.length > 1 || (cells[0] as string).trim() !== '') onRow(cells, at)
  }

  async function splitText(text: string, last: boolean): Promise<void> {
    const lines = text.split(newlineCharacter)
    const tail = last ? '' : (lines.pop() as string)
    for (const [index, raw] of lines.entries()) {
      const cells = splitLine(raw.endsWith('\r') ? raw.slice(0, -1) : raw, delimiter)
      if (cells === null) {
        parser = createParser(delimiter, newline, line, emit)
        const remaining = lines.slice(index)
        if (!last) remaining.push(tail)
        rest = ''
        await parser.write(Buffer.from(remaining.join(newlineCharacter), 'latin1'))
        return
      }
      emit(cells, line)
      line++
    }
    rest = tail
    if (rest.length > maxRecordBytes) throw overlong(line)
  }

  return {
    async write(bytes: Uint8Array): Promise<void> {
      if (parser !== null) return parser.write(bytes)
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
      await splitText(rest + text, false)
    },
    async end(): Promise<void> {
      if (parser === null && rest !== '') await splitText(rest, true)
      await parser?.end()
    },
  }
}

/**
 * The cells of one line, or null when it takes a real parser to say: a quoted cell that holds a quote, a delimiter or
 * a line end, or a quote in the middle of a cell.
 */
export function splitLine(line: string, delimiter: Delimiter): string[] | null {
  const cells = line.split(delimiter)
  if (!line.includes('"')) return cells
  for (const [index, cell] of cells.entries()) {
    const quote = cell.indexOf('"')
    if (quote === -1) continue
    if (quote !== 0 || cell.length < 2 || cell.indexOf('"', 1) !== cell.length - 1) return null
    cells[index] = cell.slice(1, -1)
  }
  return cells
}

interface RowParser {
  write(bytes: Uint8Array): Promise<void>
  end(): Promise<void>
}

function createParser(
  delimiter: Delimiter,
  newline: Newline,
  firstLine: number,
  emit: (cells: string[], line: number) => void,
): RowParser {
  /** Lines that csv-parse counted twice: it takes a CRLF inside quotes for two. */
  let countedTwice = 0
  let nextLine = 1
  let emptyLines = 0

  const parser = new RowsOnly(csvParseOptions(delimiter, newline), (cells) => {
    const { lines, empty_lines } = parser.info
    const start = nextLine + empty_lines - emptyLines - countedTwice
    if (lines > nextLine) for (const cell of cells) countedTwice += cell.split('\r\n').length - 1
    nextLine = lines + 1
    emptyLines = empty_lines
    emit(cells, firstLine - 1 + start)
  })
  parser.on('error', () => {}) // told through the callback of the write that met it
  parser.resume()

  const asProblem = (error: Error): Error => {
    if (!(error instanceof CsvError)) return error
    const at = firstLine - 1 + nextLine - countedTwice
    if (error.code === 'CSV_QUOTE_NOT_CLOSED') return unclosed(at)
    if (error.code === 'CSV_MAX_RECORD_SIZE') return overlong(at)
    return new RowProblem(error.message, at)
  }

  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        parser.write(bytes, (error) => (error ? reject(asProblem(error)) : resolve()))
      }),
    end: () =>
      new Promise((resolve, reject) => {
        parser.end((error?: Error | null) => (error ? reject(asProblem(error)) : resolve()))
      }),
  }
}

/** Takes records straight from the parser: going through the readable side, or `on_record`, costs a fifth of the speed. */
class RowsOnly extends Parser {
  readonly #take: (cells: string[]) => void
  constructor(options: ReturnType<typeof csvParseOptions>, take: (cells: string[]) => void) {
    super(options)
    this.#take = take
  }
  override push(cells: string[] | null): boolean {
    if (cells === null) return super.push(null)
    this.#take(cells)
    return true
  }
}

const unclosed = (line: number) =>
  new RowProblem(`a quote (") is opened in the row that starts at line ${line} and never closed`, line)
const overlong = (line: number) =>
  new RowProblem(
    `the row that starts at line ${line} is longer than ${maxRecordBytes / 1024 / 1024} MiB; most likely a quote (") is opened there and never closed`,
    line,
  )
