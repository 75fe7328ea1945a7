import type {
  AssessInput,
  AssessResult,
  DeployInput,
  DeployResult,
  LogExperimentInput,
  LogExperimentResult,
  PreprocessInput,
  PreprocessResult,
  RecordDecisionInput,
  TrainInput,
  TrainResult,
} from '../types.ts'

/**
 * The activity types as Temporal knows them. A file of its own, with types alone, so that workflow code can name them
 * without seeing anything of Node.
 */
export interface Activities {
  preprocess_data(input: PreprocessInput): Promise<PreprocessResult>
  train_model(input: TrainInput): Promise<TrainResult>
  train_model_mock(input: TrainInput): Promise<TrainResult>
  log_experiment(input: LogExperimentInput): Promise<LogExperimentResult>
  assess_model_quality(input: AssessInput): Promise<AssessResult>
  deploy_to_environment(input: DeployInput): Promise<DeployResult>
  record_decision(input: RecordDecisionInput): Promise<void>
}
