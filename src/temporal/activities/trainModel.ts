import type { TrainerChoice } from '../../contract/pipelines.ts'
import type { DataPlan } from '../../training/dataPlan.ts'
import { failureTypes } from '../retries.ts'
import type { TrainInput, TrainResult } from '../types.ts'
import type { ActivityDeps } from './deps.ts'
import { permanent } from './failures.ts'
import { modelIdOf } from './modelId.ts'
import type { StepContext } from './stepContext.ts'
import { readStoredJson, storedPath, storeJson } from './storedJson.ts'
import { BadTrainerConfiguration, type Trainer } from './trainers/trainer.ts'

/** Shares of the step's progress: preparing the table, then training; judging takes the rest. */
const prepared = 0.15
const trained = 0.95

/**
 * Trains on the file's rows: prepares the table, has the pipeline's trainer make a model of it, and judges the model by
 * its predictions for rows that it never saw. Another attempt goes on from what an earlier one has left.
 */
export async function trainModel(
  input: TrainInput,
  step: StepContext,
  { store, data, trainers }: Pick<ActivityDeps, 'store' | 'data' | 'trainers'>,
): Promise<TrainResult> {
  const { dataset, pipeline, plan: planFile } = input.prepared
  if (!pipeline || !planFile) {
    throw permanent(failureTypes.badTrainerConfiguration, 'The file was read without a pipeline. Run the file again.')
  }
  const trainer = trainerOf(pipeline.trainer, trainers)
  const begun = performance.now()
  const plan = await readStoredJson<DataPlan>(store, planFile, `What was found in ${dataset.file_name}`)
  const path = await storedPath(store, dataset, `The stored copy of ${dataset.file_name}`)
  const file = { path, fileName: dataset.file_name, runId: step.ids.runId }
  const progress = (from: number, to: number) => ({
    signal: step.signal,
    onProgress: (fraction: number, message: string) => step.reportProgress(from + fraction * (to - from), message),
  })
  const { tablePath, schema, checkpoints } = await data.prepare(file, plan, progress(0, prepared))
  const modelId = modelIdOf(trainer.name, step.ids)
  const made = await train(trainer, {
    ...{ modelId, tablePath, schema, checkpoints, settings: settingsOf(pipeline.trainer), signal: step.signal },
    onProgress: (fraction, message, detail) => step.reportProgress(prepared + fraction * (trained - prepared), message, detail),
  })
  const { loss, curve, bestRound, importance, settings } = made
  const facts = { modelId, trainer: trainer.name, settings, loss, curve, bestRound, importance }
  const given = { predictions: made.testPredictions, trained: facts, tolerance: pipeline.tolerance }
  const report = await data.report(file, plan, given, progress(trained, 1))
  return {
    model_id: modelId,
    model: await store.putBytes(made.artifact),
    metrics: report.metrics,
    trainer: trainer.name,
    training_seconds: Math.round(performance.now() - begun) / 1000,
    report: await storeJson(store, report),
  }
}

async function train(trainer: Trainer, request: Parameters<Trainer['train']>[0]): ReturnType<Trainer['train']> {
  try {
    return await trainer.train(request)
  } catch (error) {
    if (error instanceof BadTrainerConfiguration) throw permanent(failureTypes.badTrainerConfiguration, error.message)
    throw error
  }
}

function trainerOf(choice: TrainerChoice, trainers: ActivityDeps['trainers']): Trainer {
  switch (choice.kind) {
    case 'boosting':
      return trainers.boosting
    case 'command':
      return trainers.command(choice)
    case 'demo':
      throw permanent(failureTypes.badTrainerConfiguration, 'The demo trainer trains in a step of its own, train_model_mock.')
    default:
      return choice satisfies never
  }
}

const settingsOf = (choice: TrainerChoice) => (choice.kind === 'demo' ? {} : choice.settings)
