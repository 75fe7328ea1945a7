/**
 * What travels through Temporal. Field names are snake_case because clients in other languages read them.
 * Rows and models never travel: payloads carry a hash and a URI.
 */
import type { GateCheck, Stage } from '../contract/model.ts'
import type { Pipeline } from '../contract/pipelines.ts'
import type { RetryTable } from '../contract/retries.ts'
import type { MetricValues, Task } from '../contract/training.ts'

/** An immutable file in the content-addressed store. `uri` is `sha256:<hex>`, so that any host resolves it in its own store. */
export interface StoredFile {
  sha256: string
  uri: string
  size_bytes: number
}

export interface DatasetRef extends StoredFile {
  file_name: string
}

/** How a run is to be made; fixed at its start, so that a later change of settings never alters a run under way. */
export interface RunSettings {
  retries: RetryTable
  demo_trainer: { min_seconds: number; max_seconds: number }
  approval_timeout_seconds: number
  /** As in `config/pipelines.json`. Absent: the first step looks it up on its worker. */
  pipeline?: Pipeline
}

/**
 * Input of MLOpsWorkflow. Gatehouse sends all of it; another client may start a run with `file_path` alone, then the
 * first step takes the file into the store and the defaults apply.
 */
export interface RunInput {
  file_path: string
  trigger_type: string
  dataset?: DatasetRef
  submitted_by?: string
  settings?: Partial<RunSettings>
}

export interface PreprocessInput {
  file_path: string
  dataset: DatasetRef | null
  /** Absent: this worker's pipeline for the file. */
  pipeline?: Pipeline
}
export interface ColumnInfo {
  name: string
  type: 'number' | 'date' | 'boolean' | 'text' | 'empty'
}
export interface PreprocessResult {
  dataset: DatasetRef
  rows: number
  columns: ColumnInfo[]
  target: string
  has_header: boolean
  delimiter: string
  encoding: 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252'
  skipped_rows: number
  /** Sentences about what was noticed and tolerated (BOM, ragged rows skipped, …). */
  notes: string[]
  /** Absent in the history of a run that a version without real training started. */
  task?: Task
  /** The DataProfile, as JSON in the store. */
  profile?: StoredFile
  /** Malformed rows: file, line and reason, as CSV in the store; null when there are none. */
  quarantine?: StoredFile | null
  /** How the columns are to be read and used, as JSON in the store. */
  plan?: StoredFile
  pipeline?: Pipeline
}

export interface TrainInput {
  prepared: PreprocessResult
  demo_trainer: { min_seconds: number; max_seconds: number }
}
/** The seed's block of sensitive values; it must never be readable outside of a decoded payload. */
export interface ProprietaryConfig {
  secret_learning_rate_multiplier: number
  custom_regularization_alpha: number
  advanced_dropout_schedule: string
  internal_model_architecture: string
}
export interface TrainResult {
  model_id: string
  model: StoredFile
  metrics: MetricValues
  trainer: string
  training_seconds: number
  /** Of the demo trainer. */
  proprietary_config?: ProprietaryConfig
  /** The TrainingReport, as JSON in the store; absent for the demo trainer. */
  report?: StoredFile
}

export interface LogExperimentInput {
  prepared: PreprocessResult
  trained: TrainResult
}
export interface LogExperimentResult {
  experiment_id: number
  /** false when an earlier attempt had already written the row. */
  inserted: boolean
}

export interface AssessInput {
  metrics: MetricValues
  /** What a real model is judged by besides; a run of a version without real training has none of it. */
  prepared?: PreprocessResult
  trained?: TrainResult
}
export interface AssessResult {
  passed: boolean
  ask_for_production: boolean
  checks: GateCheck[]
  reasons: string[]
}

export type Environment = 'dev' | 'prod'
export interface DeployInput {
  environment: Environment
  model_id: string
  model: StoredFile
  metrics: MetricValues
}
export interface DeployResult {
  environment: Environment
  model_id: string
  url: string
  status: 'deployed'
  deployed_at: string
}

/** Argument of the update `decideProduction`. */
export interface DecisionInput {
  decisionId: string
  decision: 'approve' | 'reject'
  reason: string
  operator: string
  host?: string
}
export interface DecisionRecord {
  decision_id: string
  decision: 'approve' | 'reject' | 'timeout'
  reason: string
  operator: string | null
  host: string | null
  via: 'update' | 'signal' | 'timer'
  decided_at: string
}
export interface RecordDecisionInput {
  decision: DecisionRecord
  /** Every approval that led to it, in order; absent in runs of a version that asked for one. */
  approvals?: DecisionRecord[]
  model_id: string
}

export type CurrentStep =
  | 'data_preprocessing'
  | 'model_training'
  | 'experiment_tracking'
  | 'quality_assessment'
  | 'dev_deployment'
  | 'awaiting_prod_approval'
  | 'prod_deployment'
  | 'completed'

/** Answer of the query `get_status`. */
export interface RunStatus {
  current_step: CurrentStep
  completed_steps: CurrentStep[]
  workflow_id: string
  awaiting_approval: boolean
  prod_approved: boolean
  quality_gate_failed: boolean
  /** `pending`, `deployed` … per environment. */
  deployment_status: Partial<Record<Environment, string>>
  /** What was deployed, oldest first. */
  deployments: DeployResult[]
  failure_reason: string | null
  quality_metrics: MetricValues | null
  stage: Stage
  approval_deadline: string | null
  /** The one that settled it: the last approval that was needed, a rejection, or the timeout. */
  decision: DecisionRecord | null
  approvals?: DecisionRecord[]
  approvals_needed?: number
  /** Who may decide (empty: anybody), and who may not approve because the file is theirs. */
  approval_policy?: { approvers: string[]; submitter: string | null }
  gate_checks: GateCheck[]
  model_id: string | null
  /** The pipeline's name. Absent, like the two below, until it is known and in runs of a version without pipelines. */
  pipeline?: string
  profile?: StoredFile
  report?: StoredFile
  /** Sentences about what a reader would otherwise wonder at: how the file was read, an approval that came too early, why production was not asked for. */
  notes?: string[]
}

/** What a run ends with (a failed or cancelled run ends with a failure instead). */
export interface RunResult extends RunStatus {
  status: 'completed' | 'gate_failed' | 'rejected' | 'timed_out'
}
