import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openLedger } from './openLedger.ts'
import { migrations } from './schema.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-ledger-'))
  file = join(folder, 'ledger.sqlite')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('an older ledger is upgraded, and a copy of it from before is kept', () => {
  const old = new Database(file)
  old.exec(migrations[0] as string)
  old.exec("INSERT INTO dataset VALUES ('abc', 1, 'then')")
  old.pragma('user_version = 1')
  old.close()
  const ledger = openLedger(file)
  expect(ledger.pragma('user_version', { simple: true })).toBe(migrations.length)
  expect(ledger.prepare('SELECT sha256 FROM dataset').pluck().get()).toBe('abc')
  ledger.close()
  const copies = readdirSync(join(folder, 'backups'))
  expect(copies).toHaveLength(1)
  const copy = new Database(join(folder, 'backups', copies[0] as string), { readonly: true })
  expect(copy.pragma('user_version', { simple: true })).toBe(1)
  expect(copy.prepare('SELECT sha256 FROM dataset').pluck().get()).toBe('abc')
  copy.close()
  openLedger(file).close()
  expect(readdirSync(join(folder, 'backups'))).toHaveLength(1)
})

it.each([
  ['not a database', () => Buffer.from('these are no tables of ours, whatever the name says'.repeat(20))],
  ['cut off', (whole: Buffer) => whole.subarray(0, Math.floor(whole.length / 2))],
])('a ledger that is %s is named and left as it is', (_what, change) => {
  openLedger(file).close()
  const bytes = change(readFileSync(file))
  writeFileSync(file, bytes)
  expect(() => openLedger(file)).toThrow(/is damaged .* left as it is.*gatehouse restore/)
  expect(readFileSync(file).equals(bytes)).toBe(true)
})

it('a ledger that was cut off after a crash keeps what lies beside it: its log is not written into it', () => {
  const living = openLedger(join(folder, 'living'))
  const add = living.prepare('INSERT INTO dataset VALUES (?, 1, ?)')
  for (let n = 0; n < 100; n++) add.run(String(n), 'then'.repeat(100))
  living.pragma('wal_checkpoint(TRUNCATE)')
  add.run('later', 'then')
  for (const suffix of ['', '-wal']) cpSync(join(folder, `living${suffix}`), `${file}${suffix}`)
  living.close()
  truncateSync(file, 20_000)
  const before = [file, `${file}-wal`].map((path) => readFileSync(path))
  expect(() => openLedger(file)).toThrow(/is damaged .* left as it is/)
  expect([file, `${file}-wal`].map((path) => readFileSync(path))).toEqual(before)
})

it('a ledger of a newer version is refused and not changed', () => {
  const newer = openLedger(file)
  newer.pragma('user_version = 9999')
  newer.close()
  expect(() => openLedger(file)).toThrow(/newer Gatehouse \(version 9999/)
  const still = new Database(file)
  expect(still.pragma('user_version', { simple: true })).toBe(9999)
  still.close()
})

it.each([
  ['emptied', () => writeFileSync(file, '')],
  ['gone', () => rmSync(file)],
])('a ledger that is %s is not begun anew where files were accepted: each would run again', (_what, damage) => {
  openLedger(file).close()
  damage()
  mkdirSync(join(folder, 'store', 'sha256', 'ab'), { recursive: true })
  const before = readdirSync(folder).toSorted()
  expect(() => openLedger(file)).toThrow(/empty or gone, although files were accepted.*gatehouse restore.*begin anew on purpose/)
  expect(readdirSync(folder).toSorted()).toEqual(before)
})

it('a ledger is begun where none was accepted yet, also after a crash that left an empty file', () => {
  writeFileSync(file, '')
  mkdirSync(join(folder, 'store', 'tmp'), { recursive: true })
  openLedger(file).close()
  expect(existsSync(file)).toBe(true)
})

it.each([
  ['a folder', () => mkdirSync(file)],
  ['a link to nowhere', () => symlinkSync('/no/such/disk/ledger.sqlite', file)],
])('%s in its place is named, with what to do', (_what, make) => {
  make()
  expect(() => openLedger(file)).toThrow(/ledger\.sqlite cannot be used .*Make it an ordinary file/)
})

it('a ledger that another program holds is left alone, and said', () => {
  openLedger(file).close()
  const other = new Database(file)
  other.exec('BEGIN EXCLUSIVE')
  expect(() => openLedger(file)).toThrow(/^Another program holds the ledger .*nothing was started/)
  other.close()
  openLedger(file).close()
})
