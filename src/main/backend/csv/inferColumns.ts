/** What kind of values a column holds, from the beginning of the table. Pure. */
import {
  dateFormatNames,
  isMissing,
  type NumberFormat,
  numberFormats,
  parseDate,
  parseNumber,
  plainNumbers,
} from '../../../training/cells.ts'
import type { ColumnKind, Reading } from '../../../training/dataPlan.ts'

/** A column is of a kind when this share of its cells is: the others are faults in the file. */
const leastShare = 0.95
/** As many words may stand for "not known" in a column of numbers, when each comes again. */
const mostNullWords = 3

/**
 * @param columns the cells of each column; null where the file has none
 * @returns a kind for each, and the words that stand for "not known" in columns of numbers, e.g. `-` or `unknown`
 */
export function inferColumns(
  columns: readonly (readonly (string | null)[])[],
  delimiter: Reading['delimiter'],
): { kinds: ColumnKind[]; nullWords: string[] } {
  const words = new Set<string>()
  // Between commas "1,234" is a thousand; between semicolons it is more likely one and a bit.
  const formats =
    delimiter === ',' ? [...numberFormats].sort((a, b) => Number(a.decimal === ',') - Number(b.decimal === ',')) : numberFormats
  const present = columns.map((cells) => cells.filter((cell): cell is string => cell !== null && !isMissing(cell)))
  const kinds = present.map((cells): ColumnKind => {
    if (cells.length === 0) return { kind: 'empty' }
    const format = best(formats, cells, (cell, f) => parseNumber(cell, f) !== null)
    const odd = cells.filter((cell) => parseNumber(cell, format) === null)
    const standIns = nullWordsAmong(odd)
    if (standIns !== null && odd.length * 2 <= cells.length) {
      for (const word of standIns) words.add(word)
      return { kind: 'number', format }
    }
    if (odd.length <= cells.length * (1 - leastShare)) return { kind: 'number', format }
    const date = best(dateFormatNames, cells, (cell, f) => parseDate(cell, f) !== null)
    const dates = cells.filter((cell) => parseDate(cell, date) !== null).length
    return dates >= cells.length * leastShare ? { kind: 'date', format: date } : { kind: 'text' }
  })
  return { kinds: readGroups(kinds, present), nullWords: [...words] }
}

/** The first of the formats that most cells fit. */
function best<F>(formats: readonly F[], cells: readonly string[], fits: (cell: string, format: F) => boolean): F {
  let chosen = formats[0] as F
  let most = -1
  for (const format of formats) {
    let count = 0
    for (const cell of cells) if (fits(cell, format)) count++
    if (count > most) [chosen, most] = [format, count]
    if (count === cells.length) break
  }
  return chosen
}

/** The few words that all of these cells are, each written without a digit and more than once; null when they are more. */
export function nullWordsAmong(cells: readonly string[]): string[] | null {
  const counts = new Map<string, number>()
  for (const cell of cells) {
    counts.set(cell, (counts.get(cell) ?? 0) + 1)
    if (counts.size > mostNullWords) return null
  }
  return [...counts].every(([word, times]) => times > 1 && !/\d/.test(word)) ? [...counts.keys()] : null
}

/** In a file with decimal commas, points between groups of three digits are no decimal points. */
function readGroups(kinds: ColumnKind[], present: readonly string[][]): ColumnKind[] {
  if (!kinds.some((kind) => kind.kind === 'number' && kind.format.decimal === ',')) return kinds
  const groups: NumberFormat = { decimal: ',', thousands: '.' }
  return kinds.map((kind, column) => {
    if (kind.kind !== 'number' || kind.format !== plainNumbers) return kind
    const pointed = (present[column] as string[]).filter((cell) => cell.includes('.'))
    const grouped = pointed.length > 0 && pointed.every((cell) => parseNumber(cell, groups) !== null)
    return grouped ? { kind: 'number', format: groups } : kind
  })
}
