import type { ModelDetail, ModelSummary } from '../../../contract/models.ts'
import type { DoneRollBack } from '../rollBacks/createRollBacks.ts'
import type { DatabasePool } from './createPool.ts'
import { queryOn } from './queryOn.ts'

/** What Postgres knows of a model; where it is served and whether its file is there is known on the host. */
export type RegisteredModel = Omit<ModelDetail, 'servedIn' | 'deployments' | 'unservable' | 'report'> & {
  reportSha256: string | null
}

export interface ModelRegistry {
  /** Newest first. `total` counts what `text` matches: in a model's id, file, pipeline, trainer or target. */
  list(filter: { limit: number; offset: number; text?: string }): Promise<{ models: RegisteredModel[]; total: number }>
  get(modelId: string): Promise<RegisteredModel | null>
  /** Idempotent by `requestId`. */
  recordRollBack(done: DoneRollBack): Promise<void>
}

const columns = `
  m.model_id, m.workflow_id, m.run_id, e.file_name, m.dataset_sha256, m.pipeline, m.trainer, e.task, e.target, e.metrics,
  m.baseline, m.created_at, m.model_sha256, m.size_bytes::float8 AS size_bytes, e.rows::float8 AS rows, m.code_version,
  e.training_seconds, m.settings, m.report_sha256,
  d.decision, d.operator, d.host, d.reason, d.via, d.decided_at`
const tables = `
  FROM model_versions m
  JOIN experiments e ON e.id = m.experiment_id
  LEFT JOIN decisions d ON d.workflow_id = m.workflow_id AND d.run_id = m.run_id`
/** strpos takes the text as it is, where LIKE would read % and _ in it. */
const matches = `
  WHERE $1::text IS NULL OR strpos(lower(concat_ws(' ', m.model_id, e.file_name, m.pipeline, m.trainer, e.target, m.workflow_id)), lower($1)) > 0`

const listStatement = `SELECT ${columns} ${tables} ${matches} ORDER BY m.created_at DESC, m.id DESC LIMIT $2 OFFSET $3`
const countStatement = `SELECT count(*)::int AS total ${tables} ${matches}`
const getStatement = `SELECT ${columns} ${tables} WHERE m.model_id = $1 ORDER BY m.created_at DESC, m.id DESC LIMIT 1`

/** The model's own run, where this database knows it, goes along. */
const rollBackStatement = `
  INSERT INTO deployments
    (kind, request_id, environment, model_id, model_sha256, url, deployed_at, operator, host, reason, decided_at, workflow_id, run_id)
  SELECT 'roll_back', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, m.workflow_id, m.run_id
  FROM (SELECT 1) one
  LEFT JOIN LATERAL (SELECT workflow_id, run_id FROM model_versions WHERE model_id = $3 ORDER BY id DESC LIMIT 1) m ON true
  ON CONFLICT (request_id) WHERE kind = 'roll_back' DO NOTHING`

/** The registry of models, shared by a team. Every method throws DatabaseProblem. */
export function createModelRegistry(database: DatabasePool): ModelRegistry {
  const query = queryOn(database)
  return {
    async list({ limit, offset, text }) {
      const wanted = text === undefined || text.trim() === '' ? null : text.trim().replaceAll('\0', '')
      const [found, counted] = await Promise.all([query(listStatement, [wanted, limit, offset]), query(countStatement, [wanted])])
      return { models: (found.rows as Row[]).map(modelOf), total: (counted.rows[0] as { total: number }).total }
    },
    async get(modelId) {
      const { rows } = await query(getStatement, [modelId.replaceAll('\0', '')])
      const [row] = rows as Row[]
      return row ? modelOf(row) : null
    },
    async recordRollBack({ requestId, environment, modelId, deployed, url, deployedAt, operator, host, reason, at }) {
      const values = [requestId, environment, modelId, deployed.sha256, url, deployedAt, operator, host, reason, at]
      await query(
        rollBackStatement,
        values.map((value) => value.replaceAll('\0', '\uFFFD')),
      )
    },
  }
}

interface Row {
  model_id: string
  workflow_id: string
  run_id: string
  file_name: string
  dataset_sha256: string
  pipeline: string | null
  trainer: string
  task: ModelSummary['task']
  target: string
  metrics: ModelSummary['metrics']
  baseline: ModelSummary['baseline']
  created_at: Date
  model_sha256: string
  size_bytes: number
  rows: number
  code_version: string | null
  training_seconds: number
  settings: ModelDetail['settings']
  report_sha256: string | null
  decision: ModelSummary['decision']
  operator: string | null
  host: string | null
  reason: string
  via: 'update' | 'signal' | 'timer'
  decided_at: Date
}

function modelOf(row: Row): RegisteredModel {
  return {
    modelId: row.model_id,
    workflowId: row.workflow_id,
    runId: row.run_id,
    fileName: row.file_name,
    datasetSha256: row.dataset_sha256,
    pipeline: row.pipeline,
    trainer: row.trainer,
    task: row.task,
    target: row.trainer === 'demo' ? null : row.target,
    metrics: row.metrics,
    baseline: row.baseline,
    createdAt: row.created_at.toISOString(),
    decision: row.decision,
    modelSha256: row.model_sha256,
    sizeBytes: row.size_bytes,
    rows: row.rows,
    codeVersion: row.code_version,
    trainingSeconds: row.training_seconds,
    settings: row.settings,
    reportSha256: row.report_sha256,
    decisionDetail:
      row.decision === null
        ? null
        : {
            decision: row.decision,
            operator: row.operator,
            host: row.host,
            reason: row.reason,
            via: row.via,
            at: row.decided_at.toISOString(),
          },
  }
}
