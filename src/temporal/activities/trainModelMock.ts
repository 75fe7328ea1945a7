import { failureTypes } from '../retries.ts'
import type { TrainInput, TrainResult } from '../types.ts'
import type { ActivityDeps } from './deps.ts'
import { permanent } from './failures.ts'
import { modelIdOf } from './modelId.ts'
import type { StepContext } from './stepContext.ts'
import { createDemoTrainer, type DemoTrainer } from './trainers/demoTrainer.ts'
import { BadTrainerConfiguration } from './trainers/trainer.ts'

/** Trains with the demo trainer. */
export async function trainModelMock(
  input: TrainInput,
  step: StepContext,
  deps: Pick<ActivityDeps, 'store'>,
): Promise<TrainResult> {
  try {
    const trainer = createDemoTrainer({
      minSeconds: input.demo_trainer?.min_seconds,
      maxSeconds: input.demo_trainer?.max_seconds,
    })
    return await trainAndKeep(trainer, input, step, deps)
  } catch (error) {
    if (error instanceof BadTrainerConfiguration) throw permanent(failureTypes.badTrainerConfiguration, error.message)
    throw error
  }
}

async function trainAndKeep(
  trainer: DemoTrainer,
  input: TrainInput,
  step: StepContext,
  { store }: Pick<ActivityDeps, 'store'>,
): Promise<TrainResult> {
  const modelId = modelIdOf(trainer.name, step.ids)
  const begun = performance.now()
  const trained = await trainer.train({
    modelId,
    prepared: input.prepared,
    signal: step.signal,
    onProgress: step.reportProgress,
  })
  return {
    model_id: modelId,
    model: await store.putBytes(trained.artifact),
    metrics: trained.metrics,
    trainer: trainer.name,
    training_seconds: Math.round(performance.now() - begun) / 1000,
    proprietary_config: trained.proprietaryConfig,
  }
}
