import { execFileSync } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { binaryKind } from './quickLook.ts'

const text = 'sex,length,rings\nM,0.455,15\nF,0.53,9\n'.repeat(20)
const swapped = (buffer: Buffer) => Buffer.from(buffer).swap16()

describe('text passes, in every encoding that the CSV reader knows', () => {
  it.each([
    ['UTF-8', Buffer.from('größe,rings\n1,2\n')],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${text}`)],
    ['UTF-16 little endian with a mark', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16 big endian with a mark', swapped(Buffer.from(`\ufeff${text}`, 'utf16le'))],
    ['UTF-16 without a mark', Buffer.from(text, 'utf16le')],
    ['UTF-16 big endian without a mark', swapped(Buffer.from(text, 'utf16le'))],
    ['windows-1252', Buffer.from([0x67, 0x72, 0xf6, 0xdf, 0x65, 0x2c, 0x80, 0x0a, 0x31, 0x2c, 0x32, 0x0a])],
    ['CRLF, tabs and form feeds', Buffer.from('a\tb\r\n1\t2\r\n\f')],
    ['a header that begins like a format', Buffer.from('ORC,PAR1,BZh\n1,2,3\n')],
    ['one byte', Buffer.from('a')],
  ])('%s', (_name, head) => expect(binaryKind(head)).toBeNull())
})

describe('what is no text is called by its name', () => {
  const database = () => {
    const db = new Database(':memory:')
    db.exec('CREATE TABLE t (x)')
    return db.serialize()
  }
  it.each([
    ['a gzip archive', gzipSync(text)],
    ['an SQLite database', database()],
    ['a JPEG image', Buffer.from('ffd8ffe000104a46494600', 'hex')],
    ['a PDF document', Buffer.from('%PDF-1.7\n%âãÏÓ\n')],
    ['a Parquet file', Buffer.from('5041523115041500', 'hex')],
    [
      'an OpenDocument spreadsheet (.ods)',
      Buffer.from('PK\x03\x04....mimetypeapplication/vnd.oasis.opendocument.spreadsheet', 'latin1'),
    ],
    ['an old Excel workbook or another Office document', Buffer.from('d0cf11e0a1b11ae1', 'hex')],
    ['binary data', Buffer.from([5, 6, 7, 0, 0, 0, 1, 2, 3, 250])],
    ['binary data', Buffer.from([1, 2, 3, 4, 5, 6, 7, 65])],
  ])('%s', (kind, head) => expect(binaryKind(head)).toBe(kind))

  it.skipIf(process.platform !== 'linux')('this very program', () => {
    expect(binaryKind(execFileSync('head', ['-c', '4096', process.execPath]))).toBe('a program (ELF)')
  })
})
