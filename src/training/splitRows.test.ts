import fc from 'fast-check'
import { expect, test } from 'vitest'
import { splitRows } from './splitRows.ts'
import { testPart, trainingPart, validationPart } from './table.ts'

const hashes = fc.array(fc.maxSafeNat(), { minLength: 1, maxLength: 300 }).map((list) => Float64Array.from(list))

test('identical rows fall into the same part, wherever they stand', () => {
  fc.assert(
    fc.property(hashes, (list) => {
      const twice = Float64Array.from([...list, ...[...list].reverse()])
      const part = splitRows(twice, null)
      for (let row = 0; row < list.length; row++) expect(part[row]).toBe(part[twice.length - 1 - row])
    }),
  )
})

test('a large table is split about 70 : 15 : 15', () => {
  const many = Float64Array.from({ length: 100_000 }, (_, i) => (i * 0x9e3779b97f4a7) % 2 ** 53)
  const part = splitRows(many, null)
  const share = (wanted: number) => part.filter((value) => value === wanted).length / part.length
  expect(share(trainingPart)).toBeCloseTo(0.7, 1)
  expect(share(validationPart)).toBeCloseTo(0.15, 1)
  expect(share(testPart)).toBeCloseTo(0.15, 1)
})

test('a rare class is in every part, and a new row elsewhere moves none of the others', () => {
  const rows = 5000
  const list = Float64Array.from({ length: rows }, (_, i) => ((i + 1) * 0x1f3d5b79a2c4e) % 2 ** 53)
  const classes = Uint8Array.from({ length: rows }, (_, i) => (i % 1000 === 7 ? 1 : 0))
  const part = splitRows(list, classes)
  const ofRare = [...part].filter((_, i) => classes[i] === 1)
  expect(new Set(ofRare)).toEqual(new Set([trainingPart, validationPart, testPart]))
  const without = splitRows(list.subarray(0, rows - 1), classes.subarray(0, rows - 1))
  expect(without).toEqual(part.subarray(0, rows - 1))
})

test('twenty-five rows still have rows to test on', () => {
  const few = Float64Array.from({ length: 25 }, (_, i) => 2 ** 52 + i)
  const part = [...splitRows(few, null)]
  expect([trainingPart, validationPart, testPart].map((p) => part.filter((value) => value === p).length)).toEqual([17, 4, 4])
})

test('a class of one row trains', () => {
  expect(splitRows(Float64Array.of(5), Uint8Array.of(3))).toEqual(Uint8Array.of(trainingPart))
})
