/** The files between Gatehouse and a trainer of one's own. All of it is work for a thread. */
import { closeSync, createReadStream, existsSync, openSync, readFileSync, statSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { type FeatureSchema, schemaAttribute } from '../../../training/featureSchema.ts'
import { columnsOfFeatures } from '../../../training/importance.ts'
import { readForest } from '../../../training/modelFormat.ts'
import { readModel } from '../../../training/predictor.ts'
import { type TrainingTable, testPart, trainingPart, validationPart } from '../../../training/table.ts'
import { readTableFile } from '../../../training/tableFile.ts'
import type { TrainerJob } from './trainerContract.ts'

/** The trainer kept to the contract in form, but what it wrote is of no use. */
export class BadTrainerOutput extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'BadTrainerOutput'
  }
}

const mostArtifactBytes = 512 * 1024 ** 2
/** Probabilities of a row may be this far from adding up to 1: they may have been written with few digits. */
const sumTolerance = 1e-3
const writeEveryRows = 2_000

/** @returns a name for the label's column that no feature has */
export function labelName(schema: FeatureSchema): string {
  let name = schema.target
  while (schema.featureNames.includes(name)) name += '_'
  return name
}

/** Writes the three tables of a job. @throws BadTableFile */
export async function writeTrainerTables(tablePath: string, { tables }: TrainerJob): Promise<void> {
  const { table } = await readTableFile(tablePath)
  writePart(tables.training, table, trainingPart, tables.label)
  writePart(tables.validation, table, validationPart, tables.label)
  writePart(tables.test, table, testPart, null)
}

function writePart(path: string, table: TrainingTable, part: number, label: string | null): void {
  const columns = label === null ? table.features : [...table.features, table.label]
  const names = label === null ? table.featureNames : [...table.featureNames, label]
  const file = openSync(path, 'wx', 0o600)
  try {
    let text = `${names.map(quoted).join(',')}\n`
    for (let row = 0, written = 0; row < table.rows; row++) {
      if (table.part[row] !== part) continue
      text += `${columns.map((column) => cell(column[row] as number)).join(',')}\n`
      if (++written % writeEveryRows !== 0) continue
      writeAll(file, text)
      text = ''
    }
    writeAll(file, text)
  } finally {
    closeSync(file)
  }
}

function writeAll(file: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
}

const quoted = (name: string) => (/[",\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name)
/** Nine digits bring back every number of 32 bits. */
const cell = (value: number) => (Number.isNaN(value) ? '' : String(Number(value.toPrecision(9))))

/**
 * Reads what the trainer wrote and checks it.
 * @throws BadTrainerOutput that says which file, and which line of it
 */
export async function readTrainerResult(
  tablePath: string,
  job: TrainerJob,
  format: 'xgboost-json' | 'other',
): Promise<{ artifact: Uint8Array; testPredictions: Float64Array }> {
  const { table, schema } = await readTableFile(tablePath)
  const rows = table.part.reduce((sum, part) => sum + (part === testPart ? 1 : 0), 0)
  const testPredictions = await readPredictions(job.testPredictions, rows, schema.classes?.length ?? 1, schema.classes !== null)
  return { artifact: readArtifact(job.artifact, format, schema), testPredictions }
}

function readArtifact(path: string, format: 'xgboost-json' | 'other', schema: FeatureSchema): Uint8Array {
  if (!existsSync(path)) throw new BadTrainerOutput('The trainer said that it wrote the model, but there is none.')
  const { size } = statSync(path)
  if (size === 0) throw new BadTrainerOutput('The model that the trainer wrote is empty.')
  if (size > mostArtifactBytes) {
    throw new BadTrainerOutput(`The model that the trainer wrote has ${size} bytes; at most ${mostArtifactBytes} are kept.`)
  }
  const bytes = readFileSync(path)
  if (format === 'xgboost-json') {
    const text = bytes.toString('utf8')
    try {
      if (readForest(text).attributes[schemaAttribute] !== JSON.stringify(schema)) {
        throw new Error(`it does not carry the job's attribute ${schemaAttribute}`)
      }
      readModel(text)
    } catch (error) {
      throw new BadTrainerOutput(`The trainer calls its model xgboost-json, but it cannot be served: ${(error as Error).message}`)
    }
  }
  return new Uint8Array(bytes)
}

/** @param width values per row */
async function readPredictions(path: string, rows: number, width: number, areProbabilities: boolean): Promise<Float64Array> {
  if (!existsSync(path)) throw new BadTrainerOutput('The trainer wrote no test predictions.')
  const predictions = new Float64Array(rows * width)
  let line = 0
  const refuse = (problem: string): never => {
    throw new BadTrainerOutput(`Line ${line} of the test predictions ${problem}.`)
  }
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    line++
    if (line === 1) continue // the header
    if (line - 1 > rows) refuse(`is one too many: the test table has ${rows} rows`)
    const cells = text.split(',')
    if (cells.length !== width) refuse(`has ${cells.length} values where ${width} are wanted`)
    let sum = 0
    cells.forEach((written, i) => {
      const value = written.trim() === '' ? Number.NaN : Number(written)
      if (!Number.isFinite(value)) refuse(`holds "${written.slice(0, 40)}", which is no number`)
      if (areProbabilities && (value < 0 || value > 1)) refuse(`holds ${value}, which is no probability`)
      sum += value
      predictions[(line - 2) * width + i] = value
    })
    if (areProbabilities && Math.abs(sum - 1) > sumTolerance) refuse(`has probabilities that add up to ${sum}`)
  }
  if (line - 1 !== rows) {
    throw new BadTrainerOutput(`The test predictions have ${Math.max(0, line - 1)} rows; the test table has ${rows}.`)
  }
  return predictions
}

/** @returns the gain by raw column as a share of the whole, largest first. @throws BadTrainerOutput */
export function importanceByColumn(
  importance: { feature: string; gain: number }[],
  schema: FeatureSchema,
): { column: string; gain: number }[] {
  const columns = columnsOfFeatures(schema)
  const gains = new Map<string, number>()
  for (const { feature, gain } of importance) {
    const index = schema.featureNames.indexOf(feature)
    if (index === -1) throw new BadTrainerOutput(`The trainer tells the importance of ${feature}, which is none of the features.`)
    const column = columns[index] as string
    gains.set(column, (gains.get(column) ?? 0) + gain)
  }
  const total = [...gains.values()].reduce((sum, gain) => sum + gain, 0)
  if (total === 0) return []
  return [...gains].map(([column, gain]) => ({ column, gain: gain / total })).sort((a, b) => b.gain - a.gain)
}
