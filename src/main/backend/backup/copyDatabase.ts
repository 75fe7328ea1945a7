import Database from 'better-sqlite3'

/** Bytes copied between two turns of the event loop: some milliseconds. */
const bytesAtOnce = 4 * 1024 ** 2

/**
 * Copies a SQLite database as it is at one moment, while others write to it. A read transaction holds that moment:
 * without it SQLite begins anew whenever another process has written, and a busy server's copy would never end.
 * @throws SqliteError; no half copy is left under another name than `to`
 */
export async function copyDatabase(from: string, to: string): Promise<void> {
  const db = new Database(from, { readonly: true, fileMustExist: true, timeout: 5_000 })
  try {
    db.exec('BEGIN')
    db.prepare('SELECT count(*) FROM sqlite_master').get()
    const pages = Math.max(1, Math.floor(bytesAtOnce / (db.pragma('page_size', { simple: true }) as number)))
    await db.backup(to, { progress: () => pages })
  } finally {
    db.close()
  }
  const copy = new Database(to)
  try {
    // One file, with nothing beside it that an archive could miss.
    copy.pragma('journal_mode = DELETE')
  } finally {
    copy.close()
  }
}

/** What is wrong with a database file, in SQLite's words; null when it is sound. Reads all of it. */
export function whatIsDamaged(file: string): string | null {
  try {
    const db = new Database(file, { readonly: true, fileMustExist: true })
    try {
      const found = db.pragma('quick_check(1)', { simple: true }) as string
      return found === 'ok' ? null : found
    } finally {
      db.close()
    }
  } catch (error) {
    return (error as Error).message
  }
}
