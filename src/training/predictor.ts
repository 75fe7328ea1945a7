import type { FeatureSchema } from './featureSchema.ts'

/** A model that was read from XGBoost's JSON format and is ready to answer. */
export interface Predictor {
  schema: FeatureSchema
  /**
   * @param features one row of encoded features, `schema.featureNames.length` values, NaN where missing
   * @returns one value for a regression; a probability per class, in the order of `schema.classes`, otherwise
   */
  predict(features: Float32Array): Float64Array
}
