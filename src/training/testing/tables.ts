/** Tables for tests: drawn, the same for the same seed. */
import type { Task } from '../../contract/training.ts'
import { randomStream } from '../boosting/random.ts'
import type { FeatureSchema } from '../featureSchema.ts'
import { type TrainingTable, testPart, trainingPart, validationPart } from '../table.ts'

export function drawTable({
  rows,
  features = 5,
  task = 'regression',
  classes = 3,
  missing = 0,
  seed = 1,
}: {
  rows: number
  features?: number
  task?: Task
  classes?: number
  /** Share of the values. */
  missing?: number
  seed?: number
}): { table: TrainingTable; schema: FeatureSchema } {
  const random = randomStream(seed)
  const uniform = () => random() / 2 ** 32
  const shared = () => new Float32Array(new SharedArrayBuffer(rows * 4))
  const columns = Array.from({ length: features }, () => shared().map(() => uniform() * 4 - 2))
  const label = shared()
  for (let row = 0; row < rows; row++) {
    const value = (feature: number) => columns[feature % features]?.[row] as number
    const signal = 3 * value(0) + value(1) * value(2) + Math.sin(3 * value(3)) + uniform()
    if (task === 'regression') label[row] = 50 + signal
    else if (task === 'binary') label[row] = signal > 0.3 ? 1 : 0
    else label[row] = Math.max(0, Math.min(classes - 1, Math.floor(((signal + 6) / 12) * classes)))
  }
  for (const column of columns) {
    for (let row = 0; row < rows; row++) if (uniform() < missing) column[row] = Number.NaN
  }
  const part = new Uint8Array(rows).map(
    (_, row) => [trainingPart, trainingPart, trainingPart, validationPart, testPart][row % 5] ?? 0,
  )
  return tableOf(columns, label, task, task === 'binary' ? 2 : classes, part)
}

/** A table of these columns; all rows are training rows unless `part` says otherwise. */
export function tableOf(
  columns: ArrayLike<number>[],
  label: ArrayLike<number>,
  task: Task = 'regression',
  classes = 2,
  part = new Uint8Array(label.length),
): { table: TrainingTable; schema: FeatureSchema } {
  const featureNames = columns.map((_, i) => `f${i}`)
  return {
    table: {
      rows: label.length,
      featureNames,
      features: columns.map((column) => (column instanceof Float32Array ? column : Float32Array.from(column))),
      label: label instanceof Float32Array ? label : Float32Array.from(label),
      part,
    },
    schema: {
      version: 1,
      task,
      target: 'y',
      classes: task === 'regression' ? null : Array.from({ length: classes }, (_, i) => `class ${i}`),
      encoders: featureNames.map((column) => ({ kind: 'number', column, decimal: '.', thousands: '' })),
      featureNames,
    },
  }
}

export const rowOf = (table: TrainingTable, row: number): Float32Array =>
  Float32Array.from(table.features, (feature) => feature[row] as number)
