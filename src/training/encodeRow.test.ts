import { expect, test } from 'vitest'
import { CellProblem, encodeRow } from './encodeRow.ts'
import type { FeatureSchema } from './featureSchema.ts'

const schema: FeatureSchema = {
  version: 1,
  task: 'regression',
  target: 'price',
  classes: null,
  encoders: [
    { kind: 'number', column: 'length', decimal: '.', thousands: '' },
    { kind: 'number', column: 'weight', decimal: ',', thousands: '.' },
    { kind: 'date', column: 'day', format: 'dd.mm.yyyy' },
    { kind: 'oneHot', column: 'sex', categories: ['M', 'F'] },
    { kind: 'targetMean', column: 'town', categories: { Oslo: [7], __proto__: [1] }, otherwise: [5] },
  ],
  featureNames: ['length', 'weight', 'day', 'sex=M', 'sex=F', 'town'],
}
const row = { length: '0.455', weight: '1.234,5', day: '02.01.1970', sex: 'F', town: 'Oslo' }

test('cells become features as training saw them', () => {
  expect([...encodeRow(schema, row)]).toEqual([Math.fround(0.455), 1234.5, 86_400, 0, 1, 7])
  expect([...encodeRow(schema, { ...row, length: 0.455, weight: 1234.5 })]).toEqual([Math.fround(0.455), 1234.5, 86_400, 0, 1, 7])
})

test('what training never saw is told apart from what is missing', () => {
  expect([...encodeRow(schema, { ...row, sex: 'I', town: 'toString' })].slice(3)).toEqual([0, 0, 5])
  expect([...encodeRow(schema, { ...row, sex: null, town: ' NA ', length: '' })]).toEqual([
    ...[Number.NaN, 1234.5, 86_400, Number.NaN, Number.NaN, Number.NaN],
  ])
})

test.each([
  [{ length: 'abc' }, 'length', '"abc" is not a number'],
  [{ length: true }, 'length', 'true is not a number'],
  [{ length: 1e39 }, 'length', '1e+39 is too large a number'],
  [{ weight: '1.23,5' }, 'weight', '"1.23,5" is not a number'],
  [{ day: '30.02.2024' }, 'day', '"30.02.2024" is not a date as training saw them (dd.mm.yyyy)'],
  [{ day: 5 }, 'day', '5 is not a date as training saw them (dd.mm.yyyy)'],
])('a cell that does not fit names its column: %j', (over, column, message) => {
  let thrown: unknown
  try {
    encodeRow(schema, { ...row, ...over } as typeof row)
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeInstanceOf(CellProblem)
  expect(thrown).toMatchObject({ column, message })
})

test('a column that is not there is an error, not a missing value', () => {
  const { town: _, ...rest } = row
  expect(() => encodeRow(schema, rest)).toThrow(new CellProblem('town', 'the column is missing'))
})
