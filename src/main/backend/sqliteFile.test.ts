import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { damageIn, sqliteFault } from './sqliteFile.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-sqlite-'))
  file = join(folder, 'a.sqlite')
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A database as a server that was killed leaves it: a part of it is in the log beside it. */
function killed(): void {
  const db = new Database(join(folder, 'living'))
  db.pragma('journal_mode = WAL')
  db.exec('CREATE TABLE t (n INTEGER, text TEXT)')
  const add = db.prepare('INSERT INTO t VALUES (?, ?)')
  for (let n = 0; n < 500; n++) add.run(n, 'x'.repeat(200))
  db.pragma('wal_checkpoint(TRUNCATE)')
  for (let n = 0; n < 5; n++) add.run(n, 'later')
  for (const suffix of ['', '-wal']) cpSync(join(folder, `living${suffix}`), `${file}${suffix}`)
  db.close()
}

it('nothing speaks against one that is whole, with its log or without', () => {
  killed()
  expect(sqliteFault(file)).toBeNull()
  expect(damageIn(file)).toBeNull()
  rmSync(`${file}-wal`)
  expect(sqliteFault(file)).toBeNull()
})

it('one that is cut off is told by its length, and neither it nor its log is touched', () => {
  killed()
  truncateSync(file, 20_000)
  const before = [file, `${file}-wal`].map((path) => readFileSync(path))
  expect(sqliteFault(file)).toMatch(/^it has 20000 bytes and should have \d{6}$/)
  expect([file, `${file}-wal`].map((path) => readFileSync(path))).toEqual(before)
})

it('one that is shorter than its head says is whole when its log holds the rest, as a crash leaves it', () => {
  const living = new Database(join(folder, 'living'))
  living.pragma('journal_mode = WAL')
  living.exec('CREATE TABLE t (text TEXT)')
  for (let n = 0; n < 50; n++) living.prepare('INSERT INTO t VALUES (?)').run('x'.repeat(500))
  cpSync(join(folder, 'living-wal'), `${file}-wal`)
  living.pragma('wal_checkpoint(PASSIVE)')
  cpSync(join(folder, 'living'), file)
  living.close()
  // The head is written first.
  truncateSync(file, 8_192)
  expect(sqliteFault(file)).toBeNull()
})

it('one that is empty or something else is told', () => {
  writeFileSync(file, '')
  expect(sqliteFault(file)).toBe('it is empty')
  writeFileSync(file, 'words'.repeat(100))
  expect(sqliteFault(file)).toBe('it is no SQLite database')
  expect(() => sqliteFault(join(folder, 'none'))).toThrow('ENOENT')
  expect(existsSync(join(folder, 'none'))).toBe(false)
})
