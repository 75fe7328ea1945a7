import { describe, expect, it } from 'vitest'
import { extent, linear, nearest, ticks, wholeTicks } from './scale.ts'

describe('linear', () => {
  it('maps both ends and what lies between, upside down too', () => {
    const y = linear([10, 20], [100, 0])
    expect([y(10), y(15), y(20)]).toEqual([100, 50, 0])
  })
  it('stays finite where the domain is a point', () => expect(linear([3, 3], [0, 100])(3)).toBe(0))
})

describe('extent', () => {
  it('leaves out what is no number', () => expect(extent([3, null, Number.NaN, -1, Number.POSITIVE_INFINITY])).toEqual([-1, 3]))
  it('gives a single value room on both sides', () => expect(extent([5])).toEqual([4.5, 5.5]))
  it('gives zero room too', () => expect(extent([0, 0])).toEqual([-1, 1]))
  it('has an answer for nothing', () => expect(extent([])).toEqual([0, 1]))
})

describe('ticks', () => {
  it.each<[[number, number], number[]]>([
    [
      [0, 1],
      [0, 0.2, 0.4, 0.6, 0.8, 1],
    ],
    [
      [0.07, 0.34],
      [0.1, 0.2, 0.3],
    ],
    [
      [-3, 29],
      [0, 10, 20],
    ],
    [
      [1e9, 1.00005e9],
      [1e9, 1.00001e9, 1.00002e9, 1.00003e9, 1.00004e9, 1.00005e9],
    ],
  ])('%o', (domain, marks) => expect(ticks(domain)).toEqual(marks))
  it('ends for a domain that is a point, or none', () => {
    expect(ticks([4, 4])).toEqual([4])
    expect(ticks([Number.NaN, 1])).toEqual([])
  })
  it('gives no half rounds', () => expect(wholeTicks([1, 3])).toEqual([1, 2, 3]))
})

describe('nearest', () => {
  it.each([
    [0, 0],
    [14, 1],
    [15, 1],
    [16, 2],
    [99, 2],
  ])('%d', (value, index) => expect(nearest([5, 10, 20], value)).toBe(index))
})
