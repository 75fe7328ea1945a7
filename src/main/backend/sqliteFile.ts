/** Whether a SQLite file is whole, found out without writing to it. */
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import Database from 'better-sqlite3'

/**
 * Reads all of a database. An ordinary connection would, at its end, write what lies in the log beside a damaged file into
 * it: this one only reads.
 * @returns null when it is whole; else what SQLite says
 * @throws SqliteError when it cannot be opened
 */
export function damageIn(file: string): string | null {
  const db = new Database(file, { readonly: true, fileMustExist: true })
  try {
    const found = String(db.pragma('quick_check(1)', { simple: true }))
    return found === 'ok' ? null : (found.trim().split('\n').at(-1) ?? found)
  } finally {
    db.close()
  }
}

/**
 * What speaks against a database file, as far as its head and its length tell; read as a whole where it is shorter than its
 * head says, which it also is after a crash while its log was taken in.
 * @returns null when nothing does
 * @throws the system's error when it cannot be read; ENOENT when it is not there
 */
export function sqliteFault(file: string): string | null {
  const { size } = statSync(file)
  if (size === 0) return 'it is empty'
  // sqlite.org/fileformat.html, 1.3
  const head = Buffer.alloc(100)
  const descriptor = openSync(file, 'r')
  try {
    readSync(descriptor, head, 0, head.length, 0)
  } finally {
    closeSync(descriptor)
  }
  if (head.toString('latin1', 0, 16) !== 'SQLite format 3\0') return 'it is no SQLite database'
  const pageBytes = head.readUInt16BE(16) === 1 ? 65_536 : head.readUInt16BE(16)
  const bytes = head.readUInt32BE(28) * pageBytes
  if (size >= bytes) return null
  try {
    return damageIn(file) === null ? null : `it has ${size} bytes and should have ${bytes}`
  } catch {
    return `it has ${size} bytes and should have ${bytes}`
  }
}
