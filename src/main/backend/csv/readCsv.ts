/** Reads a CSV as a stream and says what is in it; rows are looked at and let go, so memory does not grow with the file. */
import { CsvProblem } from '../../../temporal/activities/deps.ts'
import type { PreprocessResult } from '../../../temporal/types.ts'
import { count, createColumnTypes, inventNames, uniqueNames } from './columns.ts'
import { createUtf8Check, describeBinary, detectBom, type Encoding } from './encoding.ts'
import { createRowReader, maxRecordBytes, RowProblem } from './rows.ts'
import { type Layout, sniffLayout } from './sniff.ts'

export type CsvFacts = Omit<PreprocessResult, 'dataset'>

/** Fewer rows than this say nothing about a model (the pipeline's contract). */
export const minimumRows = 25
/** A larger share of rows with a wrong number of columns means that this is another kind of file. */
const maxRaggedShare = 0.05
const headBytes = 256 * 1024
const headLines = 10

/**
 * @param chunks the file's bytes
 * @param fileName used in messages only
 * @throws CsvProblem for a file that no retry can mend; errors of `chunks` pass through
 */
export async function readCsv(chunks: AsyncIterable<Uint8Array>, fileName: string): Promise<CsvFacts> {
  const text = createTextSource(chunks, fileName)
  const { head, complete } = await readHead(text.chunks)
  if (head.every((byte) => byte === 32 || (byte >= 9 && byte <= 13))) {
    if (complete)
      throw tooFewRows(
        fileName,
        0,
        head.length === 0 ? 'the file is empty, so it has' : 'the file holds nothing but white space, so it has',
      )
  }
  const layout = sniffLayout(head, complete)
  const table = createTable(layout)
  const reader = createRowReader({ ...layout, onRow: table.add })
  try {
    await reader.write(head)
    if (!complete) for await (const chunk of text.chunks) await reader.write(chunk)
    await reader.end()
  } catch (error) {
    if (error instanceof RowProblem) throw notACsv(fileName, `${error.message}`, 'Close or remove that quote')
    throw error
  }
  return conclude(fileName, layout, table, text.encoding())
}

const kept = 'The file stays in the dataset store.'
const again = 'and drop the file again.'

const notACsv = (fileName: string, reason: string, remedy: string) =>
  new CsvProblem('notACsv', `${fileName} cannot be read as a CSV table: ${reason}. ${kept} ${remedy} ${again}`)

function tooFewRows(fileName: string, rows: number, reason?: string): CsvProblem {
  const found = `${reason ?? 'the file has'} ${count(rows, 'data row')}`
  return new CsvProblem(
    'tooFewRows',
    `${fileName} has too few rows: ${found}, and ${minimumRows} are needed. ${kept} Add rows ${again}`,
  )
}

const noUsableTarget = (fileName: string, reason: string, remedy: string) =>
  new CsvProblem('noUsableTarget', `${fileName} has no usable target: ${reason}. ${kept} ${remedy} ${again}`)

/**
 * The file's text without its byte order mark, as bytes of an ASCII-compatible encoding: UTF-16 is turned into UTF-8,
 * anything else stays as it is, and only at the end it is sure whether that was UTF-8.
 */
function createTextSource(source: AsyncIterable<Uint8Array>, fileName: string) {
  const utf8 = createUtf8Check()
  let bom: ReturnType<typeof detectBom> = null
  let bytesBefore = 0

  async function* read(): AsyncGenerator<Uint8Array> {
    let decoder: InstanceType<typeof TextDecoder> | null = null
    let first = true
    for await (const chunk of atLeast(source, 4096)) {
      let bytes = chunk
      if (first) {
        first = false
        bom = detectBom(chunk)
        if (bom !== null) bytes = chunk.subarray(bom.length)
        if (bom !== null && bom.encoding !== 'utf-8') decoder = new TextDecoder(bom.encoding)
        else {
          const binary = describeBinary(bytes)
          if (binary !== null) throw notACsv(fileName, `it is ${binary}, not text`, 'Export the table as CSV (UTF-8)')
        }
      }
      if (decoder !== null) bytes = Buffer.from(decoder.decode(bytes, { stream: true }))
      else utf8.add(bytes)
      const zero = bytes.indexOf(0)
      if (zero !== -1) {
        const where = decoder === null ? ` at byte ${bytesBefore + chunk.length - bytes.length + zero}` : ''
        throw notACsv(fileName, `it holds binary data (a zero byte${where})`, 'Export the table as CSV (UTF-8)')
      }
      bytesBefore += chunk.length
      if (bytes.length > 0) yield bytes
    }
  }

  return {
    chunks: read(),
    /** To be asked after the last chunk. */
    encoding: (): { encoding: Encoding; bom: boolean } => ({
      encoding: bom !== null && bom.encoding !== 'utf-8' ? bom.encoding : utf8.end() ? 'utf-8' : 'windows-1252',
      bom: bom !== null,
    }),
  }
}

/** Joins chunks until the first one has some length, so that a signature is never cut. */
async function* atLeast(source: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Uint8Array> {
  let start: Uint8Array | null = new Uint8Array(0)
  for await (const chunk of source) {
    if (start === null) yield chunk
    else {
      start = start.length === 0 ? chunk : Buffer.concat([start, chunk])
      if (start.length < length) continue
      yield start
      start = null
    }
  }
  if (start !== null) yield start
}

/** The first rows of the file, however wide they are. The rest stays in the generator. */
async function readHead(chunks: AsyncGenerator<Uint8Array>): Promise<{ head: Uint8Array; complete: boolean }> {
  const parts: Uint8Array[] = []
  let bytes = 0
  let lines = 0
  while (bytes < headBytes || (lines < headLines && bytes < maxRecordBytes)) {
    const next = await chunks.next()
    if (next.done) return { head: Buffer.concat(parts), complete: true }
    parts.push(next.value)
    bytes += next.value.length
    for (const byte of next.value) {
      if (byte === 10 || byte === 13) lines++
      if (lines >= headLines) break
    }
  }
  return { head: Buffer.concat(parts), complete: false }
}

/** What is remembered of the rows that went by. */
function createTable(layout: Layout) {
  const columns = createColumnTypes(layout.columns, layout.delimiter)
  let header: string[] | null = null
  let rows = 0
  let ragged = 0
  const firstRagged: { line: number; cells: number }[] = []
  return {
    add(row: string[], line: number): void {
      if (row.length !== layout.columns) {
        ragged++
        if (firstRagged.length < 3) firstRagged.push({ line, cells: row.length })
      } else if (layout.hasHeader && header === null) header = row
      else {
        rows++
        columns.add(row)
      }
    },
    columns,
    header: () => header,
    rows: () => rows,
    ragged: () => ({ count: ragged, first: firstRagged }),
  }
}

function conclude(
  fileName: string,
  layout: Layout,
  table: ReturnType<typeof createTable>,
  { encoding, bom }: { encoding: Encoding; bom: boolean },
): CsvFacts {
  const rows = table.rows()
  const ragged = table.ragged()
  if (rows + ragged.count < minimumRows) throw tooFewRows(fileName, rows)
  const isRagged = ragged.count / (rows + ragged.count) > maxRaggedShare
  if (isRagged && layout.columns < 2) {
    throw notACsv(
      fileName,
      'its lines do not divide into columns: neither comma, semicolon, tab nor bar separates them throughout',
      'Export the table as CSV (UTF-8)',
    )
  }
  if (isRagged) {
    const [first] = ragged.first
    throw notACsv(
      fileName,
      `${ragged.count} of ${rows + ragged.count} rows do not have the ${count(layout.columns, 'column')} of the others (the first is line ${first?.line} with ${first?.cells})`,
      'Give every row the same columns',
    )
  }
  if (rows < minimumRows) throw tooFewRows(fileName, rows)

  const decode = (latin1: string) =>
    new TextDecoder(encoding === 'windows-1252' ? 'windows-1252' : 'utf-8').decode(Buffer.from(latin1, 'latin1'))
  const header = table.header()?.map(decode)
  const invented = inventNames(layout.sample, layout.columns, layout.delimiter)
  const { names, notes: nameNotes } = header ? uniqueNames(header) : { names: invented.names, notes: [invented.note] }
  const targetName = names.at(-1) as string

  if (layout.columns < 2) {
    throw noUsableTarget(
      fileName,
      `there is one column only (${targetName}); no comma, semicolon, tab or bar separates columns`,
      'Add the column that is to be learned',
    )
  }
  const target = table.columns.target()
  const where = `the last column (${targetName})`
  if (target.kind === 'missing') throw noUsableTarget(fileName, `${where} holds no values`, 'Put the column to be learned last')
  if (target.kind === 'one') {
    const value = decode(target.value)
    const short = value.length > 60 ? `${value.slice(0, 60)}…` : value
    throw noUsableTarget(fileName, `${where} holds one value only (${short})`, 'Put a column that varies last')
  }

  return {
    rows,
    columns: names.map((name, column) => ({ name, type: table.columns.types()[column] ?? 'empty' })),
    target: targetName,
    has_header: header !== undefined,
    delimiter: layout.delimiter,
    encoding,
    skipped_rows: ragged.count,
    notes: [
      ...encodingNotes(encoding, bom),
      ...nameNotes,
      ...(table.columns.decimalCommas() ? ['Numbers are written with a decimal comma.'] : []),
      ...(ragged.count > 0 ? [raggedNote(ragged, layout.columns)] : []),
    ],
  }
}

function encodingNotes(encoding: Encoding, bom: boolean): string[] {
  if (encoding === 'utf-16le' || encoding === 'utf-16be')
    return [`The file is ${encoding.toUpperCase()}; it was converted while reading.`]
  const notes = bom ? ['The file starts with a byte order mark; it was left out.'] : []
  if (encoding === 'windows-1252')
    notes.push('The file is not valid UTF-8; it was read as Windows-1252, so accented letters may be wrong.')
  return notes
}

function raggedNote({ count: skipped, first }: { count: number; first: { line: number }[] }, columns: number): string {
  const lines = first.map((row) => row.line).join(', ')
  const more = skipped > first.length ? ' and others' : ''
  const [were, do_, lineNoun] = skipped === 1 ? ['was', 'does', 'line'] : ['were', 'do', 'lines']
  return `${count(skipped, 'row')} ${were} skipped because ${skipped === 1 ? 'it' : 'they'} ${do_} not have ${columns} columns (${lineNoun} ${lines}${more}).`
}
