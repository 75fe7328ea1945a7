/** What a file's first bytes and its bytes as a whole say about how its text is written. Pure. */
import { isUtf8 } from 'node:buffer'
import type { PreprocessResult } from '../../../temporal/types.ts'

export type Encoding = PreprocessResult['encoding']

/** Byte order marks (Unicode Standard, section 23.8). Without one a file is UTF-8 until a byte says otherwise. */
export function detectBom(head: Uint8Array): { encoding: Exclude<Encoding, 'windows-1252'>; length: number } | null {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return { encoding: 'utf-8', length: 3 }
  if (head[0] === 0xff && head[1] === 0xfe) return { encoding: 'utf-16le', length: 2 }
  if (head[0] === 0xfe && head[1] === 0xff) return { encoding: 'utf-16be', length: 2 }
  return null
}

const magic: readonly (readonly [prefix: string, name: string])[] = [
  ['PK\x03\x04', 'a ZIP archive or an Excel workbook (xlsx)'],
  ['\xd0\xcf\x11\xe0', 'an old Excel or Office file (xls)'],
  ['%PDF', 'a PDF document'],
  ['\x89PNG', 'a PNG image'],
  ['GIF8', 'a GIF image'],
  ['\xff\xd8\xff', 'a JPEG image'],
  ['\x1f\x8b', 'a gzip archive'],
  ['BZh', 'a bzip2 archive'],
  ['7z\xbc\xaf', 'a 7z archive'],
  ['\x28\xb5\x2f\xfd', 'a Zstandard archive'],
  ['PAR1', 'a Parquet table'],
  ['ARROW1', 'an Arrow table'],
  ['\x89HDF', 'an HDF5 file'],
  ['SQLite format 3', 'a SQLite database'],
  ['\x7fELF', 'a program'],
  ['MZ\x90', 'a program'],
]

/**
 * Says what a file is that is not text, by its signature or by its control characters; null when it may be text.
 * Only for files without a UTF-16 byte order mark: in those, zero bytes are ordinary.
 */
export function describeBinary(head: Uint8Array): string | null {
  const start = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 1024)).toString('latin1')
  for (const [prefix, name] of magic) if (start.startsWith(prefix)) return name
  if (/^\s*<(!doctype html|html|\?xml)/i.test(start)) return 'an HTML or XML page'
  const sample = head.subarray(0, 64 * 1024)
  const zeros = countWhere(sample, (byte) => byte === 0)
  // Latin text in UTF-16 has a zero in every other byte.
  if (zeros > sample.length / 3 && zeros < sample.length * 0.6) {
    return 'UTF-16 text without a byte order mark, or binary data'
  }
  if (zeros > 0) return 'binary data (it contains zero bytes)'
  const controls = countWhere(sample, (byte) => byte < 9 || (byte > 13 && byte < 32))
  return controls > sample.length / 100 ? 'binary data (it contains control characters)' : null
}

function countWhere(bytes: Uint8Array, is: (byte: number) => boolean): number {
  let count = 0
  for (const byte of bytes) if (is(byte)) count++
  return count
}

/** Tells whether a stream of chunks is valid UTF-8, also where a character is cut by a chunk's end. */
export function createUtf8Check() {
  let carried = Buffer.alloc(0)
  let valid = true
  return {
    add(chunk: Uint8Array): boolean {
      if (!valid) return false
      const bytes = carried.length > 0 ? Buffer.concat([carried, chunk]) : chunk
      const cut = bytes.length - unfinishedTail(bytes)
      valid = isUtf8(bytes.subarray(0, cut))
      carried = Buffer.from(bytes.subarray(cut))
      return valid
    },
    /** To be asked at the end of the stream: a character that was never finished makes the text invalid. */
    end: () => valid && carried.length === 0,
  }
}

/** How many bytes at the end begin a character that needs more bytes than there are (RFC 3629, section 3). */
function unfinishedTail(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) return 0
    if (byte >= 0xc0) {
      const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      return needed > back ? back : 0
    }
  }
  return 0
}

export function encodingNotes(encoding: Encoding, bom: boolean): string[] {
  if (encoding === 'utf-16le' || encoding === 'utf-16be')
    return [`The file is ${encoding.toUpperCase()}; it was converted while reading.`]
  const notes = bom ? ['The file starts with a byte order mark; it was left out.'] : []
  if (encoding === 'windows-1252')
    notes.push('The file is not valid UTF-8; it was read as Windows-1252, so accented letters may be wrong.')
  return notes
}
