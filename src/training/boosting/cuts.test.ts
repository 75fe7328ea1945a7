import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allocateBinned, binFeature } from './binning.ts'
import { binOf, findCuts, noUpperEnd } from './cuts.ts'
import { randomStream, sampleWithout } from './random.ts'

const cutsOf = (values: number[], maxBins = 256) => findCuts(Float32Array.from(values).sort(), maxBins)

describe('ranges of a feature', () => {
  it('every distinct value has its own where there are few, with ends half-way', () => {
    expect(cutsOf([3, 1, 1, 2, 2, 2])).toEqual(Float32Array.of(1.5, 2.5, noUpperEnd))
    expect(cutsOf([])).toEqual(Float32Array.of(noUpperEnd))
    expect(cutsOf([0, -0])).toHaveLength(1)
  })

  it('neighbours in 32 bits are still told apart', () => {
    const low = Math.fround(1)
    const high = Math.fround(1 + 2 ** -23)
    const cuts = cutsOf([low, high])
    expect([binOf(low, cuts, 0, 2), binOf(high, cuts, 0, 2)]).toEqual([0, 1])
  })

  it('a value that fills a range by itself is alone in it', () => {
    const cuts = cutsOf([...Array.from({ length: 100 }, (_, i) => i), ...Array(900).fill(50.5)], 10)
    const bin = binOf(50.5, cuts, 0, cuts.length)
    expect(binOf(50, cuts, 0, cuts.length)).toBeLessThan(bin)
    expect(binOf(51, cuts, 0, cuts.length)).toBe(bin + 1)
  })

  it('there are never more than may be, they ascend, and each value is below the end of its own', () => {
    const numbers = fc.array(fc.float({ noNaN: true }), { minLength: 1, maxLength: 600 })
    fc.assert(
      fc.property(numbers, fc.integer({ min: 2, max: 256 }), (values, maxBins) => {
        const cuts = cutsOf(values, maxBins)
        expect(cuts.length).toBeLessThanOrEqual(maxBins)
        expect([...cuts]).toEqual([...cuts].sort((a, b) => a - b))
        for (const value of values) {
          const bin = binOf(value, cuts, 0, cuts.length)
          if (bin > 0) expect(value).toBeGreaterThanOrEqual(cuts[bin - 1] as number)
          if (bin < cuts.length - 1) expect(value).toBeLessThan(cuts[bin] as number)
        }
      }),
    )
  })

  it('many rows are put into them as few are, by a faster way', () => {
    const random = randomStream(5)
    const special = [0, -0, 1e-40, -1e-40, 3e38, -3e38, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]
    const values = Float32Array.from(
      { length: 70_000 },
      (_, i) => special[i] ?? (random() / 2 ** 31 - 1) ** 9 * 10 ** (random() % 30),
    )
    const rows = values.length
    const table = { rows, featureNames: ['a'], features: [values], label: new Float32Array(rows), part: new Uint8Array(rows) }
    const binned = allocateBinned(table, 256, 1)
    binFeature(binned, values, 0)
    const count = binned.binCount[0] as number
    expect(count).toBe(255)
    const wrong = [...values].findIndex(
      (value, row) => binned.bins[row] !== (Number.isNaN(value) ? count : binOf(value, binned.cuts, 0, count)),
    )
    expect(wrong).toBe(-1)
  })
})

describe('random draws', () => {
  it('are the same for the same seed, even, and others for each part of a seed', () => {
    const draw = (...seed: number[]) => Array.from({ length: 1000 }, randomStream(...seed))
    expect(draw(1, 2)).toEqual(draw(1, 2))
    const streams = [draw(1, 2), draw(1, 3), draw(2, 1), draw(0), draw(0, 0)]
    expect(new Set(streams.map((stream) => stream[0])).size).toBe(5)
    for (const stream of streams) {
      const mean = stream.reduce((sum, value) => sum + value / 2 ** 32, 0) / stream.length
      expect(Math.abs(mean - 0.5)).toBeLessThan(0.05)
    }
  })

  it('choose so many, ascending, without repeating, all equally often', () => {
    const random = randomStream(9)
    const often = new Uint32Array(10)
    for (let i = 0; i < 3000; i++) {
      const chosen = sampleWithout(10, 3, random)
      expect(new Set(chosen).size).toBe(3)
      expect(chosen).toEqual([...chosen].sort((a, b) => a - b))
      for (const one of chosen) often[one] = (often[one] as number) + 1
    }
    for (const count of often) expect(Math.abs(count - 900)).toBeLessThan(120)
  })
})
