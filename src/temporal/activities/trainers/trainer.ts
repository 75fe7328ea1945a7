import type { Metrics } from '../../../contract/model.ts'
import type { PreprocessResult, ProprietaryConfig } from '../../types.ts'

export interface TrainRequest {
  modelId: string
  prepared: PreprocessResult
  signal: AbortSignal
  /** `fraction` is 0 to 1. Called about every second. */
  onProgress(fraction: number, message: string): void
}

export interface Trained {
  metrics: Metrics
  /** The model's file. The same request gives the same bytes, so that a retry stores nothing twice. */
  artifact: Uint8Array
  proprietaryConfig: ProprietaryConfig
}

/** Makes a model from a prepared dataset. */
export interface Trainer {
  readonly name: string
  /** @throws the signal's reason (or an AbortError) within a second of an abort. */
  train(request: TrainRequest): Promise<Trained>
}

/** A trainer was asked for with a configuration that it cannot work with; no retry can mend that. */
export class BadTrainerConfiguration extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'BadTrainerConfiguration'
  }
}
