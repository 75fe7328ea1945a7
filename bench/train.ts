/**
 * The boosting trainer beside XGBoost for Python (`hist`, same settings, same threads, same tables): cross-validation on
 * Abalone, and a million rows. `node bench/train.ts`
 *
 * Abalone is not part of the project (UCI Machine Learning Repository, doi:10.24432/C55C7W, CC BY 4.0): `BENCH_ABALONE` is
 * the path of its `abalone.data`, by default ../shared/data/abalone.csv.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pythonPeer } from '../scripts/pythonPeer.ts'
import { xgboostPackages } from '../scripts/xgboostPeer.ts'
import { type BoostingSettings, defaultBoostingSettings } from '../src/contract/boosting.ts'
import { randomStream } from '../src/training/boosting/random.ts'
import type { FeatureSchema } from '../src/training/featureSchema.ts'
import { type TrainingTable, testPart, trainingPart, validationPart } from '../src/training/table.ts'
import { writeTableFile } from '../src/training/tableFile.ts'
import { megabytes, printTable, type Row, seconds } from './table.ts'
import type { OursAnswer, PeerAnswer, TrainJob } from './train/job.ts'

const limits = { mae: 1.52, r2: 0.55, maeRatio: 1.01, timeRatio: 3, bytes: 2e9 }
const threads = Math.min(2, availableParallelism())
const folds = 10
const abaloneFile = process.env.BENCH_ABALONE ?? join(import.meta.dirname, '..', '..', 'shared', 'data', 'abalone.csv')
const run1 = promisify(execFile)

interface Plain {
  features: Float32Array[]
  label: Float32Array
}

function readAbalone(): Plain {
  const rows = readFileSync(abaloneFile, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(','))
  const number = (column: number) => Float32Array.from(rows, (row) => Number(row[column]))
  const sex = (is: string) => Float32Array.from(rows, (row) => (row[0] === is ? 1 : 0))
  return { features: [sex('M'), sex('F'), sex('I'), ...[1, 2, 3, 4, 5, 6, 7].map(number)], label: number(8) }
}

/** Friedman's function of five features (Friedman, "Multivariate Adaptive Regression Splines", 1991) with noise, and fifteen that tell nothing. */
function drawMillion(): Plain {
  const rows = 1_000_000
  const random = randomStream(1)
  const uniform = () => random() / 2 ** 32
  const features = Array.from({ length: 20 }, () => Float32Array.from({ length: rows }, uniform))
  const label = Float32Array.from({ length: rows }, (_, row) => {
    const x = (feature: number) => features[feature]?.[row] as number
    return 10 * Math.sin(Math.PI * x(0) * x(1)) + 20 * (x(2) - 0.5) ** 2 + 10 * x(3) + 5 * x(4) + uniform() * 4 - 2
  })
  return { features, label }
}

async function write(
  folder: string,
  name: string,
  plain: Plain,
  part: Uint8Array,
  fitAlone: boolean,
): Promise<TrainJob['tables'][0]> {
  const { features, label } = plain
  const rows = label.length
  const featureNames = features.map((_, i) => `f${i}`)
  const table: TrainingTable = { rows, featureNames, features, label, part }
  const encoders = featureNames.map((column) => ({ kind: 'number', column, decimal: '.', thousands: '' }) as const)
  const schema: FeatureSchema = { version: 1, task: 'regression', target: 'y', classes: null, encoders, featureNames }
  const path = join(folder, `${name}.table`)
  await writeTableFile(path, { table, schema, slices: [] })
  const raw = new Float32Array(rows * (features.length + 2))
  features.forEach((feature, f) => {
    for (let row = 0; row < rows; row++) raw[row * features.length + f] = feature[row] as number
  })
  raw.set(label, rows * features.length)
  raw.set(part, rows * (features.length + 1))
  writeFileSync(`${path}.raw`, raw)
  return { path, raw: `${path}.raw`, rows, features: features.length, fitAlone }
}

async function train(
  folder: string,
  job: TrainJob,
  python: string | null,
): Promise<{ ours: OursAnswer; peer: PeerAnswer | null }> {
  const jobFile = join(folder, 'job.json')
  writeFileSync(jobFile, JSON.stringify(job))
  const ask = async (command: string, script: string) =>
    JSON.parse(
      (await run1(command, [join(import.meta.dirname, 'train', script), jobFile], { maxBuffer: 256 * 1024 ** 2 })).stdout,
    )
  return { ours: await ask(process.execPath, 'ours.ts'), peer: python === null ? null : await ask(python, 'peer.py') }
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** Mean over the folds, as scikit-learn's cross_val_score gives it. */
function judge(label: Float32Array, parts: Uint8Array[], predictions: number[][]): { mae: number; r2: number } {
  const perFold = parts.map((part, fold) => {
    const actual = [...label].filter((_, row) => part[row] === testPart)
    const predicted = predictions[fold] as number[]
    const middle = mean(actual)
    const errors = actual.map((value, i) => value - (predicted[i] as number))
    return {
      mae: mean(errors.map(Math.abs)),
      r2: 1 - mean(errors.map((error) => error ** 2)) / mean(actual.map((value) => (value - middle) ** 2)),
    }
  })
  return { mae: mean(perFold.map(({ mae }) => mae)), r2: mean(perFold.map(({ r2 }) => r2)) }
}

/** Every row is in one test fold; a ninth of the others stops the training. */
function abaloneParts(rows: number): Uint8Array[] {
  const random = randomStream(2026)
  const fold = Uint8Array.from({ length: rows }, (_, i) => i % folds)
  for (let i = rows - 1; i > 0; i--) {
    const j = Math.floor((random() / 2 ** 32) * (i + 1))
    ;[fold[i], fold[j]] = [fold[j] as number, fold[i] as number]
  }
  return Array.from({ length: folds }, (_, test) =>
    fold.map((of) => (of === test ? testPart : of === (test + 1) % folds ? validationPart : trainingPart)),
  )
}

async function abalone(folder: string, python: string | null): Promise<Row[]> {
  if (!existsSync(abaloneFile)) {
    return [{ what: 'Abalone: BENCH_ABALONE names no file', measured: 'not measured', toReach: '', reached: null }]
  }
  const plain = readAbalone()
  const parts = abaloneParts(plain.label.length)
  const tables = await Promise.all(parts.map((part, fold) => write(folder, `abalone-${fold}`, plain, part, true)))
  const { ours, peer } = await train(folder, { settings: defaultBoostingSettings, threads, tables }, python)
  const our = judge(
    plain.label,
    parts,
    ours.trainings.map(({ predictions }) => predictions),
  )
  const fit = median(ours.trainings.map(({ fitSeconds }) => fitSeconds as number))
  const whole = median(ours.trainings.map(({ wholeSeconds }) => wholeSeconds))
  const rounds = median(ours.trainings.map((training) => training.rounds))
  const rows: Row[] = [
    {
      what: 'Abalone, 10-fold cross-validation, default settings: MAE',
      measured: our.mae.toFixed(3),
      toReach: `<= ${limits.mae}`,
      reached: our.mae <= limits.mae,
    },
    { what: 'the same: R2', measured: our.r2.toFixed(3), toReach: `>= ${limits.r2}`, reached: our.r2 >= limits.r2 },
    {
      what: 'the same: a whole training, threads and files included (median)',
      measured: seconds(whole * 1000),
      toReach: '',
      reached: null,
    },
  ]
  if (peer === null) return rows
  const their = judge(
    plain.label,
    parts,
    peer.trainings.map(({ predictions }) => predictions),
  )
  const theirFit = median(peer.trainings.map((training) => training.seconds))
  const theirRounds = median(peer.trainings.map((training) => training.rounds))
  return [
    ...rows,
    {
      what: `XGBoost ${peer.version}: MAE (R2 ${their.r2.toFixed(3)})`,
      measured: `${their.mae.toFixed(3)}; ours is ${(our.mae / their.mae).toFixed(3)} times that`,
      toReach: `<= ${limits.maeRatio} times`,
      reached: our.mae <= limits.maeRatio * their.mae,
    },
    {
      what: 'time per fit (median of 10)',
      measured: `${fit.toFixed(2)} s (${rounds} rounds kept), XGBoost ${theirFit.toFixed(2)} s (${theirRounds}): ${(fit / theirFit).toFixed(2)} times`,
      toReach: `<= ${limits.timeRatio} times`,
      reached: fit <= limits.timeRatio * theirFit,
    },
  ]
}

async function million(folder: string, python: string | null): Promise<Row[]> {
  const plain = drawMillion()
  const part = new Uint8Array(plain.label.length).map((_, row) => (row % 10 === 0 ? testPart : trainingPart))
  const tables = [await write(folder, 'million', plain, part, false)]
  const settings: BoostingSettings = {
    ...defaultBoostingSettings,
    rounds: 100,
    depth: 6,
    learningRate: 0.1,
    rowSample: 1,
    columnSample: 1,
    minLeafWeight: 1,
    earlyStoppingRounds: 0,
  }
  const { ours, peer } = await train(folder, { settings, threads, tables }, python)
  const [our] = ours.trainings as [OursAnswer['trainings'][0]]
  const maeOf = (predictions: number[]) => judge(plain.label, [part], [predictions]).mae
  const rows: Row[] = [
    {
      what: '1,000,000 rows x 20 columns, 100 rounds of depth 6: peak memory of the process',
      measured: megabytes(ours.maxRssBytes),
      toReach: `< ${megabytes(limits.bytes)}`,
      reached: ours.maxRssBytes < limits.bytes,
    },
    {
      what: 'the same: a whole training, threads and files included',
      measured: seconds(our.wholeSeconds * 1000),
      toReach: '',
      reached: null,
    },
  ]
  const [their] = peer?.trainings ?? []
  if (peer === null || their === undefined) return rows
  const [mae, theirMae] = [maeOf(our.predictions), maeOf(their.predictions)]
  return [
    ...rows,
    {
      what: `XGBoost: ${seconds(their.seconds * 1000)} for table and fit, ${megabytes(peer.maxRssBytes)}`,
      measured: `${(our.wholeSeconds / their.seconds).toFixed(2)} times`,
      toReach: `<= ${limits.timeRatio} times`,
      reached: our.wholeSeconds <= limits.timeRatio * their.seconds,
    },
    {
      what: 'MAE on 100,000 other rows',
      measured: `${mae.toFixed(4)}, XGBoost ${theirMae.toFixed(4)}: ${(mae / theirMae).toFixed(3)} times`,
      toReach: `<= ${limits.maeRatio} times`,
      reached: mae <= limits.maeRatio * theirMae,
    },
  ]
}

export async function run(): Promise<Row[]> {
  const python = await pythonPeer(xgboostPackages)
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-train-'))
  try {
    return [...(await abalone(folder, python)), ...(await million(folder, python))]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

if (import.meta.main) printTable('train', await run())
