import { describe, expect, it } from 'vitest'
import {
  compareMetrics,
  compareSettings,
  compareSlices,
  confusions,
  mainMetric,
  residualsOf,
  settingWords,
  worstSlices,
} from './compare.ts'

describe('compareMetrics', () => {
  it('tells what got worse first, by its size, then what got better, the least gain first', () => {
    const changes = compareMetrics(
      { mae: 1.5, rmse: 2.1, r2: 0.56, accuracy: 0.75 },
      { mae: 1.53, rmse: 2.5, r2: 0.6, accuracy: 0.76 },
    )
    expect(changes.map(({ metric, verdict }) => [metric, verdict])).toEqual([
      ['rmse', 'worse'],
      ['mae', 'worse'],
      ['accuracy', 'better'],
      ['r2', 'better'],
    ])
    expect(changes[0]?.change).toBeCloseTo(0.4)
    expect(changes[0]?.share).toBeCloseTo(0.19, 2)
  })
  it('knows that less loss is better and more accuracy too', () => {
    expect(compareMetrics({ log_loss: 0.5 }, { log_loss: 0.4 })[0]?.verdict).toBe('better')
    expect(compareMetrics({ accuracy: 0.5 }, { accuracy: 0.4 })[0]?.verdict).toBe('worse')
  })
  it('compares only what both have', () => expect(compareMetrics({ mae: 1 }, { accuracy: 0.9 })).toEqual([]))
  it('has no share where it began at nothing, and still calls it worse', () => {
    expect(compareMetrics({ r2: 0 }, { r2: -0.1 })[0]).toMatchObject({ share: null, verdict: 'worse' })
    expect(compareMetrics({ r2: 0 }, { r2: 0 })[0]).toMatchObject({ share: 0, verdict: 'same' })
  })
})

describe('slices', () => {
  const slice = (value: string, mae: number) => ({ column: 'sex', value, rows: 100, metrics: { mae } })
  it('are compared by column and value, worse first; what only one has is left out', () => {
    const changes = compareSlices(
      [slice('M', 1.5), slice('F', 1.8), slice('I', 1.1)],
      [slice('F', 1.7), slice('M', 1.6), slice('?', 9)],
      'mae',
    )
    expect(changes.map(({ value, verdict }) => [value, verdict])).toEqual([
      ['M', 'worse'],
      ['F', 'better'],
    ])
  })
  it('stand worst first, whichever way the metric counts', () => {
    expect(worstSlices([slice('I', 1.1), slice('F', 1.8)], 'mae').map((s) => s.value)).toEqual(['F', 'I'])
    const share = (value: string, accuracy: number) => ({ column: 'c', value, rows: 1, metrics: { accuracy } })
    expect(worstSlices([share('a', 0.9), share('b', 0.2)], 'accuracy').map((s) => s.value)).toEqual(['b', 'a'])
  })
})

describe('compareSettings', () => {
  it('puts differing settings first, and those that one has not', () => {
    expect(compareSettings({ depth: 4, rounds: 150, seed: 1 }, { depth: 6, rounds: 150, gamma: 0 })).toEqual([
      { name: 'depth', from: 4, to: 6, differs: true },
      { name: 'gamma', from: undefined, to: 0, differs: true },
      { name: 'seed', from: 1, to: undefined, differs: true },
      { name: 'rounds', from: 150, to: 150, differs: false },
    ])
  })
  it('reads both ways of writing a name', () => {
    expect(settingWords('learning_rate')).toBe('Learning rate')
    expect(settingWords('minChildWeight')).toBe('Min child weight')
  })
})

describe('residualsOf', () => {
  it('says how far off, and to which side', () => {
    const predictions = Array.from({ length: 10 }, (_, i) => ({ actual: 10, predicted: 10 + i }))
    expect(residualsOf(predictions)).toEqual({ half: 5, most: 9, greatest: 9, bias: 4.5 })
  })
  it('has an answer for nothing', () => expect(residualsOf([])).toEqual({ half: 0, most: 0, greatest: 0, bias: 0 }))
})

it('confusions name the most frequent mistake first', () => {
  const counts = [
    [9, 1],
    [4, 6],
  ]
  expect(confusions({ classes: ['no', 'yes'], counts })).toEqual([
    { actual: 'yes', predicted: 'no', n: 4, right: false },
    { actual: 'no', predicted: 'yes', n: 1, right: false },
  ])
})

it('one figure stands for a model', () => {
  expect(mainMetric({ accuracy: 0.9, mae: 1, r2: 0.5 })).toBe('mae')
  expect(mainMetric({ accuracy: 0.9, log_loss: 0.1 })).toBe('accuracy')
  expect(mainMetric({})).toBeNull()
})
