/** Tells from a file's first bytes whether it can be text at all. Pure. */

/** As much of a file as is looked at; a spreadsheet names itself in its first entries. */
export const headBytes = 8192

const ascii = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0))
const startsWith = (head: Uint8Array, magic: Uint8Array, at = 0) =>
  head.length >= at + magic.length && magic.every((byte, i) => head[at + i] === byte)

/** First bytes of what people rename to .csv by mistake (the formats' own specifications). */
const kinds: readonly { what: string; magic: Uint8Array; at?: number }[] = [
  { what: 'a PNG image', magic: Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a) },
  { what: 'a JPEG image', magic: Uint8Array.of(0xff, 0xd8, 0xff) },
  { what: 'a GIF image', magic: ascii('GIF87a') },
  { what: 'a GIF image', magic: ascii('GIF89a') },
  { what: 'a TIFF image', magic: Uint8Array.of(0x49, 0x49, 0x2a, 0x00) },
  { what: 'a TIFF image', magic: Uint8Array.of(0x4d, 0x4d, 0x00, 0x2a) },
  { what: 'a PDF document', magic: ascii('%PDF-') },
  { what: 'a gzip archive', magic: Uint8Array.of(0x1f, 0x8b, 0x08) },
  { what: 'a bzip2 archive', magic: ascii('BZh') },
  { what: 'an xz archive', magic: Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00) },
  { what: 'a Zstandard archive', magic: Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd) },
  { what: 'a 7-Zip archive', magic: Uint8Array.of(0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c) },
  { what: 'a RAR archive', magic: ascii('Rar!\x1a\x07') },
  { what: 'a tar archive', magic: ascii('ustar'), at: 257 },
  {
    what: 'an old Excel workbook or another Office document',
    magic: Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1),
  },
  { what: 'a Parquet file', magic: ascii('PAR1') },
  { what: 'an ORC file', magic: ascii('ORC') },
  { what: 'an Avro file', magic: ascii('Obj\x01') },
  { what: 'an Arrow file', magic: ascii('ARROW1') },
  { what: 'an HDF5 file', magic: Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a) },
  { what: 'a NumPy array', magic: ascii('\x93NUMPY') },
  { what: 'an SQLite database', magic: ascii('SQLite format 3\x00') },
  { what: 'a program (ELF)', magic: ascii('\x7fELF') },
  { what: 'a program (Windows)', magic: ascii('MZ\x90\x00') },
]
const zip = Uint8Array.of(0x50, 0x4b, 0x03, 0x04)
/** Formats whose first bytes could also begin an honest text file; they count only with a NUL byte in the head. */
const ambiguous = new Set(['a bzip2 archive', 'an ORC file', 'a Parquet file', 'an Arrow file'])

function zipKind(head: Uint8Array): string {
  const names = Buffer.from(head.buffer, head.byteOffset, head.length).toString('latin1')
  if (names.includes('vnd.oasis.opendocument.spreadsheet')) return 'an OpenDocument spreadsheet (.ods)'
  if (names.includes('xl/')) return 'an Excel workbook (.xlsx)'
  if (names.includes('word/')) return 'a Word document (.docx)'
  if (names.includes('[Content_Types].xml')) return 'an Excel workbook or another Office document'
  return 'a ZIP archive'
}

/** UTF-16 without a byte order mark: mostly Latin text has a NUL in every other byte, always on the same side. */
function looksLikeUtf16(head: Uint8Array): boolean {
  const pairs = Math.floor(head.length / 2)
  if (pairs < 4) return false
  let even = 0
  let odd = 0
  for (let i = 0; i < pairs; i++) {
    if (head[2 * i] === 0) even++
    if (head[2 * i + 1] === 0) odd++
  }
  return (even === 0 && odd > pairs / 2) || (odd === 0 && even > pairs / 2)
}

/**
 * Gives what a file that is no text is ("an Excel workbook (.xlsx)", "binary data"); null when it may be text in any of
 * the encodings that the CSV reader knows. A look at the head must never turn away what the reader could read.
 */
export function binaryKind(head: Uint8Array): string | null {
  if (startsWith(head, zip)) return zipKind(head)
  const hasByteOrderMark =
    startsWith(head, Uint8Array.of(0xef, 0xbb, 0xbf)) ||
    startsWith(head, Uint8Array.of(0xff, 0xfe)) ||
    startsWith(head, Uint8Array.of(0xfe, 0xff))
  if (hasByteOrderMark) return null
  const hasNul = head.includes(0)
  const known = kinds.find(({ magic, at }) => startsWith(head, magic, at))
  if (known && (hasNul || !ambiguous.has(known.what))) return known.what
  if (hasNul) return looksLikeUtf16(head) ? null : 'binary data'
  // Text has tabs and line ends, and hardly any other control character.
  const controls = head.filter((byte) => (byte < 9 || (byte > 13 && byte < 32)) && byte !== 0x1b).length
  return controls > head.length / 20 ? 'binary data' : null
}
