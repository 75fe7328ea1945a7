/**
 * Features as bytes: each value becomes the index of its range. Trees are grown on these, so a training reads one byte per
 * value instead of comparing numbers.
 */
import type { TrainingTable } from '../table.ts'
import { trainingPart, validationPart } from '../table.ts'
import { binOf, findCuts } from './cuts.ts'
import { randomStream } from './random.ts'
import { shared } from './shared.ts'

/** Room for the cuts of one feature. */
export const cutStride = 256
/** Of more training rows than this, so many (drawn evenly) tell where the ranges of a feature end. */
const sampleRows = 2 ** 18

/** All of it is shared memory: each thread puts features of its own into bins. */
export interface Binned {
  /** Training rows, then validation rows, each in the table's order. */
  rows: number
  training: number
  features: number
  maxBins: number
  seed: number
  /** Row of the table for each row here. */
  tableRow: Uint32Array
  label: Float32Array
  weight: Float32Array | null
  /** Feature after feature, `rows` bytes each. A missing value has the index `binCount`. */
  bins: Uint8Array
  /** `cutStride` per feature, of which `binCount` are used (findCuts). */
  cuts: Float32Array
  binCount: Int32Array
  /** 1 where a row here lacks the value. */
  hasMissing: Uint8Array
}

export function allocateBinned(table: TrainingTable, maxBins: number, seed: number): Binned {
  const rowsOf = (part: number) => table.part.reduce((rows, value) => rows + (value === part ? 1 : 0), 0)
  const training = rowsOf(trainingPart)
  const rows = training + rowsOf(validationPart)
  const features = table.features.length
  const tableRow = shared.uint32(rows)
  let nextTraining = 0
  let nextValidation = training
  for (let row = 0; row < table.rows; row++) {
    if (table.part[row] === trainingPart) tableRow[nextTraining++] = row
    else if (table.part[row] === validationPart) tableRow[nextValidation++] = row
  }
  const pick = (values: Float32Array) => {
    const picked = shared.float32(rows)
    for (let i = 0; i < rows; i++) picked[i] = values[tableRow[i] as number] as number
    return picked
  }
  return {
    rows,
    training,
    features,
    maxBins,
    seed,
    tableRow,
    label: pick(table.label),
    weight: table.weight ? pick(table.weight) : null,
    bins: shared.uint8(features * rows),
    cuts: shared.float32(features * cutStride),
    binCount: shared.int32(features),
    hasMissing: shared.uint8(features),
  }
}

/** Finds the ranges of one feature among the training rows and puts all rows into them. */
export function binFeature(binned: Binned, values: Float32Array, feature: number): void {
  const { rows, training, tableRow, bins } = binned
  const column = new Float32Array(rows)
  let missing = 0
  for (let i = 0; i < rows; i++) {
    const value = values[tableRow[i] as number] as number
    column[i] = value
    // biome-ignore lint/suspicious/noSelfCompare: NaN alone differs from itself; this loop sees every value of the table.
    if (value !== value) missing = 1
  }
  // A byte has 256 values; a missing one needs an index of its own.
  const cuts = findCuts(sortedSample(column.subarray(0, training), binned.seed), Math.min(binned.maxBins, 256 - missing))
  binned.cuts.set(cuts, feature * cutStride)
  binned.binCount[feature] = cuts.length
  binned.hasMissing[feature] = missing
  const find = rows < 65_536 ? (value: number) => binOf(value, cuts, 0, cuts.length) : lookUp(cuts)
  const base = feature * rows
  for (let i = 0; i < rows; i++) {
    const value = column[i] as number
    // biome-ignore lint/suspicious/noSelfCompare: as above.
    bins[base + i] = value !== value ? cuts.length : find(value)
  }
}

function sortedSample(column: Float32Array, seed: number): Float32Array {
  let sample = column
  if (column.length > sampleRows) {
    // One from each of equally long stretches: even, and no period of the table can hide from it.
    const random = randomStream(seed, 0x62696e73)
    const stretch = column.length / sampleRows
    sample = new Float32Array(sampleRows)
    for (let i = 0; i < sampleRows; i++) sample[i] = column[Math.floor((i + random() / 2 ** 32) * stretch)] as number
  }
  return sample.filter((value) => !Number.isNaN(value)).sort()
}

/**
 * The same as `binOf` in fewer steps: the upper half of a number's bits, in the order of the numbers, tells between which
 * cuts it lies.
 */
function lookUp(cuts: Float32Array): (value: number) => number {
  const float = new Float32Array(1)
  const bits = new Uint32Array(float.buffer)
  // Minus infinity shares its upper half with numbers that are none.
  const least = new Uint8Array(65_537).fill(cuts.length - 1).fill(0, 0, 0x80)
  for (let half = 0, bin = 0; half < 65_536; half++) {
    // Undoes the order below: the least number with this upper half.
    const ordered = (half << 16) >>> 0
    bits[0] = ordered >= 0x8000_0000 ? ordered & 0x7fff_ffff : ~ordered
    const number = float[0] as number
    if (Number.isNaN(number)) continue
    while (bin < cuts.length - 1 && number >= (cuts[bin] as number)) bin++
    least[half] = bin
  }
  return (value) => {
    float[0] = value
    const raw = bits[0] as number
    const half = (raw >= 0x8000_0000 ? ~raw >>> 0 : (raw | 0x8000_0000) >>> 0) >>> 16
    const from = least[half] as number
    const to = least[half + 1] as number
    return from === to ? from : from + binOf(value, cuts, from, to + 1)
  }
}
