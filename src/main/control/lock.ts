import { truncateSync } from 'node:fs'
import Database from 'better-sqlite3'
import { isDiskFull } from '../../temporal/diskFull.ts'
import { setAside } from '../backend/configFile.ts'
import { makeFolder } from '../backend/disk/writeWhole.ts'
import type { Home } from '../backend/home.ts'

export interface HomeLock {
  release(): void
}

/**
 * Takes a data folder for this process, or gives null when another process has it.
 *
 * The lock is SQLite's own exclusive lock on an empty database file: the operating system drops it with the process,
 * however that dies, so there is no stale lock to judge and no pid to compare. Keep the answer referenced for as long
 * as the folder is used.
 * @throws when the lock file cannot be made or opened; SQLite's own error when the disk is full.
 */
export function acquireLock(home: Pick<Home, 'root' | 'lock'>): HomeLock | null {
  makeFolder(home.root)
  return lockFile(home.lock)
}

/** The same for any one file; the folder must be there. What is no lock is set aside. */
export function lockFile(path: string): HomeLock | null {
  try {
    return lock(path)
  } catch (error) {
    // Whoever asked says what a full disk means for what it was about to do.
    if (!(error instanceof Database.SqliteError) || isDiskFull(error)) throw error
    if (error.code === 'SQLITE_NOTADB' || error.code.startsWith('SQLITE_CORRUPT')) {
      setAside(path)
      // Emptied in place: another process that comes now locks this same file, not one that was put there for it.
      truncateSync(path, 0)
      return lock(path)
    }
    throw new Error(
      `The lock ${path} cannot be used (${error.message}). Nothing was started. Move away what lies there, or make its folder writable, and start again.`,
      { cause: error },
    )
  }
}

function lock(path: string): HomeLock | null {
  const db = new Database(path, { timeout: 0 })
  try {
    db.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    db.close()
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) return null
    throw error
  }
  return {
    release() {
      if (db.open) db.close()
    },
  }
}
