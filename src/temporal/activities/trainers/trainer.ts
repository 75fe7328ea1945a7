import type { CurvePoint } from '../../../contract/training.ts'
import type { FeatureSchema } from '../../../training/featureSchema.ts'

export interface TrainRequest {
  modelId: string
  /** A table file (training/tableFile.ts); it is only read. */
  tablePath: string
  /** The one in the table file. */
  schema: FeatureSchema
  /** The trainer's own settings as the pipeline has them, defaults left out; the trainer checks them. */
  settings: Readonly<Record<string, unknown>>
  /**
   * A folder of this training alone that outlives the attempt, made when it is not there: a later attempt goes on from
   * what an earlier one left in it. Whoever asked for the training removes it when the model is kept.
   */
  checkpoints: string
  signal: AbortSignal
  /** `fraction` is 0 to 1 and never shrinks within an attempt. At most a few times a second. */
  onProgress(fraction: number, message: string, detail?: TrainProgress): void
}

export interface TrainProgress {
  /** The newest point of the learning curve. */
  point?: CurvePoint
  /** What the points show, e.g. `RMSE`. */
  loss?: string
  secondsLeft?: number
}

export interface Trained {
  /** The model's file. The same request gives the same bytes, so that a retry stores nothing twice. */
  artifact: Uint8Array
  /** Only XGBoost's JSON, with the schema inside, can be served (training/modelFormat.ts). */
  format: 'xgboost-json' | 'other'
  /** What the curve shows, e.g. `RMSE`. */
  loss: string
  /** One point per round, of all attempts; empty where the trainer tells none. */
  curve: CurvePoint[]
  bestRound: number | null
  /** Gain by raw column, largest first; adds up to 1, empty where the trainer tells none. */
  importance: { column: string; gain: number }[]
  /**
   * For the rows of the test part, in the table's order: one value each for a regression, otherwise one probability per
   * class, in the order of `schema.classes`, row after row. Every value is finite.
   */
  testPredictions: Float64Array
  /** What was used, defaults filled in. */
  settings: Record<string, number | string | boolean | null>
}

/** Makes a model from a prepared table. */
export interface Trainer {
  readonly name: string
  /**
   * @throws the signal's reason (or an AbortError) within a second of an abort
   * @throws BadTrainerConfiguration, TrainerProblem
   */
  train(request: TrainRequest): Promise<Trained>
}

/** A trainer was asked for with a configuration that it cannot work with; no retry can mend that. */
export class BadTrainerConfiguration extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'BadTrainerConfiguration'
  }
}

/** The trainer ended without a usable model; another attempt may succeed. */
export class TrainerProblem extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TrainerProblem'
  }
}
