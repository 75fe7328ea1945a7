/** A ledger in a file that another program opens too, and may hold. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { openLedger } from '../openLedger.ts'

export function openSharedLedger() {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-shared-'))
  const ledger = openLedger(join(folder, 'ledger.sqlite'))
  const other = otherProgramOn(join(folder, 'ledger.sqlite'))
  return {
    ledger,
    ...other,
    remove() {
      other.close()
      ledger.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/**
 * A connection as a database tool has it. Where it is held and let go from the thread that also writes, whoever waited
 * within SQLite would wait for what can no longer come.
 */
export function otherProgramOn(file: string) {
  const other = new Database(file)
  return {
    hold: () => void other.exec('BEGIN IMMEDIATE'),
    letGo: () => void other.exec('ROLLBACK'),
    close: () => void other.close(),
  }
}
