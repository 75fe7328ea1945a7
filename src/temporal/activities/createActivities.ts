import type { RunObserver } from '../observer.ts'
import type { Activities } from './activities.ts'
import { assessModelQuality } from './assessModelQuality.ts'
import { deployToEnvironment } from './deployToEnvironment.ts'
import type { ActivityDeps } from './deps.ts'
import { logExperiment } from './logExperiment.ts'
import { preprocessData } from './preprocessData.ts'
import { recordDecision } from './recordDecision.ts'
import { inStep } from './stepContext.ts'
import { trainModel } from './trainModel.ts'
import { trainModelMock } from './trainModelMock.ts'

/** The pipeline's activities over what their host gives them. */
export function createActivities(deps: ActivityDeps, observer: RunObserver): Activities {
  const around = { observer, faults: deps.faults }
  return {
    preprocess_data: (input) => inStep(around, (step) => preprocessData(input, step, deps)),
    train_model: (input) => inStep(around, (step) => trainModel(input, step, deps)),
    train_model_mock: (input) => inStep(around, (step) => trainModelMock(input, step, deps)),
    log_experiment: (input) => inStep(around, (step) => logExperiment(input, step, deps)),
    assess_model_quality: (input) => inStep(around, (step) => assessModelQuality(input, step, deps)),
    deploy_to_environment: (input) => inStep(around, (step) => deployToEnvironment(input, step, deps)),
    record_decision: (input) => inStep(around, (step) => recordDecision(input, step, deps)),
  }
}
