/** Names and types of a table's columns. Pure. */
import type { ColumnInfo } from '../../../temporal/types.ts'
import type { Delimiter } from './rows.ts'
import { isMissing, isNumber, isNumericColumn } from './sniff.ts'

/** The UCI Abalone table, which comes without a header line. */
const abaloneNames = [
  'sex',
  'length',
  'diameter',
  'height',
  'whole_weight',
  'shucked_weight',
  'viscera_weight',
  'shell_weight',
  'rings',
]

/** Nine columns, the first one of M, F and I, the others numbers. */
export function isAbalone(rows: string[][], delimiter: Delimiter): boolean {
  return (
    rows.length > 0 &&
    rows.every((row) => row.length === abaloneNames.length && /^\s*[MFI]\s*$/.test(row[0] ?? '')) &&
    abaloneNames.every((_, column) => column === 0 || isNumericColumn(rows, column, delimiter))
  )
}

/** Names for a table without a header line, and the sentence that says so. */
export function inventNames(rows: string[][], width: number, delimiter: Delimiter): { names: string[]; note: string } {
  if (isAbalone(rows, delimiter)) {
    return {
      names: [...abaloneNames],
      note: 'There is no header line; the layout is that of the Abalone table, so its column names are used and rings is the target.',
    }
  }
  return {
    names: Array.from({ length: width }, (_, column) => `column${column}`),
    note: `There is no header line; the columns are named column0 to column${width - 1}.`,
  }
}

/** Makes every name present and unique; each change is told in a note. */
export function uniqueNames(header: string[]): { names: string[]; notes: string[] } {
  const trimmed = header.map((name) => name.trim())
  const taken = new Set(trimmed)
  const seen = new Set<string>()
  const named: string[] = []
  const renamed: string[] = []
  const free = (wanted: (n: number) => string, first: number) => {
    for (let n = first; ; n++) if (!taken.has(wanted(n))) return wanted(n)
  }
  const names = trimmed.map((name, column) => {
    if (name !== '' && !seen.has(name)) {
      seen.add(name)
      return name
    }
    const unique =
      name === '' ? free((n) => (n === 1 ? `column${column}` : `column${column}_${n}`), 1) : free((n) => `${name}_${n}`, 2)
    taken.add(unique)
    if (name === '') named.push(unique)
    else renamed.push(`${name} → ${unique}`)
    return unique
  })
  const notes: string[] = []
  if (named.length > 0) notes.push(`The header leaves ${count(named.length, 'column')} without a name; named ${listed(named)}.`)
  if (renamed.length > 0) notes.push(`The header repeats column names; renamed ${listed(renamed)}.`)
  return { names, notes }
}

/** Follows the types of all columns and whether the last one can be a target; keeps no rows. */
export function createColumnTypes(width: number, delimiter: Delimiter) {
  const types: ColumnInfo['type'][] = new Array(width).fill('empty')
  const target = width - 1
  let targetFirst: string | null = null
  let targetVaries = false
  let decimalCommas = false

  return {
    add(row: string[]): void {
      for (let column = 0; column < width; column++) {
        if (types[column] === 'text') continue
        const cell = row[column] as string
        if (isPlainNumber(cell)) types[column] = 'number'
        else if (isMissing(cell)) continue
        else if (isNumber(cell, delimiter)) {
          types[column] = 'number'
          if (delimiter !== ',' && cell.includes(',')) decimalCommas = true
        } else types[column] = 'text'
      }
      if (targetVaries) return
      const value = (row[target] as string).trim()
      if (isMissing(value)) return
      if (targetFirst === null) targetFirst = value
      else if (value !== targetFirst && Number(value) !== Number(targetFirst)) targetVaries = true
    },
    types: (): readonly ColumnInfo['type'][] => types,
    /** `one`: the only value there is, so nothing can be learned from it. */
    target: (): { kind: 'usable' | 'missing' } | { kind: 'one'; value: string } =>
      targetVaries ? { kind: 'usable' } : targetFirst === null ? { kind: 'missing' } : { kind: 'one', value: targetFirst },
    decimalCommas: () => decimalCommas,
  }
}

/** Digits with at most one point and a sign: nearly every number there is, told apart without a regular expression. */
function isPlainNumber(cell: string): boolean {
  const length = cell.length
  if (length === 0 || length > 30) return false
  let digits = 0
  let points = 0
  for (let i = 0; i < length; i++) {
    const code = cell.charCodeAt(i)
    if (code >= 48 && code <= 57) digits++
    else if (code === 46) points++
    else if (i !== 0 || (code !== 45 && code !== 43)) return false
  }
  return digits > 0 && points <= 1
}

/** The first few of a list, and how many more there are. */
export function listed(items: string[], most = 5): string {
  const shown = items.slice(0, most).join(', ')
  return items.length > most ? `${shown} and ${items.length - most} more` : shown
}

export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`
