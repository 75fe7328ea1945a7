/**
 * A table as a trainer takes it: numbers only, a column after the other. Encoders have done their work by then
 * (featureSchema.ts); missing values are NaN.
 */
export interface TrainingTable {
  rows: number
  /** Names of the encoded features, unique, in the order of `features`. */
  featureNames: string[]
  /** One array of `rows` values per feature. */
  features: Float32Array[]
  /** The target: the value itself, or the class's index. Never missing. */
  label: Float32Array
  /** Which part each row belongs to. */
  part: Uint8Array
}

export const trainingPart = 0
export const validationPart = 1
export const testPart = 2
