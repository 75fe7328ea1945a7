import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { migrations } from './schema.ts'

export type Ledger = Database.Database

/**
 * Opens (and makes or upgrades) the ledger file. Before an older one is upgraded, a copy of it is kept in `backups` beside it.
 *
 * Every commit is on disk before it returns (`synchronous = FULL`): what was accepted survives a power cut.
 * @throws when the file was written by a newer Gatehouse, is damaged, or is not a database; it is left as it is.
 */
export function openLedger(path: string): Ledger {
  const db = new Database(path)
  try {
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.pragma('foreign_keys = ON')
    db.pragma('busy_timeout = 5000')
    if (path !== ':memory:') chmodSync(path, 0o600)
    const version = db.pragma('user_version', { simple: true }) as number
    if (version > migrations.length) {
      throw new Error(
        `The ledger ${path} was written by a newer Gatehouse (version ${version}, this one knows ${migrations.length}). Nothing was changed. Start the newer Gatehouse, or name another data folder with GATEHOUSE_HOME.`,
      )
    }
    // A file that was cut off opens like a sound one, and fails at whatever is read of it later.
    const found = db.pragma('quick_check(1)', { simple: true })
    if (found !== 'ok') throw Object.assign(new Error(String(found)), { code: 'SQLITE_CORRUPT' })
    if (version > 0 && version < migrations.length) keepCopy(db, path, version)
    db.transaction(() => {
      for (const sql of migrations.slice(version)) db.exec(sql)
      db.pragma(`user_version = ${migrations.length}`)
    })()
    return db
  } catch (error) {
    db.close()
    if (!isDamage(error)) throw error
    throw new Error(
      `The ledger ${path} is damaged (${(error as Error).message.split('\n')[0]}). It was left as it is, and nothing was started: beginning anew by itself would run every file of the inbox again. Restore a backup with "gatehouse restore FILE --replace", which moves this data folder aside.`,
      { cause: error },
    )
  }
}

const isDamage = (error: unknown) => {
  const code = String((error as { code?: unknown }).code)
  return code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT') // sqlite.org/rescode.html
}

function keepCopy(db: Ledger, path: string, version: number): void {
  const folder = join(dirname(path), 'backups')
  const copy = join(folder, `ledger-${version}-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.sqlite`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  try {
    db.prepare('VACUUM INTO ?').run(copy)
    chmodSync(copy, 0o600)
  } catch (error) {
    rmSync(copy, { force: true })
    throw error
  }
}
