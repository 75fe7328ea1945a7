/** What the table of columns shows, and in which order: plain functions of the profile. */
import type { ColumnProfile, DataProfile } from '../../../contract/training.ts'
import { count, plural, shareWords } from '../../ui/format.ts'

export type ColumnFilter = 'all' | 'used' | 'left' | 'missing'

const leftOut = new Set<ColumnProfile['role']>(['ignored', 'leak', 'constant', 'empty'])
export const isLeftOut = ({ role }: Pick<ColumnProfile, 'role'>) => leftOut.has(role)

export const roleWords: Record<ColumnProfile['role'], string> = {
  feature: 'Feature',
  target: 'Target',
  ignored: 'Ignored',
  leak: 'Leak, left out',
  constant: 'Constant, left out',
  empty: 'Empty, left out',
}
export const roleTones: Record<ColumnProfile['role'], string> = {
  feature: '',
  target: 'run',
  ignored: '',
  leak: 'bad',
  constant: 'human',
  empty: 'human',
}
export const typeWords: Record<ColumnProfile['type'], string> = {
  number: 'number',
  date: 'date',
  boolean: 'yes or no',
  text: 'text',
  empty: 'empty',
}

export const filters: { id: ColumnFilter; name: string; fits: (column: ColumnProfile) => boolean }[] = [
  { id: 'all', name: 'All', fits: () => true },
  { id: 'used', name: 'Used', fits: (column) => !isLeftOut(column) },
  { id: 'left', name: 'Left out', fits: isLeftOut },
  { id: 'missing', name: 'With missing', fits: ({ missing }) => missing > 0 },
]

/** The columns that fit the filter and the search, in the file's order. */
export function shownColumns(columns: readonly ColumnProfile[], filter: ColumnFilter, search: string): ColumnProfile[] {
  const wanted = search.trim().toLocaleLowerCase()
  const fits = filters.find(({ id }) => id === filter)?.fits ?? (() => true)
  return columns.filter((column) => fits(column) && (wanted === '' || column.name.toLocaleLowerCase().includes(wanted)))
}

const delimiters: Record<string, string> = { ',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'bars', ' ': 'spaces' }

/** `4,177 rows · 9 columns · separated by commas, UTF-8, with a header`. */
export function profileWords({ rows, columns, delimiter, encoding, hasHeader, duplicates }: DataProfile): string {
  return [
    plural(rows, 'row'),
    plural(columns.length, 'column'),
    `separated by ${delimiters[delimiter] ?? delimiter}, ${encoding.toUpperCase()}, ${hasHeader ? 'with a header' : 'no header'}`,
    ...(duplicates > 0 ? [`${plural(duplicates, 'row')} stand there more than once`] : []),
  ].join(' · ')
}

/** What the operator of a decision needs of the data: what was left out or set aside, each with its size. */
export function profileBrief(profile: DataProfile): string[] {
  const { quarantined, columns, rows } = profile
  const cells = rows * columns.length
  const missing = columns.reduce((sum, column) => sum + column.missing, 0)
  const left = columns.filter(isLeftOut)
  const leaks = columns.filter(({ role }) => role === 'leak')
  return [
    `${plural(rows, 'row')}, ${plural(columns.length, 'column')}`,
    missing > 0 ? `${shareWords(missing / Math.max(1, cells))} of the values missing` : 'no value missing',
    ...(quarantined.count > 0 ? [`${plural(quarantined.count, 'row')} (${shareWords(quarantined.share)}) in quarantine`] : []),
    ...(profile.duplicates > 0 ? [`${count(profile.duplicates)} duplicates`] : []),
    ...(leaks.length > 0 ? [`left out as a leak: ${leaks.map(({ name }) => name).join(', ')}`] : []),
    ...(left.length > leaks.length ? [`${plural(left.length - leaks.length, 'column')} left out for other reasons`] : []),
  ]
}
