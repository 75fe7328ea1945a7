/** What the pipeline's steps need from their host, passed in by `createActivities(deps)`; tests pass fakes of these. */
import type { Pipeline, TrainerChoice } from '../../contract/pipelines.ts'
import type { DataProfile, TrainingReport } from '../../contract/training.ts'
import type { DataPlan } from '../../training/dataPlan.ts'
import type { FeatureSchema } from '../../training/featureSchema.ts'
import type { ProductionFigures } from '../../training/gate.ts'
import type { TrainedFacts } from '../../training/report.ts'
import type { DecisionRecord, DeployInput, PreprocessResult, StoredFile, TrainResult } from '../types.ts'
import type { Faults } from './faults.ts'
import type { Trainer } from './trainers/trainer.ts'

export type CommandChoice = Extract<TrainerChoice, { kind: 'command' }>

export interface RunIds {
  workflowId: string
  runId: string
}

export interface FileStore {
  /** Absolute path of a stored file; null when it is not there. */
  pathOf(sha256: string): Promise<string | null>
  /** Streams a file into the store (temp, fsync, rename). Idempotent. */
  putFile(path: string, signal?: AbortSignal): Promise<StoredFile>
  putBytes(bytes: Uint8Array): Promise<StoredFile>
  /** true when the stored bytes still have the hash they are stored under. */
  verify(sha256: string): Promise<boolean>
}

/** A file in the store, and the run that works on it: what is made from the file on the way is kept by run. */
export interface RunFile {
  path: string
  fileName: string
  runId: string
}

export interface WorkOptions {
  signal: AbortSignal
  /** `fraction` is 0 to 1. */
  onProgress(fraction: number, message: string): void
}

/**
 * What is done with a run's CSV, in threads of its own. The same call gives the same answer: what an earlier attempt has
 * made is used again, what is gone is made again. All throw CsvProblem for a file that no retry can mend.
 */
export interface DataChecks {
  profile(
    file: RunFile,
    pipeline: Pipeline,
    options: WorkOptions,
  ): Promise<{
    profile: DataProfile
    plan: DataPlan
    notes: string[]
    /** Path of the quarantine file; null when no row is malformed. */
    quarantine: string | null
  }>
  /** Writes the table that trainers take. `checkpoints` is a folder that outlives the attempt. */
  prepare(
    file: RunFile,
    plan: DataPlan,
    options: WorkOptions,
  ): Promise<{ tablePath: string; schema: FeatureSchema; checkpoints: string }>
  /** @param predictions for the test part, as trainers give them */
  report(
    file: RunFile,
    plan: DataPlan,
    given: { predictions: Float64Array; trained: TrainedFacts; tolerance: number | null },
    options: WorkOptions,
  ): Promise<TrainingReport>
  /** Has another model predict the test part. @param model path of its file, in XGBoost's JSON format */
  compare(
    file: RunFile,
    plan: DataPlan,
    given: { model: { path: string; modelId: string }; tolerance: number },
    options: WorkOptions,
  ): Promise<ProductionFigures>
  /** Removes what was made for a run. */
  forget(runId: string): Promise<void>
}

/** The Postgres side. Every method throws DatabaseProblem, already told apart into configuration and weather. */
export interface ExperimentStore {
  /** Idempotent by (workflowId, runId): a retry finds the row of the attempt before it. */
  logExperiment(
    ids: RunIds,
    prepared: PreprocessResult,
    trained: TrainResult,
    /** null for the demo trainer, and where its file is gone: the experiment counts more than its settings. */
    report: Pick<TrainingReport, 'settings' | 'baseline'> | null,
  ): Promise<{ experimentId: number; inserted: boolean }>
  /** The decision once per execution, and every approval that led to it. Idempotent: nothing that is there is changed. */
  recordDecision(ids: RunIds, modelId: string, decision: DecisionRecord, approvals: readonly DecisionRecord[]): Promise<void>
  recordDeployment(ids: RunIds, input: DeployInput, url: string, at: string): Promise<void>
}

export class DatabaseProblem extends Error {
  /** `configuration` is never retried: somebody has to correct something. */
  readonly kind: 'configuration' | 'weather' | 'bug'
  readonly sqlState: string | null
  constructor(kind: DatabaseProblem['kind'], message: string, sqlState: string | null) {
    super(message)
    this.name = 'DatabaseProblem'
    this.kind = kind
    this.sqlState = sqlState
  }
}

export class CsvProblem extends Error {
  readonly code: 'notACsv' | 'noUsableTarget' | 'tooFewRows' | 'tooManyBadRows'
  constructor(code: CsvProblem['code'], message: string) {
    super(message)
    this.name = 'CsvProblem'
    this.code = code
  }
}

/** Who or what wanted a deployment; kept with it. Field names as in the deployment record, which other tools may read. */
export type DeploymentCause =
  | { kind: 'run'; workflow_id: string; run_id: string }
  | { kind: 'rollBack'; request_id: string; operator: string; host: string; reason: string }

/** Switches an environment to a model and answers where it is served, once the endpoint itself says so. */
export interface Deployer {
  /** @throws DeployProblem, or the signal's reason; what was served before is served on */
  deploy(input: DeployInput, signal: AbortSignal, cause: DeploymentCause): Promise<{ url: string; deployedAt: string }>
}

/** A model could not be deployed; says what is served instead. */
export class DeployProblem extends Error {
  /** The first four are never retried: the same model would meet them again. */
  readonly code:
    | 'unknownEnvironment'
    | 'modelFileMissing'
    | 'modelHashMismatch'
    | 'modelNotServable'
    | 'endpointSilent'
    | 'endpointUnhealthy'
  constructor(code: DeployProblem['code'], message: string) {
    super(message)
    this.name = 'DeployProblem'
    this.code = code
  }
}

export interface ActivityDeps {
  store: FileStore
  data: DataChecks
  /** Trainers by the kind that a pipeline chooses; the demo trainer needs nothing of the host. */
  trainers: { boosting: Trainer; command(choice: CommandChoice): Trainer }
  /** The pipeline that takes a file which another client named by its path. */
  pipelineFor(path: string): Pipeline
  /** The model that production serves now; null while there is none. */
  inProduction(): Promise<{ modelId: string; sha256: string } | null>
  experiments: ExperimentStore
  deployer: Deployer
  /** Drills; a host without them leaves it out. */
  faults?: Faults
}
