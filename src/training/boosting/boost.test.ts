import { describe, expect, it } from 'vitest'
import { type BoostingSettings, defaultBoostingSettings } from '../../contract/boosting.ts'
import type { FeatureSchema } from '../featureSchema.ts'
import { writeModel } from '../modelFormat.ts'
import { readModel } from '../predictor.ts'
import { type TrainingTable, trainingPart, validationPart } from '../table.ts'
import { drawTable, rowOf, tableOf } from '../testing/tables.ts'
import { boost, type Round, UnusableTable } from './boost.ts'
import { workAlone } from './crew.ts'

/** Settings under which a tree is what one calculates by hand. */
const plain: BoostingSettings = {
  ...defaultBoostingSettings,
  rounds: 1,
  depth: 1,
  learningRate: 1,
  rowSample: 1,
  columnSample: 1,
  l2: 0,
  minLeafWeight: 1,
  earlyStoppingRounds: 0,
}

function train(
  { table, schema }: { table: TrainingTable; schema: FeatureSchema },
  settings: Partial<BoostingSettings> = {},
  known: Round[] = [],
) {
  const rounds: Round[] = []
  const boosted = boost(
    table,
    { task: schema.task, classes: schema.classes?.length ?? 0, settings: { ...plain, ...settings } },
    workAlone(),
    { known, onRound: (round) => rounds.push(round) },
  )
  const model = writeModel(boosted, schema)
  const predictor = readModel(model)
  return {
    ...boosted,
    told: rounds,
    model,
    tree: boosted.rounds[0]?.trees[0],
    predict: (...features: number[]) => predictor.predict(Float32Array.from(features))[0],
    predictRow: (row: number) => predictor.predict(rowOf(table, row)),
  }
}

describe('trees that are known', () => {
  it('one split between two values: the leaves are the means, the end lies half-way', () => {
    const { tree, predict } = train(tableOf([[1, 1, 2, 2, 2]], [10, 20, 50, 60, 70]))
    expect(tree?.left).toEqual(Int32Array.of(1, -1, -1))
    expect(tree?.value[0]).toBe(1.5)
    expect([predict(1), predict(1.49), predict(1.5), predict(9)]).toEqual([15, 15, 60, 60])
    // Gain: 54²/2 + 54²/3, the sums of both sides' distances from the mean 42.
    expect(tree?.gain[0]).toBeCloseTo(54 ** 2 / 2 + 54 ** 2 / 3, 3)
    expect(tree?.hessian).toEqual(Float32Array.of(5, 2, 3))
  })

  it('the L2 penalty pulls the leaves to the base score, the learning rate shortens the step', () => {
    const of = tableOf([[1, 1, 2, 2]], [10, 10, 20, 20])
    expect(train(of, { l2: 2 }).predict(1)).toBe(15 - 10 / 4)
    expect(train(of, { learningRate: 0.1 }).predict(2)).toBeCloseTo(15.5)
  })

  it('grows as deep as it may, and no deeper than it pays', () => {
    const xor = tableOf(
      [
        [0, 0, 1, 1, 1],
        [0, 1, 0, 1, 1],
      ],
      [0, 1, 1, 0, 0],
    )
    expect(train(xor, { depth: 1 }).tree?.left).toHaveLength(3)
    const { tree, predict } = train(xor, { depth: 5 })
    expect(tree?.left).toHaveLength(7)
    expect(
      [predict(0, 0), predict(0, 1), predict(1, 0), predict(1, 1)].map((value) => Math.round((value ?? 9) * 1e6) / 1e6),
    ).toEqual([0, 1, 1, 0])
  })

  it('a split that improves by less than it must is not made', () => {
    const of = tableOf([[1, 2]], [10, 12])
    expect(train(of, { minSplitGain: 1.9 }).tree?.left).toHaveLength(3)
    expect(train(of, { minSplitGain: 2.1 }).tree?.left).toHaveLength(1)
  })

  it('leaves of one row are made when they may be, and not when a leaf needs more weight', () => {
    const of = tableOf([[1, 2, 3, 4]], [0, 0, 0, 100])
    expect(train(of).tree?.value[0]).toBe(3.5)
    expect(train(of, { minLeafWeight: 2 }).tree?.value[0]).toBe(2.5)
    expect(train(of, { minLeafWeight: 3 }).tree?.left).toHaveLength(1)
  })

  it('a row of weight 3 is three rows', () => {
    const weighted = tableOf([[1, 1, 2, 2]], [10, 30, 5, 9])
    weighted.table.weight = Float32Array.of(3, 1, 1, 2)
    const repeated = tableOf([[1, 1, 1, 1, 2, 2, 2]], [10, 10, 10, 30, 5, 9, 9])
    const [a, b] = [train(weighted, { rounds: 3, l2: 1 }), train(repeated, { rounds: 3, l2: 1 })]
    expect(a.predict(1)).toBeCloseTo(b.predict(1) as number, 5)
    expect(a.predict(2)).toBeCloseTo(b.predict(2) as number, 5)
    expect(a.curve.at(-1)?.training).toBeCloseTo(b.curve.at(-1)?.training as number, 5)
  })
})

describe('missing values', () => {
  it('learn which way to go', () => {
    const nan = Number.NaN
    const right = train(tableOf([[1, 1, 2, 2, nan, nan]], [0, 0, 9, 9, 9, 9]))
    expect([right.predict(1), right.predict(2), right.predict(nan)]).toEqual([0, 9, 9])
    const left = train(tableOf([[1, 1, 2, 2, nan, nan]], [0, 0, 9, 9, 0, 0]))
    expect([left.predict(1), left.predict(2), left.predict(nan)]).toEqual([0, 9, 0])
  })

  it('that they are missing can be what tells', () => {
    const { predict } = train(tableOf([[1, 2, 3, Number.NaN, Number.NaN]], [4, 4, 4, 8, 8]))
    expect([predict(-1e30), predict(1e30), predict(Number.NaN)].map((value) => Math.fround(value ?? 9))).toEqual([4, 4, 8])
  })

  it('where training saw none, one goes with the most', () => {
    expect(train(tableOf([[1, 1, 1, 2]], [0, 0, 0, 9])).predict(Number.NaN)).toBe(0)
    expect(train(tableOf([[1, 2, 2, 2]], [0, 9, 9, 9])).predict(Number.NaN)).toBe(9)
  })
})

describe('awkward columns', () => {
  it('constant and empty ones are never asked for', () => {
    const { rounds } = train(
      tableOf(
        [
          [7, 7, 7, 7],
          [Number.NaN, Number.NaN, Number.NaN, Number.NaN],
          [1, 2, 3, 4],
        ],
        [1, 2, 3, 4],
      ),
      { depth: 3 },
    )
    const { left, feature } = (rounds[0] as Round).trees[0] as Round['trees'][0]
    expect([...feature].filter((_, node) => left[node] !== -1)).toEqual([2, 2, 2])
  })

  it('nothing but constant ones: the answer is the mean', () => {
    const { tree, predict } = train(tableOf([[7, 7, 7]], [1, 2, 6]))
    expect(tree?.left).toHaveLength(1)
    expect(predict(7)).toBe(3)
  })

  it('infinities are values like others', () => {
    const { predict } = train(tableOf([[Number.NEGATIVE_INFINITY, 0, Number.POSITIVE_INFINITY]], [1, 2, 3]), { depth: 2 })
    expect([predict(Number.NEGATIVE_INFINITY), predict(0), predict(Number.POSITIVE_INFINITY)]).toEqual([1, 2, 3])
  })

  it('10,000 distinct values are told apart in 256 ranges of equal size', () => {
    const values = Array.from({ length: 10_000 }, (_, i) => i)
    const { curve } = train(tableOf([values], values), { depth: 8 })
    // 39 values each: standard deviation of 39 equally likely neighbours.
    expect(curve[0]?.training).toBeLessThan(1.1 * Math.sqrt((39.0625 ** 2 - 1) / 12))
  })

  it('one-hot columns of 2,000 categories', () => {
    const rows = 4000
    const columns = Array.from({ length: 2000 }, (_, category) =>
      new Float32Array(rows).map((_, row) => (row % 2000 === category ? 1 : 0)),
    )
    const label = Float32Array.from({ length: rows }, (_, row) => (row % 2000 === 1234 ? 100 : 0))
    const { tree, predictRow } = train(tableOf(columns, label))
    expect(tree?.feature[0]).toBe(1234)
    expect(predictRow(1234)[0]).toBe(100)
  })
})

describe('the three losses', () => {
  it.each(['regression', 'binary', 'multiclass'] as const)(
    '%s: without sampling every round lowers the training loss',
    (task) => {
      const { curve } = train(drawTable({ rows: 600, task, missing: 0.1 }), { rounds: 40, depth: 3, learningRate: 0.3, l2: 1 })
      expect(curve).toHaveLength(40)
      for (let i = 1; i < curve.length; i++) expect(curve[i]?.training).toBeLessThan(curve[i - 1]?.training as number)
    },
  )

  it('two classes: probabilities that add up to 1, right for nearly all rows', () => {
    const drawn = drawTable({ rows: 2000, task: 'binary' })
    const { predictRow } = train(drawn, { rounds: 100, depth: 4, learningRate: 0.2, l2: 1 })
    let right = 0
    for (let row = 0; row < 2000; row++) {
      const [first, second] = predictRow(row) as unknown as [number, number]
      expect(first + second).toBeCloseTo(1, 12)
      if (second > 0.5 === (drawn.table.label[row] === 1)) right++
    }
    expect(right / 2000).toBeGreaterThan(0.9)
  })

  it('three classes: a tree per class and round, probabilities that add up to 1', () => {
    const drawn = drawTable({ rows: 2000, task: 'multiclass' })
    const { predictRow, rounds } = train(drawn, { rounds: 60, depth: 3, learningRate: 0.3, l2: 1 })
    expect(rounds.every(({ trees }) => trees.length === 3)).toBe(true)
    let right = 0
    for (let row = 0; row < 2000; row++) {
      const p = predictRow(row)
      expect(p.reduce((sum, value) => sum + value)).toBeCloseTo(1, 12)
      if (p.indexOf(Math.max(...p)) === drawn.table.label[row]) right++
    }
    expect(right / 2000).toBeGreaterThan(0.9)
  })

  it('one class only gives that class, and no number breaks', () => {
    const { predict, curve } = train(tableOf([[1, 2, 3, 4]], [1, 1, 1, 1], 'binary'), { rounds: 5 })
    expect(curve.every((point) => Number.isFinite(point.training))).toBe(true)
    expect(predict(1)).toBeLessThan(1e-5)
  })

  it('very large targets are trained on, too large ones are refused in words', () => {
    expect(train(tableOf([[1, 2]], [1e15, 3e15])).predict(1)).toBeCloseTo(1e15, -9)
    expect(() => train(tableOf([[1, 2, 3, 4]], [3e38, 3e38, 3e38, -3e38]), { rounds: 4 })).toThrow(UnusableTable)
  })
})

describe('early stopping', () => {
  const noise = drawTable({ rows: 400, features: 8 })
  it('keeps the best round and stops after so many without a better one', () => {
    const { rounds, curve, bestRound } = train(noise, { rounds: 500, depth: 6, learningRate: 0.3, earlyStoppingRounds: 10 })
    expect(curve).toHaveLength(bestRound + 10)
    expect(rounds).toHaveLength(bestRound)
    const best = curve[bestRound - 1]?.validation as number
    expect(Math.min(...curve.map((point) => point.validation as number))).toBe(best)
  })

  it('validation and test rows teach nothing', () => {
    const other = structuredClone(noise)
    other.table.label = other.table.label.map((value, row) => (other.table.part[row] === trainingPart ? value : -value))
    const settings = { rounds: 20, depth: 4 }
    const [a, b] = [train(noise, settings), train(other, settings)]
    expect(a.told.map((round) => round.trees)).toEqual(b.told.map((round) => round.trees))
    expect(a.curve[0]?.validation).not.toEqual(b.curve[0]?.validation)
  })

  it('without validation rows all rounds are kept', () => {
    const { rounds, curve, bestRound } = train(tableOf([[1, 2]], [1, 2]), { rounds: 7, earlyStoppingRounds: 2 })
    expect([rounds.length, bestRound, curve[0]?.validation]).toEqual([7, 7, null])
  })
})

describe('the same again', () => {
  const sampled = { rounds: 12, depth: 5, learningRate: 0.2, rowSample: 0.6, columnSample: 0.6, l2: 1 }
  it.each(['regression', 'binary', 'multiclass'] as const)('%s: same seed, same bytes; another seed, others', (task) => {
    const drawn = drawTable({ rows: 3000, task, missing: 0.05 })
    expect(train(drawn, sampled).model).toBe(train(drawn, sampled).model)
    expect(train(drawn, { ...sampled, seed: 2 }).model).not.toBe(train(drawn, sampled).model)
  })

  it.each(['regression', 'binary', 'multiclass'] as const)(
    '%s: going on after any round gives the same bytes and curve',
    (task) => {
      const drawn = drawTable({ rows: 3000, task, missing: 0.05 })
      const whole = train(drawn, sampled)
      for (const after of [1, 5, 12]) {
        const resumed = train(drawn, sampled, whole.told.slice(0, after))
        expect(resumed.model).toBe(whole.model)
        expect(resumed.curve).toEqual(whole.curve)
        expect(resumed.told).toHaveLength(12 - after)
      }
    },
  )

  it('histograms that are too large to keep give a model as good', () => {
    // Depth 14 with 20 features of 256 ranges: 640 MB, so every node is counted anew.
    const drawn = drawTable({ rows: 3000, features: 20 })
    const deep = train(drawn, { rounds: 3, depth: 14, minLeafWeight: 5, learningRate: 0.5 })
    const less = train(drawn, { rounds: 3, depth: 11, minLeafWeight: 5, learningRate: 0.5 })
    expect(deep.curve[2]?.training).toBeLessThanOrEqual((less.curve[2]?.training as number) * 1.02)
  })
})

it('a table without rows to train on, or without columns, is refused in words', () => {
  expect(() => train(tableOf([[1]], [1], 'regression', 0, Uint8Array.of(validationPart)))).toThrow('no rows to train on')
  expect(() => train(tableOf([], [1]))).toThrow('no columns to train on')
})
