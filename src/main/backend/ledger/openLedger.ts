import { chmodSync } from 'node:fs'
import Database from 'better-sqlite3'
import { migrations } from './schema.ts'

export type Ledger = Database.Database

/**
 * Opens (and makes or upgrades) the ledger file.
 *
 * Every commit is on disk before it returns (`synchronous = FULL`): what was accepted survives a power cut.
 * @throws when the file was written by a newer Gatehouse, or is not a database.
 */
export function openLedger(path: string): Ledger {
  const db = new Database(path)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.pragma('foreign_keys = ON')
  db.pragma('busy_timeout = 5000')
  if (path !== ':memory:') chmodSync(path, 0o600)
  const version = db.pragma('user_version', { simple: true }) as number
  if (version > migrations.length) {
    db.close()
    throw new Error(
      `The ledger ${path} was written by a newer Gatehouse (version ${version}, this one knows ${migrations.length}). Nothing was changed. Start the newer Gatehouse, or name another data folder with GATEHOUSE_HOME.`,
    )
  }
  db.transaction(() => {
    for (const sql of migrations.slice(version)) db.exec(sql)
    db.pragma(`user_version = ${migrations.length}`)
  })()
  return db
}
