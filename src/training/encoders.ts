/** Turns raw columns into features, by what the training part alone shows. Pure. */
import type { Task } from '../contract/training.ts'
import type { DateFormat, NumberFormat } from './cells.ts'
import { widthOf } from './encodeRow.ts'
import type { ColumnEncoder, FeatureSchema } from './featureSchema.ts'
import { type SliceColumn, type TrainingTable, trainingPart } from './table.ts'

export type RawColumn =
  /** NaN where missing. */
  | { kind: 'number'; name: string; format: NumberFormat; values: Float32Array }
  /** Seconds since 1970 in UTC, NaN where missing. */
  | { kind: 'date'; name: string; format: DateFormat; values: Float32Array }
  /** An index into `categories` per row, `missingCategory` where missing. */
  | { kind: 'text'; name: string; categories: string[]; index: Uint32Array }

export const missingCategory = 0xffff_ffff

/** A feature each; beyond that a category is what its target tells. */
export const mostOneHot = 16
/** The prior counts as this many rows, so that a rare category is not taken at its word. */
export const smoothing = 20
/** A training row's own target must not be in its feature: its mean is that of the other folds. */
export const folds = 5
/** Slices of a column with more categories would each be next to nothing. */
const mostSlices = 50
/** What rows without a value of a categorical column are called when a model is judged by category. */
const missingName = '(missing)'

export interface RawTable {
  task: Task
  target: string
  classes: string[] | null
  columns: RawColumn[]
  label: Float32Array
  part: Uint8Array
  /** Of each row's content, as for `splitRows`. */
  hashes: Float64Array
}

/** The table as a trainer takes it, with the encoders that a model needs to predict later. */
export function encodeTable(raw: RawTable): { table: TrainingTable; schema: FeatureSchema; slices: SliceColumn[] } {
  const rows = raw.label.length
  const encoders: ColumnEncoder[] = []
  const features: Float32Array[] = []
  const names: string[] = []
  const slices: SliceColumn[] = []
  for (const column of raw.columns) {
    const encoder = fitEncoder(column, raw)
    if (widthOf(encoder) === 0) continue
    encoders.push(encoder)
    names.push(...namesOf(encoder, raw))
    features.push(...encodeColumn(encoder, column, raw))
    if (column.kind === 'text' && column.categories.length <= mostSlices) slices.push(sliceOf(column))
  }
  const featureNames = unique(names)
  const schema: FeatureSchema = { version: 1, task: raw.task, target: raw.target, classes: raw.classes, encoders, featureNames }
  return { schema, slices, table: { rows, featureNames, features, label: raw.label, part: raw.part } }
}

function fitEncoder(column: RawColumn, raw: RawTable): ColumnEncoder {
  switch (column.kind) {
    case 'number':
      return { kind: 'number', column: column.name, ...column.format }
    case 'date':
      return { kind: 'date', column: column.name, format: column.format }
    case 'text': {
      const counts = new Uint32Array(column.categories.length)
      column.index.forEach((category, row) => {
        if (category !== missingCategory && raw.part[row] === trainingPart) counts[category] = (counts[category] as number) + 1
      })
      const seen = column.categories.flatMap((name, category) => (counts[category] ? [{ name, rows: counts[category] }] : []))
      if (seen.length <= mostOneHot) {
        const byRows = seen.sort((a, b) => b.rows - a.rows || compare(a.name, b.name))
        return { kind: 'oneHot', column: column.name, categories: byRows.map(({ name }) => name) }
      }
      const { means, otherwise } = targetMeans(column, raw, (row) => raw.part[row] === trainingPart)
      return {
        kind: 'targetMean',
        column: column.name,
        // Without a prototype: a category may be called "__proto__".
        categories: Object.assign(
          Object.create(null),
          Object.fromEntries(column.categories.flatMap((name, category) => (counts[category] ? [[name, means[category]]] : []))),
        ),
        otherwise,
      }
    }
    default:
      return column satisfies never
  }
}

/** How many means a category has: the target's own, the second class's share, or one share per class. */
const meansPerCategory = ({ classes }: RawTable) => (classes === null || classes.length === 2 ? 1 : classes.length)

/** What a row adds to the k-th mean of its category. */
const amount = (raw: RawTable, row: number, k: number): number => {
  const label = raw.label[row] as number
  if (raw.classes === null) return label
  return label === (raw.classes.length === 2 ? 1 : k) ? 1 : 0
}

/** Smoothed means per category over the rows that count (Micci-Barreca, 2001): (sum + m · prior) / (n + m). */
function targetMeans(
  column: Extract<RawColumn, { kind: 'text' }>,
  raw: RawTable,
  counts: (row: number) => boolean,
): { means: number[][]; otherwise: number[] } {
  const width = meansPerCategory(raw)
  const size = column.categories.length
  const sums = new Float64Array(size * width)
  const rowsOf = new Uint32Array(size)
  const totals = new Float64Array(width)
  let all = 0
  for (let row = 0; row < raw.label.length; row++) {
    if (!counts(row)) continue
    all++
    const category = column.index[row] as number
    for (let k = 0; k < width; k++) {
      const value = amount(raw, row, k)
      totals[k] = (totals[k] as number) + value
      if (category !== missingCategory) sums[category * width + k] = (sums[category * width + k] as number) + value
    }
    if (category !== missingCategory) rowsOf[category] = (rowsOf[category] as number) + 1
  }
  const otherwise = Array.from(totals, (total) => Math.fround(total / Math.max(1, all)))
  const means = Array.from({ length: size }, (_, category) =>
    otherwise.map((prior, k) =>
      Math.fround(((sums[category * width + k] as number) + smoothing * prior) / ((rowsOf[category] as number) + smoothing)),
    ),
  )
  return { means, otherwise }
}

function encodeColumn(encoder: ColumnEncoder, column: RawColumn, raw: RawTable): Float32Array[] {
  if (column.kind !== 'text') return [column.values]
  if (encoder.kind === 'oneHot') return oneHotFeatures(encoder.categories, column)
  if (encoder.kind === 'targetMean') return targetMeanFeatures(encoder, column, raw)
  throw new Error(`${encoder.kind} encodes no texts`)
}

function oneHotFeatures(categories: string[], { index, categories: all }: Extract<RawColumn, { kind: 'text' }>): Float32Array[] {
  const featureOf = new Map(categories.map((name, feature) => [all.indexOf(name), feature]))
  const features = categories.map(() => new Float32Array(index.length))
  index.forEach((category, row) => {
    if (category === missingCategory) for (const feature of features) feature[row] = Number.NaN
    else {
      const feature = features[featureOf.get(category) ?? -1]
      if (feature) feature[row] = 1
    }
  })
  return features
}

function targetMeanFeatures(
  { categories, otherwise }: Extract<ColumnEncoder, { kind: 'targetMean' }>,
  column: Extract<RawColumn, { kind: 'text' }>,
  raw: RawTable,
): Float32Array[] {
  const known = column.categories.map((name) => (Object.hasOwn(categories, name) ? (categories[name] as number[]) : otherwise))
  const foldOf = (row: number) => (raw.hashes[row] as number) % folds
  const inTraining = (row: number) => raw.part[row] === trainingPart
  const outOfFold = Array.from({ length: folds }, (_, fold) =>
    targetMeans(column, raw, (row) => inTraining(row) && foldOf(row) !== fold),
  )
  const features = otherwise.map(() => new Float32Array(column.index.length))
  column.index.forEach((category, row) => {
    const fold = outOfFold[foldOf(row)]
    const means = category === missingCategory ? null : ((inTraining(row) ? fold?.means[category] : known[category]) ?? otherwise)
    features.forEach((feature, k) => {
      feature[row] = means === null ? Number.NaN : (means[k] as number)
    })
  })
  return features
}

function namesOf(encoder: ColumnEncoder, { classes }: RawTable): string[] {
  switch (encoder.kind) {
    case 'number':
    case 'date':
      return [encoder.column]
    case 'oneHot':
      return encoder.categories.map((category) => `${encoder.column}=${category}`)
    case 'targetMean':
      return encoder.otherwise.length === 1 ? [encoder.column] : (classes ?? []).map((label) => `${encoder.column}~${label}`)
    default:
      return encoder satisfies never
  }
}

/** XGBoost takes no feature whose name has one of these. */
const unique = (names: string[]): string[] => {
  const taken = new Set<string>()
  return names.map((name) => {
    const safe = name.replace(/[[\]<]/g, '_')
    let free = safe
    for (let n = 2; taken.has(free); n++) free = `${safe}_${n}`
    taken.add(free)
    return free
  })
}

function sliceOf({ name, categories, index }: Extract<RawColumn, { kind: 'text' }>): SliceColumn {
  const hasMissing = index.includes(missingCategory)
  return {
    column: name,
    categories: hasMissing ? [...categories, missingName] : categories,
    index: hasMissing ? index.map((category) => (category === missingCategory ? categories.length : category)) : index,
  }
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
