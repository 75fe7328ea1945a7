import type { FileOrigin } from '../../../contract/model.ts'
import type { RunInput, RunSettings, StoredFile } from '../../../temporal/types.ts'
import type { RunRow, Runs } from '../ledger/runs.ts'

/** Everything that makes a run out of a stored file. */
export interface Acceptance {
  workflowId: string
  fileName: string
  file: StoredFile
  sourcePath: string
  origin: FileOrigin
  submittedBy: string
  settings: RunSettings
  acceptedAt: string
  again: number
  requestId: string | null
}

/** Writes run and start of an accepted file. Call it inside of a transaction. */
export function addAcceptedRun(runs: Runs, { workflowId, fileName, file, settings, ...a }: Acceptance): void {
  const row: RunRow = {
    ...{ workflowId, fileName, sha256: file.sha256, sizeBytes: file.size_bytes, sourcePath: a.sourcePath, origin: a.origin },
    ...{ submittedBy: a.submittedBy, acceptedAt: a.acceptedAt, again: a.again, requestId: a.requestId },
  }
  const input: RunInput = {
    file_path: a.sourcePath,
    trigger_type: 'file_upload',
    dataset: { ...file, file_name: fileName },
    submitted_by: a.submittedBy,
    settings,
  }
  runs.add(row, input)
}
