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
  /** How much each row counts, above 0; every row counts 1 where there is none. */
  weight?: Float32Array
}

/** A raw categorical column, kept so that a model can be judged per category. */
export interface SliceColumn {
  column: string
  /** As the file wrote them; a missing cell has the category that the preparation gave it. */
  categories: string[]
  /** One index into `categories` per row. */
  index: Uint32Array
}

export const trainingPart = 0
export const validationPart = 1
export const testPart = 2
