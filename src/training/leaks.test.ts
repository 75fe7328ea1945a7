import { expect, test } from 'vitest'
import { disguiseOf } from './leaks.ts'

const rings = Array.from({ length: 200 }, (_, i) => 1 + ((i * 7) % 29))

test.each([
  [rings, 'is equal to the target'],
  [rings.map((n) => n + 1.5), 'is the target shifted by 1.5'],
  [rings.map((n) => n * 2.54), 'is the target times 2.54'],
  [rings.map((n) => 32 - 1.8 * n), 'is the target times -1.8, shifted by 32'],
  [rings.map((n) => Math.round(n * 453.59)), 'is the target times 453.6'],
  [rings.map((n) => `age ${n}`), 'is in one-to-one relation with the target'],
  [rings.map((n) => (n * 13) % 31), 'is in one-to-one relation with the target'],
  [rings.map((n, i) => (i % 3 ? n + 1.5 : null)), 'is the target shifted by 1.5'],
])('the target in disguise is found: %#', (column, words) => {
  expect(disguiseOf(column, rings)).toBe(words)
})

test('a transformed target is found where no value comes twice', () => {
  const price = Array.from({ length: 300 }, (_, i) => 100 + ((i * 7919) % 3001) / 7)
  expect(disguiseOf(price.map(Math.log), price)).toBe('rises or falls with the target in every row')
})

test.each([
  ['a column that only goes with it', rings.map((n, i) => n + (i % 5))],
  ['a single value', rings.map(() => 3)],
  ['an id', rings.map((_, i) => `row ${i}`)],
  ['a coarser grouping', rings.map((n) => (n > 10 ? 'old' : 'young'))],
  ['too few pairs', rings.map((n, i) => (i < 19 ? n : null))],
])('%s is left alone', (_, column) => {
  expect(disguiseOf(column, rings)).toBeNull()
})

test('two classes written twice', () => {
  const churn = rings.map((n) => (n % 2 ? 'yes' : 'no'))
  expect(
    disguiseOf(
      rings.map((n) => n % 2),
      churn,
    ),
  ).toBe('is in one-to-one relation with the target')
})
