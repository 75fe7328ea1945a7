/** Names and types of a table's columns. Pure. */
import { type Delimiter, isNumericColumn } from './sniff.ts'

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

/** The first few of a list, and how many more there are. */
export function listed(items: string[], most = 5): string {
  const shown = items.slice(0, most).join(', ')
  return items.length > most ? `${shown} and ${items.length - most} more` : shown
}

export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`
