/**
 * What a trainer of one's own is given and what it answers (docs/trainers.md). Published as JSON Schemas in
 * resources/trainers; a test notices when they differ.
 */
import { z } from 'zod'
import { task } from '../../../contract/training.ts'

/** The file that the command gets as its last argument. Paths are absolute. */
export const trainerJob = z.object({
  version: z.literal(1),
  modelId: z.string(),
  task,
  /** Name of the column to be predicted, as the data set calls it. */
  target: z.string(),
  /** Names of the classes in the order of their numbers; null for a regression. */
  classes: z.array(z.string()).nullable(),
  /** Columns of the tables, in order, without the label. */
  features: z.array(z.string()),
  tables: z.object({
    /** CSV with a header line: the features, then the label. A missing value is an empty cell. */
    training: z.string(),
    validation: z.string(),
    /** Without the label. */
    test: z.string(),
    /** Name of the label's column: the value to predict, or the class's number from 0. */
    label: z.string(),
  }),
  settings: z.record(z.string(), z.unknown()),
  /** Where the model has to be written. */
  artifact: z.string(),
  /** Where the predictions for the test table have to be written. */
  testPredictions: z.string(),
  /** A folder that outlives this attempt: what is kept here, a later attempt finds again. */
  checkpoints: z.string(),
  /** For a model in XGBoost's JSON format: an attribute that it must carry to be served. */
  attribute: z.object({ name: z.string(), value: z.string() }),
})
export type TrainerJob = z.infer<typeof trainerJob>

/** One line of standard output. */
export const trainerLine = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('progress'),
    fraction: z.number().min(0).max(1),
    message: z.string().max(1000).default(''),
    /** With `training`: a point of the learning curve. */
    round: z.number().int().min(1).optional(),
    training: z.number().optional(),
    validation: z.number().nullable().optional(),
    secondsLeft: z.number().min(0).optional(),
  }),
  z.object({ type: z.literal('log'), level: z.enum(['info', 'warn', 'error']).default('info'), message: z.string().max(10_000) }),
  /** Noted in the log. What counts is measured on the test predictions. */
  z.object({ type: z.literal('metrics'), values: z.record(z.string(), z.number()) }),
  /** The model is written; once, after that nothing but logs and metrics. */
  z.object({
    type: z.literal('artifact'),
    format: z.enum(['xgboost-json', 'other']),
    /** What `training` and `validation` of the progress were. */
    loss: z.string().min(1).max(40).default('loss'),
    bestRound: z.number().int().min(1).nullable().default(null),
    /** What each feature did for the model; any unit, at least 0. */
    importance: z.array(z.object({ feature: z.string(), gain: z.number().min(0) })).default([]),
  }),
])
export type TrainerLine = z.infer<typeof trainerLine>
