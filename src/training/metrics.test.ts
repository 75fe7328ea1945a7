import { expect, test } from 'vitest'
import { classificationMetrics, fitTrivial, regressionMetrics, rocCurve, trivialMetrics } from './metrics.ts'

test('figures of a regression, by hand', () => {
  const figures = regressionMetrics([1, 2, 3, 4], [1, 3, 3, 2], 1)
  expect(figures.mae).toBeCloseTo(0.75)
  expect(figures.rmse).toBeCloseTo(Math.sqrt(5 / 4))
  expect(figures.r2).toBeCloseTo(0)
  expect(figures.accuracy).toBe(0.75)
})

test('a constant target has no R2, and no rows have no figure', () => {
  expect(regressionMetrics([2, 2], [2, 3], 0.5)).not.toHaveProperty('r2')
  expect(regressionMetrics([], [], 1)).toEqual({})
  expect(classificationMetrics([], [], 3)).toEqual({})
})

test.each([[Number.NaN], [Number.POSITIVE_INFINITY]])('%s in a prediction leaves no figure that it could hide in', (value) => {
  const figures = regressionMetrics([1, 2], [1, value], 1)
  expect(figures).not.toHaveProperty('mae')
  expect(figures).not.toHaveProperty('rmse')
  expect(figures).not.toHaveProperty('r2')
})

test('figures of two classes, by hand', () => {
  const figures = classificationMetrics([1, 0, 1, 0], [0.2, 0.8, 0.7, 0.3, 0.6, 0.4, 0.9, 0.1], 2)
  expect(figures.accuracy).toBe(0.75)
  expect(figures.macro_f1).toBeCloseTo((0.8 + 2 / 3) / 2)
  expect(figures.auc).toBe(1)
  expect(figures.log_loss).toBeCloseTo(-(Math.log(0.8) + Math.log(0.7) + Math.log(0.4) + Math.log(0.9)) / 4)
})

test('scores that say nothing have an AUC of one half; one class alone has none', () => {
  expect(classificationMetrics([1, 0, 1, 0], [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5], 2).auc).toBe(0.5)
  expect(classificationMetrics([1, 1], [0.5, 0.5, 0.5, 0.5], 2)).not.toHaveProperty('auc')
})

test('a sure mistake is bad, not infinitely bad', () => {
  expect(classificationMetrics([0], [0, 1], 2).log_loss).toBeCloseTo(36.04, 1)
})

test('the ROC curve goes from corner to corner and stays short', () => {
  const actual = Array.from({ length: 5000 }, (_, i) => i % 2)
  const roc = rocCurve(
    actual,
    Float64Array.from(actual, (label, i) => label * 0.3 + ((i * 7919) % 1000) / 1000),
  )
  expect(roc).toHaveLength(200)
  expect(roc?.[0]).toEqual({ falsePositiveRate: 0, truePositiveRate: 0 })
  expect(roc?.at(-1)).toEqual({ falsePositiveRate: 1, truePositiveRate: 1 })
  expect(rocCurve([1, 1], Float64Array.of(0.1, 0.2))).toBeNull()
})

test('the trivial model knows the training target alone', () => {
  const number = fitTrivial('regression', Float32Array.of(1, 2, 3, 10), 1)
  expect(number).toMatchObject({ mean: 4, median: 2.5 })
  expect(trivialMetrics(number, [1, 2, 3, 10], 1).r2).toBeCloseTo(0)
  const label = fitTrivial('binary', Float32Array.of(0, 0, 0, 1), 2)
  const figures = trivialMetrics(label, [0, 0, 0, 1], 0)
  expect(figures).toMatchObject({ accuracy: 0.75, auc: 0.5 })
  expect(figures.log_loss).toBeCloseTo(0.5623)
})
