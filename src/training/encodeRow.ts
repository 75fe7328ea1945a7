/** One row of raw cells as a model's features: what serving does with every request. Pure. */
import { type DateFormat, dateFormats, isMissing, type NumberFormat, parseDate, parseNumber } from './cells.ts'
import type { ColumnEncoder, FeatureSchema } from './featureSchema.ts'

export type Cell = string | number | boolean | null

/** A cell that does not fit its column; `message` names neither row nor column. */
export class CellProblem extends Error {
  readonly column: string
  constructor(column: string, message: string) {
    super(message)
    this.name = 'CellProblem'
    this.column = column
  }
}

/**
 * @param cells by column; a column without a cell is an error, a missing value (null, empty, NA …) is not
 * @returns `schema.featureNames.length` values, NaN where missing
 * @throws CellProblem for the first column whose cell does not fit
 */
export function encodeRow(schema: FeatureSchema, cells: Readonly<Record<string, Cell>>): Float32Array {
  const features = new Float32Array(schema.featureNames.length)
  let at = 0
  for (const encoder of schema.encoders) {
    if (!Object.hasOwn(cells, encoder.column)) throw new CellProblem(encoder.column, 'the column is missing')
    at = encodeCell(encoder, cells[encoder.column] as Cell, features, at)
  }
  return features
}

/** How many features an encoder gives. */
export function widthOf(encoder: ColumnEncoder): number {
  switch (encoder.kind) {
    case 'number':
    case 'date':
      return 1
    case 'oneHot':
      return encoder.categories.length
    case 'targetMean':
      return encoder.otherwise.length
    default:
      return encoder satisfies never
  }
}

function encodeCell(encoder: ColumnEncoder, cell: Cell, features: Float32Array, at: number): number {
  const end = at + widthOf(encoder)
  if (cell === null || (typeof cell === 'string' && isMissing(cell))) {
    features.fill(Number.NaN, at, end)
    return end
  }
  switch (encoder.kind) {
    case 'number':
      features[at] = numberOf(encoder, cell)
      break
    case 'date':
      features[at] = dateOf(encoder, cell)
      break
    case 'oneHot': {
      const category = encoder.categories.indexOf(categoryOf(cell))
      if (category !== -1) features[at + category] = 1
      break
    }
    case 'targetMean': {
      const name = categoryOf(cell)
      features.set(Object.hasOwn(encoder.categories, name) ? (encoder.categories[name] as number[]) : encoder.otherwise, at)
      break
    }
    default:
      encoder satisfies never
  }
  return end
}

function numberOf(encoder: Extract<ColumnEncoder, { kind: 'number' }>, cell: string | number | boolean): number {
  const { column, decimal, thousands } = encoder
  const value = typeof cell === 'string' ? parseNumber(cell, { decimal, thousands } as NumberFormat) : cell
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new CellProblem(column, `${quoted(cell)} is not a number`)
  const single = Math.fround(value)
  if (!Number.isFinite(single)) throw new CellProblem(column, `${quoted(cell)} is too large a number`)
  return single
}

function dateOf({ column, format }: Extract<ColumnEncoder, { kind: 'date' }>, cell: string | number | boolean): number {
  const seconds = typeof cell === 'string' && Object.hasOwn(dateFormats, format) ? parseDate(cell, format as DateFormat) : null
  if (seconds === null) throw new CellProblem(column, `${quoted(cell)} is not a date as training saw them (${format})`)
  return seconds
}

/** Categories are told apart as they are written, without the space around them. */
export const categoryOf = (cell: string | number | boolean): string => String(cell).trim()

const quoted = (cell: string | number | boolean): string => {
  const text = typeof cell === 'string' ? JSON.stringify(cell) : String(cell)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
