/** A model's file made ready to answer: its hash taken, read, and tried on rows of its own schema. */
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import type { FileStore } from '../../../temporal/activities/deps.ts'
import { demoModelFormat } from '../../../temporal/activities/trainers/demoTrainer.ts'
import type { ColumnEncoder, FeatureSchema } from '../../../training/featureSchema.ts'
import type { Predictor } from '../../../training/predictor.ts'
import type { Deployed } from '../endpoints/deployments.ts'
import type { ModelColumns, Row } from './readRows.ts'

/** Why a model cannot be served; no retry mends it. */
export type ModelFault = 'modelFileMissing' | 'modelHashMismatch' | 'modelNotServable'

export class ModelProblem extends Error {
  readonly code: ModelFault
  constructor(code: ModelFault, message: string) {
    super(message)
    this.name = 'ModelProblem'
    this.code = code
  }
}

/** What training made, passed in so that serving can be tried with a model of any shape. */
export interface ModelReader {
  /** @throws Error with the reason when it is no model that can answer */
  readModel(json: string): Predictor
  /** @throws CellProblem for a cell that does not fit its column */
  encodeRow(schema: FeatureSchema, cells: Row): Float32Array
}

export type Prediction = { value: number } | { label: string; probabilities: Record<string, number> }

export type ExampleRow = Record<string, string | number | null>

export interface AnsweringModel {
  schema: FeatureSchema
  columns: ModelColumns
  /** A row that it takes, to show how one looks. */
  exampleRow: ExampleRow
  /** @throws CellProblem for a cell that does not fit; NoFiniteAnswer */
  predict(row: Row): Prediction
}

export interface ServedModel {
  deployed: Deployed
  /** null for a model of the demo trainer: it is deployed, and there is nothing in it to ask. */
  answering: AnsweringModel | null
}

/** The model gave NaN or an infinity for a row: a fault of the model's. */
export class NoFiniteAnswer extends Error {}

/** A JSON text beyond this is more than V8 turns into objects in a reasonable time and memory. */
const largestModelBytes = 256 * 1024 * 1024

/** @throws ModelProblem; an error of the file system is passed on as it is */
export async function loadModel(deployed: Deployed, store: Pick<FileStore, 'pathOf'>, reader: ModelReader): Promise<ServedModel> {
  const { model_id, sha256 } = deployed
  const path = await store.pathOf(sha256)
  if (path === null) throw fileMissing(deployed)
  const { size } = await stat(path)
  if (size > largestModelBytes) {
    throw notServable(model_id, `it has ${Math.round(size / 1024 ** 2)} MiB, the most is ${largestModelBytes / 1024 ** 2} MiB`)
  }
  const bytes = await readFile(path)
  // What is hashed is what is read: nothing can change between the two.
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw hashMismatch(deployed)
  const text = bytes.toString('utf8')
  if (isDemoModel(text)) return { deployed, answering: null }
  let answering: AnsweringModel
  try {
    answering = answeringModel(reader.readModel(text), reader.encodeRow)
  } catch (error) {
    throw notServable(model_id, (error as Error).message)
  }
  try {
    for (const row of smokeRows(answering)) checkAnswer(answering.predict(row))
  } catch (error) {
    throw notServable(model_id, `its smoke prediction failed: ${(error as Error).message}`)
  }
  return { deployed, answering }
}

export const fileMissing = ({ model_id, sha256 }: Deployed) =>
  new ModelProblem('modelFileMissing', `The file of model ${model_id} (sha256:${sha256}) is not in the model store.`)
export const hashMismatch = ({ model_id, sha256 }: Deployed) =>
  new ModelProblem(
    'modelHashMismatch',
    `The file of model ${model_id} in the model store was changed: its hash is no longer ${sha256}. It was left as it is.`,
  )
const notServable = (modelId: string, reason: string) =>
  new ModelProblem('modelNotServable', `Model ${modelId} cannot be served: ${reason.replace(/\.$/, '')}.`)

function isDemoModel(text: string): boolean {
  if (text.length > 100_000 || !text.includes(demoModelFormat)) return false
  try {
    return (JSON.parse(text) as { format?: unknown } | null)?.format === demoModelFormat
  } catch {
    return false
  }
}

function answeringModel(predictor: Predictor, encodeRow: ModelReader['encodeRow']): AnsweringModel {
  const { schema } = predictor
  const names = [...new Set(schema.encoders.map(({ column }) => column))]
  const { classes } = schema
  return {
    schema,
    columns: { names, target: schema.target },
    exampleRow: exampleRow(schema),
    predict(row) {
      const given = predictor.predict(encodeRow(schema, row))
      if (classes === null) {
        const value = given[0] as number
        if (!Number.isFinite(value)) throw new NoFiniteAnswer('the model gave no finite number')
        return { value }
      }
      if (given.length !== classes.length)
        throw new NoFiniteAnswer(`the model gave ${given.length} probabilities for ${classes.length} classes`)
      // Without a prototype: a class may be called "__proto__".
      const probabilities: Record<string, number> = Object.create(null)
      let best = 0
      for (let index = 0; index < classes.length; index++) {
        const probability = given[index] as number
        if (!Number.isFinite(probability)) throw new NoFiniteAnswer('the model gave a probability that is no finite number')
        if (probability > (given[best] as number)) best = index
        probabilities[classes[index] as string] = probability
      }
      return { label: classes[best] as string, probabilities }
    },
  }
}

/** @throws when probabilities are none */
function checkAnswer(answer: Prediction): void {
  if ('value' in answer) return
  const probabilities = Object.values(answer.probabilities)
  const impossible = probabilities.find((probability) => probability < 0 || probability > 1)
  if (impossible !== undefined) throw new Error(`its probability ${impossible} is not between 0 and 1`)
  const sum = probabilities.reduce((a, b) => a + b, 0)
  if (Math.abs(sum - 1) > 1e-3) throw new Error(`its probabilities add up to ${sum}`)
}

/** Known values throughout, as far as the schema tells any. */
function exampleRow({ encoders }: FeatureSchema): ExampleRow {
  return Object.fromEntries(
    encoders.map((encoder) => {
      switch (encoder.kind) {
        case 'number':
          return [encoder.column, 1]
        case 'date':
          return [encoder.column, null]
        case 'oneHot':
          return [encoder.column, encoder.categories[0] ?? null]
        case 'targetMean':
          return [encoder.column, Object.keys(encoder.categories)[0] ?? null]
        default:
          return encoder satisfies never
      }
    }),
  )
}

/** The example, nothing known at all, and texts that training never saw. */
function smokeRows({ schema: { encoders }, exampleRow }: AnsweringModel): Row[] {
  const unusual = encoders.map((encoder) => [encoder.column, isCategorical(encoder) ? 'never seen in training' : null])
  return [exampleRow, Object.fromEntries(encoders.map(({ column }) => [column, null])), Object.fromEntries(unusual)]
}
const isCategorical = ({ kind }: ColumnEncoder) => kind === 'oneHot' || kind === 'targetMean'
