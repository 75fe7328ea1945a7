import type { ExperimentStore } from '../../../temporal/activities/deps.ts'
import type { DatabasePool } from './createPool.ts'
import { queryOn } from './queryOn.ts'

/**
 * One statement, so that an experiment and its model are there together or not at all. A retry finds the row of the
 * attempt before it: the update changes nothing and only makes the row come back (xmax is 0 for a new row).
 */
const logStatement = `
  WITH experiment AS (
    INSERT INTO experiments
      (workflow_id, run_id, file_name, dataset_sha256, rows, target, model_id, trainer, accuracy, mae, r2,
       training_seconds, params, started_at, task, metrics)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, now() - make_interval(secs => $12), $16, $17)
    ON CONFLICT (workflow_id, run_id) DO UPDATE SET workflow_id = EXCLUDED.workflow_id
    RETURNING id, (xmax = 0) AS inserted
  ), model AS (
    INSERT INTO model_versions
      (experiment_id, workflow_id, run_id, model_id, model_sha256, size_bytes, trainer, dataset_sha256,
       pipeline, settings, code_version, baseline, report_sha256)
    SELECT id, $1, $2, $7, $14, $15, $8, $4, $18, $19, $20, $21, $22 FROM experiment
    ON CONFLICT (workflow_id, run_id) DO NOTHING
  )
  SELECT id::text, inserted FROM experiment`

/** One statement, so that a decision and what led to it are there together or not at all. */
const decisionStatement = `
  WITH decision AS (
    INSERT INTO decisions (workflow_id, run_id, decision_id, decision, reason, operator, host, via, model_id, decided_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (workflow_id, run_id) DO NOTHING
  )
  INSERT INTO approvals (workflow_id, run_id, decision_id, reason, operator, host, via, decided_at)
  SELECT $1, $2, decision_id, reason, operator, host, via, decided_at
  FROM jsonb_to_recordset($11) AS given
    (decision_id text, reason text, operator text, host text, via text, decided_at timestamptz)
  ON CONFLICT (workflow_id, run_id, decision_id) DO NOTHING`

const deploymentStatement = `
  INSERT INTO deployments (workflow_id, run_id, environment, model_id, model_sha256, url, deployed_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT (workflow_id, run_id, environment) WHERE kind = 'run' DO UPDATE
    SET model_id = EXCLUDED.model_id, model_sha256 = EXCLUDED.model_sha256, url = EXCLUDED.url, deployed_at = EXCLUDED.deployed_at`

/** Postgres takes every character in text but one. */
const text = <T extends string | null>(value: T): T => (value === null ? value : (value.replaceAll('\0', '\uFFFD') as T))

/**
 * The pipeline's records in Postgres. Every method is idempotent and throws DatabaseProblem.
 * @param codeVersion of this Gatehouse, kept with each model
 */
export function createExperimentStore(database: DatabasePool, codeVersion: string): ExperimentStore {
  const query = queryOn(database)
  return {
    async logExperiment({ workflowId, runId }, prepared, trained, report) {
      // What is known of how it was trained; the trainer's proprietary configuration is left out on purpose.
      const params = {
        columns: prepared.columns.map((column) => ({ name: text(column.name), type: column.type })),
        skipped_rows: prepared.skipped_rows,
        has_header: prepared.has_header,
        encoding: prepared.encoding,
      }
      const { rows } = await query(logStatement, [
        workflowId,
        runId,
        text(prepared.dataset.file_name),
        prepared.dataset.sha256,
        prepared.rows,
        text(prepared.target),
        trained.model_id,
        trained.trainer,
        trained.metrics.accuracy ?? null,
        trained.metrics.mae ?? null,
        trained.metrics.r2 ?? null,
        trained.training_seconds,
        JSON.stringify(params),
        trained.model.sha256,
        trained.model.size_bytes,
        prepared.task ?? null,
        JSON.stringify(trained.metrics),
        prepared.pipeline ? text(prepared.pipeline.name) : null,
        JSON.stringify(report?.settings ?? {}).replaceAll('\\u0000', '\\ufffd'),
        codeVersion,
        report ? JSON.stringify(report.baseline) : null,
        trained.report?.sha256 ?? null,
      ])
      const row = rows[0] as { id: string; inserted: boolean }
      return { experimentId: Number(row.id), inserted: row.inserted }
    },
    async recordDecision({ workflowId, runId }, modelId, decision, approvals) {
      await query(decisionStatement, [
        workflowId,
        runId,
        decision.decision_id,
        decision.decision,
        text(decision.reason),
        text(decision.operator),
        text(decision.host),
        decision.via,
        modelId,
        decision.decided_at,
        JSON.stringify(
          approvals.map(({ decision_id, reason, operator, host, via, decided_at }) => ({
            ...{ decision_id, via, decided_at },
            reason: text(reason),
            operator: text(operator),
            host: text(host),
          })),
        ),
      ])
    },
    async recordDeployment({ workflowId, runId }, input, url, at) {
      await query(deploymentStatement, [workflowId, runId, input.environment, input.model_id, input.model.sha256, url, at])
    },
  }
}
