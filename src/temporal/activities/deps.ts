/** What the pipeline's steps need from their host, passed in by `createActivities(deps)`; tests pass fakes of these. */
import type { TrainingReport } from '../../contract/training.ts'
import type { DecisionRecord, DeployInput, PreprocessResult, StoredFile, TrainResult } from '../types.ts'
import type { Faults } from './faults.ts'

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

/** Reads a CSV on a worker thread. Throws CsvProblem for a file that no retry can mend. */
export interface CsvReader {
  read(
    path: string,
    options: { fileName: string; signal: AbortSignal; onProgress: (bytesRead: number, bytesTotal: number) => void },
  ): Promise<Omit<PreprocessResult, 'dataset'>>
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
  readonly code: 'notACsv' | 'noUsableTarget' | 'tooFewRows'
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
  csv: CsvReader
  experiments: ExperimentStore
  deployer: Deployer
  /** Drills; a host without them leaves it out. */
  faults?: Faults
}
