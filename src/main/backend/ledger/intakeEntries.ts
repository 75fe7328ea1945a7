import type { IntakeEntry } from '../../../contract/model.ts'
import type { Ledger } from './openLedger.ts'

export interface IntakeEntries {
  add(entry: Omit<IntakeEntry, 'id'>): IntakeEntry
  /** Rewrites an entry that waited, once it is known what became of its file. */
  update(entry: IntakeEntry): void
  /** The newest entry of a path; null when there is none. */
  lastOfPath(path: string): IntakeEntry | null
  /** Entries whose files wait for something (room on the disk, their writer). */
  waiting(): IntakeEntry[]
  /** Newest first. */
  list(limit: number): IntakeEntry[]
}

const columns = `id, file_name AS fileName, path, size_bytes AS sizeBytes, outcome, code, message, workflow_id AS workflowId, at`

/** The story that the console tells of each file that was seen. */
export function createIntakeEntries(ledger: Ledger): IntakeEntries {
  const add = ledger.prepare<Omit<IntakeEntry, 'id'>>(
    `INSERT INTO intake_entry (file_name, path, size_bytes, outcome, code, message, workflow_id, at)
     VALUES (@fileName, @path, @sizeBytes, @outcome, @code, @message, @workflowId, @at)`,
  )
  const update = ledger.prepare<IntakeEntry>(
    `UPDATE intake_entry SET file_name = @fileName, path = @path, size_bytes = @sizeBytes, outcome = @outcome, code = @code,
       message = @message, workflow_id = @workflowId, at = @at WHERE id = @id`,
  )
  const last = ledger.prepare<[string], IntakeEntry>(
    `SELECT ${columns} FROM intake_entry WHERE path = ? ORDER BY id DESC LIMIT 1`,
  )
  const waiting = ledger.prepare<[], IntakeEntry>(`SELECT ${columns} FROM intake_entry WHERE outcome = 'waiting' ORDER BY id`)
  const list = ledger.prepare<[number], IntakeEntry>(`SELECT ${columns} FROM intake_entry ORDER BY id DESC LIMIT ?`)
  return {
    add: (entry) => ({ id: Number(add.run(entry).lastInsertRowid), ...entry }),
    update(entry) {
      update.run(entry)
    },
    lastOfPath: (path) => last.get(path) ?? null,
    waiting: () => waiting.all(),
    list: (limit) => list.all(limit),
  }
}
