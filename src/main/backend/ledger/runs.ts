import type { FileOrigin } from '../../../contract/model.ts'
import type { RunInput } from '../../../temporal/types.ts'
import type { Ledger } from './openLedger.ts'

/** One row of `run`: what is known of a run for ever, whatever becomes of it. */
export interface RunRow {
  workflowId: string
  fileName: string
  sha256: string
  sizeBytes: number
  sourcePath: string
  origin: FileOrigin
  submittedBy: string
  acceptedAt: string
  /** 0 for the run that the file itself started, 1, 2, … for each explicit "run again". */
  again: number
  requestId: string | null
}

export interface Runs {
  get(workflowId: string): RunRow | null
  has(workflowId: string): boolean
  /** Workflow id of the run that this name with this content started; null when there was none. */
  ofFile(fileName: string, sha256: string): string | null
  ofRequest(requestId: string): string | null
  /** true when a run of this data folder was ever started on Temporal. */
  anyStarted(): boolean
  /** The highest `again` of this name and content; 0 when it was never run again. */
  lastAgain(fileName: string, sha256: string): number
  /**
   * Writes the run with its dataset, its place in the list (stage Queued, revision 1) and its start. Call it inside of a
   * transaction: all four are there or none.
   */
  add(run: RunRow, input: RunInput): void
}

const columns = `workflow_id AS workflowId, file_name AS fileName, sha256, size_bytes AS sizeBytes, source_path AS sourcePath,
  origin, submitted_by AS submittedBy, accepted_at AS acceptedAt, again, request_id AS requestId`

export function createRuns(ledger: Ledger): Runs {
  const get = ledger.prepare<[string], RunRow>(`SELECT ${columns} FROM run WHERE workflow_id = ?`)
  const has = ledger.prepare<[string]>('SELECT 1 FROM run WHERE workflow_id = ?')
  const ofFile = ledger
    .prepare<[string, string], string>(
      `SELECT workflow_id FROM run WHERE file_name = ? AND sha256 = ? AND again = 0 AND origin <> 'client'`,
    )
    .pluck()
  const ofRequest = ledger.prepare<[string], string>('SELECT workflow_id FROM run WHERE request_id = ?').pluck()
  const lastAgain = ledger
    .prepare<[string, string], number | null>(
      `SELECT max(again) FROM run WHERE file_name = ? AND sha256 = ? AND origin <> 'client'`,
    )
    .pluck()
  const started = ledger.prepare<[]>(
    `SELECT 1 FROM projection JOIN run USING (workflow_id) WHERE run_id IS NOT NULL AND origin <> 'client' LIMIT 1`,
  )
  const addDataset = ledger.prepare<[string, number, string]>(
    'INSERT OR IGNORE INTO dataset (sha256, size_bytes, stored_at) VALUES (?, ?, ?)',
  )
  const addRun = ledger.prepare<RunRow>(
    `INSERT INTO run (workflow_id, file_name, sha256, size_bytes, source_path, origin, submitted_by, accepted_at, again, request_id)
     VALUES (@workflowId, @fileName, @sha256, @sizeBytes, @sourcePath, @origin, @submittedBy, @acceptedAt, @again, @requestId)`,
  )
  const addProjection = ledger.prepare<[string, string]>(
    `INSERT INTO projection (workflow_id, stage, stage_since, revision) VALUES (?, 'Queued', ?, 1)`,
  )
  const addStart = ledger.prepare<[string, string, string]>(
    'INSERT INTO start_outbox (workflow_id, input, next_attempt_at) VALUES (?, ?, ?)',
  )
  return {
    get: (workflowId) => get.get(workflowId) ?? null,
    has: (workflowId) => has.get(workflowId) !== undefined,
    ofFile: (fileName, sha256) => ofFile.get(fileName, sha256) ?? null,
    ofRequest: (requestId) => ofRequest.get(requestId) ?? null,
    anyStarted: () => started.get() !== undefined,
    lastAgain: (fileName, sha256) => lastAgain.get(fileName, sha256) ?? 0,
    add(run, input) {
      addDataset.run(run.sha256, run.sizeBytes, run.acceptedAt)
      addRun.run(run)
      addProjection.run(run.workflowId, run.acceptedAt)
      addStart.run(run.workflowId, JSON.stringify(input), run.acceptedAt)
    },
  }
}
