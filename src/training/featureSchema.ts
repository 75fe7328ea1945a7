/**
 * How raw cells become features. Fitted on the training rows alone, kept inside the model's file, and used again to the
 * bit by whoever predicts.
 */
import type { Task } from '../contract/training.ts'

export type ColumnEncoder =
  /** The number itself. `decimal` and `thousands` tell how the file wrote it; JSON numbers are taken as they are. */
  | { kind: 'number'; column: string; decimal: '.' | ','; thousands: string }
  /** Seconds since 1970 in UTC. */
  | { kind: 'date'; column: string; format: string }
  /** One feature per category, 1 or 0; a category that training never saw gives zeros. */
  | { kind: 'oneHot'; column: string; categories: string[] }
  /** For many categories: the (smoothed) mean of the target among the training rows, per class for more than two. */
  | { kind: 'targetMean'; column: string; categories: Record<string, number[]>; otherwise: number[] }

export interface FeatureSchema {
  version: 1
  task: Task
  target: string
  /** In the order of the labels' indices; null for a regression. */
  classes: string[] | null
  /** In the order of the features that they give. */
  encoders: ColumnEncoder[]
  featureNames: string[]
}

/** Where the schema is kept in XGBoost's JSON model: `learner.attributes[schemaAttribute]`, as JSON text. */
export const schemaAttribute = 'gatehouse_schema'
