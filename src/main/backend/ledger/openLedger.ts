import { chmodSync, readdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { flushFile, makeFolder } from '../disk/writeWhole.ts'
import { damageIn } from '../sqliteFile.ts'
import { isLedgerHeld } from './isLedgerHeld.ts'
import { waitInWriteMs } from './ledgerTurn.ts'
import { migrations } from './schema.ts'

export type Ledger = Database.Database

/**
 * Opens (and makes or upgrades) the ledger file. Before an older one is upgraded, a copy of it is kept in `backups` beside it.
 *
 * A write waits for another program for a moment only, as `waitInWriteMs` says.
 *
 * Every commit is on disk before it returns (`synchronous = FULL`): what was accepted survives a power cut.
 * @throws when the file was written by a newer Gatehouse, is damaged, cannot be opened or written, or is empty or gone
 * where files were accepted before; it is left as it is.
 */
export function openLedger(path: string): Ledger {
  const store = join(dirname(path), 'store')
  if (isEmpty(path) && hasAccepted(store)) {
    throw new Error(
      `The ledger ${path} is empty or gone, although files were accepted here before: ${store} holds their copies. Nothing was started: beginning anew by itself would run every file of the inbox again. ${restore} To begin anew on purpose, move ${store} away.`,
    )
  }
  let db: Ledger
  try {
    // Before anything may be written: a file that was cut off opens like a sound one, and fails at whatever is read of it later.
    const found = isEmpty(path) || path === ':memory:' ? null : damageIn(path)
    if (found !== null) throw Object.assign(new Error(found), { code: 'SQLITE_CORRUPT' })
    db = new Database(path)
  } catch (error) {
    throw inWords(error, path)
  }
  try {
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.pragma('foreign_keys = ON')
    // Nothing else is to be done yet; `ledgerTurn` says how what comes later waits.
    db.pragma('busy_timeout = 5000')
    if (path !== ':memory:') chmodSync(path, 0o600)
    const version = db.pragma('user_version', { simple: true }) as number
    if (version > migrations.length) {
      throw new Error(
        `The ledger ${path} was written by a newer Gatehouse (version ${version}, this one knows ${migrations.length}). Nothing was changed. Start the newer Gatehouse, or name another data folder with GATEHOUSE_HOME.`,
      )
    }
    if (version > 0 && version < migrations.length) keepCopy(db, path, version)
    db.transaction(() => {
      for (const sql of migrations.slice(version)) db.exec(sql)
      db.pragma(`user_version = ${migrations.length}`)
    })()
    db.pragma(`busy_timeout = ${waitInWriteMs}`)
    return db
  } catch (error) {
    db.close()
    throw inWords(error, path)
  }
}

const restore = 'Restore a backup with "gatehouse restore FILE --replace", which moves this data folder aside.'

/** As an operator reads it, where SQLite names neither the file nor what to do; else the error as it is. */
function inWords(error: unknown, path: string): unknown {
  const said = (error as Error).message.split('\n')[0]
  const code = String((error as { code?: unknown }).code)
  if (isDamage(code)) {
    return new Error(
      `The ledger ${path} is damaged (${said}). It was left as it is, and nothing was started: beginning anew by itself would run every file of the inbox again. ${restore}`,
      { cause: error },
    )
  }
  if (isClosed(code)) {
    return new Error(
      `The ledger ${path} cannot be used (${said}). It was left as it is, and nothing was started, as nothing could be recorded. Make it an ordinary file that this user may write, as its folder, and start again.`,
      { cause: error },
    )
  }
  if (isLedgerHeld(error)) {
    return new Error(
      `Another program holds the ledger ${path}. It was left as it is, and nothing was started. Close what has it open, such as a database tool, and start again.`,
      { cause: error },
    )
  }
  return error
}

/** Nothing was ever written to it: SQLite takes it for a new database. */
const isEmpty = (path: string) => path !== ':memory:' && (statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0

/** Each accepted file has a copy there, by its hash; what lies beside them is unfinished. */
function hasAccepted(store: string): boolean {
  try {
    return readdirSync(join(store, 'sha256')).length > 0
  } catch {
    return false
  }
}

// sqlite.org/rescode.html
const isDamage = (code: string) => code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')
const isClosed = (code: string) =>
  ['SQLITE_CANTOPEN', 'SQLITE_READONLY', 'SQLITE_PERM', 'SQLITE_IOERR'].some((kind) => code.startsWith(kind)) ||
  ['EPERM', 'EACCES', 'EROFS'].includes(code)

function keepCopy(db: Ledger, path: string, version: number): void {
  const folder = join(dirname(path), 'backups')
  const copy = join(folder, `ledger-${version}-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.sqlite`)
  makeFolder(folder)
  try {
    db.prepare('VACUUM INTO ?').run(copy)
    chmodSync(copy, 0o600)
    flushFile(copy)
  } catch (error) {
    rmSync(copy, { force: true })
    throw error
  }
}
