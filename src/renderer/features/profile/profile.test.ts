import { describe, expect, it } from 'vitest'
import type { ColumnProfile, DataProfile } from '../../../contract/training.ts'
import { profileBrief, profileWords, shownColumns } from './profile.ts'

const column = (name: string, change: Partial<ColumnProfile> = {}): ColumnProfile => ({
  name,
  type: 'number',
  role: 'feature',
  why: null,
  missing: 0,
  distinct: 10,
  min: 0,
  max: 1,
  mean: 0.5,
  median: 0.5,
  standardDeviation: 0.1,
  histogram: [],
  top: null,
  ...change,
})
const profile = (change: Partial<DataProfile> = {}): DataProfile => ({
  rows: 4177,
  duplicates: 0,
  delimiter: ',',
  encoding: 'utf-8',
  hasHeader: true,
  quarantined: { count: 0, share: 0, examples: [] },
  columns: [column('length'), column('age', { role: 'leak' }), column('id', { role: 'ignored', missing: 7 })],
  notes: [],
  ...change,
})

describe('shownColumns', () => {
  const names = (...args: Parameters<typeof shownColumns>) => shownColumns(...args).map(({ name }) => name)
  it('keeps the file’s order, and looks for a part of the name in any case', () => {
    expect(names(profile().columns, 'all', '')).toEqual(['length', 'age', 'id'])
    expect(names(profile().columns, 'all', ' LEN ')).toEqual(['length'])
  })
  it('knows what was left out and what lacks values', () => {
    expect(names(profile().columns, 'left', '')).toEqual(['age', 'id'])
    expect(names(profile().columns, 'used', '')).toEqual(['length'])
    expect(names(profile().columns, 'missing', '')).toEqual(['id'])
  })
})

it('the file in a line', () => {
  expect(profileWords(profile())).toBe('4,177 rows · 3 columns · separated by commas, UTF-8, with a header')
  expect(profileWords(profile({ delimiter: '§', hasHeader: false, duplicates: 2 }))).toBe(
    '4,177 rows · 3 columns · separated by §, UTF-8, no header · 2 rows stand there more than once',
  )
})

it('the data in short, for a decision', () => {
  expect(profileBrief(profile({ quarantined: { count: 12, share: 0.0029, examples: [] }, duplicates: 3 }))).toEqual([
    '4,177 rows, 3 columns',
    '< 0.1 % of the values missing',
    '12 rows (0.3 %) in quarantine',
    '3 duplicates',
    'left out as a leak: age',
    '1 column left out for other reasons',
  ])
  expect(profileBrief(profile({ columns: [column('a')] }))).toEqual(['4,177 rows, 1 column', 'no value missing'])
})
