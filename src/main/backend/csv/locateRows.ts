/** Where rows of a table that DuckDB has read stand in their file: it tells that of rejected rows only. */
import { open } from 'node:fs/promises'
import type { Reading } from '../../../training/dataPlan.ts'

export interface LocatedRow {
  /** From 1, the header included. */
  line: number
  /** As it stands in the file. */
  text: string
}

/** A row that DuckDB rejected: where it begins, and whether a quote in it hides where it ends. */
export interface RejectedPlace {
  offset: number
  openQuote: boolean
}

const chunkBytes = 4 * 1024 * 1024
const quote = 34

/**
 * Counts the file's records as DuckDB does: quoted line ends belong to their cell, empty lines are none, rejected records
 * are passed over.
 *
 * @param wanted ordinals of accepted records from 0, ascending
 * @param rejected ascending by offset (in bytes)
 * @param rows how many records DuckDB accepted
 * @returns the wanted ones in order; null when the count does not come to `rows`, so that no line is guessed
 * @throws the system's error, the signal's reason
 */
export async function locateRows(
  path: string,
  reading: Pick<Reading, 'delimiter' | 'newline' | 'skip' | 'hasHeader'>,
  {
    wanted,
    rejected,
    rows,
    signal,
  }: { wanted: readonly number[]; rejected: readonly RejectedPlace[]; rows: number; signal: AbortSignal },
): Promise<LocatedRow[] | null> {
  const newline = reading.newline === 'cr' ? 13 : 10
  const delimiter = reading.delimiter.charCodeAt(0)
  const file = await open(path, 'r')
  const found: LocatedRow[] = []
  /** What was read and not yet counted, and where in the file that begins. */
  let bytes: Buffer = Buffer.alloc(0)
  let offset = 0
  let line = 1
  let toSkip = reading.skip
  let header = reading.hasHeader
  let accepted = 0
  let nextRejected = 0

  const take = (whole: boolean) => {
    let at = 0
    // Looked for once each: from every record to the next quote, far away or nowhere, would be the file times its rows.
    let nextQuote = bytes.indexOf(quote)
    while (at < bytes.length) {
      if (nextQuote !== -1 && nextQuote < at) nextQuote = bytes.indexOf(quote, at)
      const place = rejected[nextRejected]
      const isRejected = place !== undefined && place.offset <= offset + at
      const raw = toSkip > 0 || (isRejected && place.openQuote)
      const end = raw ? bytes.indexOf(newline, at) : endOfRecord(bytes, at, newline, delimiter, nextQuote)
      if (end === -1 && !whole) break
      const next = end === -1 ? bytes.length : end + 1
      if (toSkip > 0) toSkip--
      else if (!isBlank(bytes, at, next)) {
        if (isRejected) nextRejected++
        else if (header) header = false
        else {
          if (accepted === wanted[found.length]) found.push({ line, text: bytes.toString('utf8', at, next).trimEnd() })
          accepted++
        }
      }
      line += countLines(bytes, at, next, newline)
      at = next
    }
    bytes = bytes.subarray(at)
    offset += at
  }

  try {
    for await (const chunk of file.createReadStream({ highWaterMark: chunkBytes, autoClose: false })) {
      signal.throwIfAborted()
      bytes = bytes.length === 0 ? (chunk as Buffer) : Buffer.concat([bytes, chunk as Buffer])
      take(false)
    }
    take(true)
  } finally {
    await file.close()
  }
  return accepted === rows && found.length === wanted.length ? found : null
}

/** Index of the line end that ends the record; -1 when it is not here. @param nextQuote the first one from there on; -1: none */
function endOfRecord(bytes: Buffer, from: number, newline: number, delimiter: number, nextQuote: number): number {
  const end = bytes.indexOf(newline, from)
  if (end === -1 || nextQuote === -1 || nextQuote > end) return end
  let atStart = true
  let inQuotes = false
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at]
    if (inQuotes) {
      if (byte !== quote) continue
      if (bytes[at + 1] === quote) at++
      else inQuotes = false
    } else if (byte === newline) return at
    else if (byte === quote && atStart) inQuotes = true
    // A quote after a space still opens a cell, one in the middle of it is a character like any other.
    else if (byte !== 32) atStart = byte === delimiter
  }
  return -1
}

function isBlank(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number
    if (byte !== 32 && (byte < 9 || byte > 13)) return false
  }
  return true
}

function countLines(bytes: Buffer, from: number, to: number, newline: number): number {
  let count = 0
  for (let at = bytes.indexOf(newline, from); at !== -1 && at < to; at = bytes.indexOf(newline, at + 1)) count++
  return count
}
