import type { CallOutput } from '../../../contract/calls.ts'
import { unavailable } from '../../../contract/errors.ts'
import type { RunIds } from '../../../temporal/activities/deps.ts'
import { classifyDatabaseError } from './classifyDatabaseError.ts'
import type { DatabasePool } from './createPool.ts'

const statement = `
  SELECT id::text, model_id, file_name, created_at FROM experiments WHERE workflow_id = $1 AND run_id = $2 ORDER BY id`

/** Reads what the pipeline has written to Postgres. */
export function createExperimentReader(database: DatabasePool) {
  return {
    /** @throws CallFailed `unavailable` while Postgres cannot be asked */
    async find({ workflowId, runId }: RunIds): Promise<CallOutput<'runs.experiment'>> {
      try {
        const { rows } = await database.get().query(statement, [workflowId, runId])
        const [row] = rows as { id: string; model_id: string; file_name: string; created_at: Date }[]
        return {
          rows: rows.length,
          experiment: row
            ? { id: Number(row.id), modelId: row.model_id, fileName: row.file_name, loggedAt: row.created_at.toISOString() }
            : null,
        }
      } catch (error) {
        throw unavailable('postgres', classifyDatabaseError(error).message)
      }
    },
  }
}
