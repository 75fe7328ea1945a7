import { expect, test } from 'vitest'
import { demoGate, standardGate } from '../contract/pipelines.ts'
import { judge, type Measured } from './gate.ts'

const none = { state: 'nothingToCompare', reason: 'Nothing is in production yet.' } as const
const regression: Measured = {
  task: 'regression',
  metrics: { mae: 1.5, rmse: 2, r2: 0.55 },
  baseline: { mae: 2.4, rmse: 3.2, r2: 0 },
  slices: [],
  production: none,
}
const kinds = (measured: Measured) => judge(standardGate, measured).checks.map(({ kind, passed }) => [kind, passed])

test('the standard gate passes a model that learned something', () => {
  const verdict = judge(standardGate, regression)
  expect(verdict).toMatchObject({ passed: true, reasons: [] })
  expect(verdict.checks[0]).toMatchObject({
    kind: 'baseline',
    metric: 'mae',
    label: 'MAE against the baseline',
    observed: 1.5,
    comparison: '<=',
    reason: "MAE 1.5 is at most 2.28: the baseline's 2.4 with 5 % less error.",
  })
})

test('a model that is hardly better than the baseline does not pass', () => {
  const verdict = judge(standardGate, { ...regression, metrics: { ...regression.metrics, mae: 2.35 } })
  expect(verdict.passed).toBe(false)
  expect(verdict.reasons).toEqual(["MAE 2.35 is above 2.28: the baseline's 2.4 with 5 % less error"])
})

test('classes are judged by log loss, a margin on accuracy by what is missing to 1', () => {
  const binary: Measured = {
    ...{ task: 'binary', metrics: { log_loss: 0.4, accuracy: 0.8 }, baseline: { log_loss: 0.6, accuracy: 0.6 } },
    ...{ slices: [], production: none },
  }
  expect(judge(standardGate, binary).checks[0]).toMatchObject({ metric: 'log_loss', passed: true })
  const [check] = judge([{ kind: 'baseline', metric: 'accuracy', margin: 0.5 }], binary).checks
  expect(check).toMatchObject({ comparison: '>=', limit: 0.8, passed: true })
})

test('a model worse than production by more than the margin does not pass', () => {
  const production = { state: 'measured', modelId: 'm-1', metrics: { mae: 1.4 } } as const
  const verdict = judge(standardGate, { ...regression, production })
  expect(verdict.passed).toBe(false)
  expect(verdict.reasons[0]).toContain('m-1, now in production')
  expect(judge(standardGate, { ...regression, production: { ...production, metrics: { mae: 1.45 } } }).passed).toBe(true)
})

test('a production model that could not be asked passes nobody', () => {
  const verdict = judge(standardGate, { ...regression, production: { state: 'unknown', reason: 'Its file is missing.' } })
  expect(verdict).toMatchObject({ passed: false, reasons: ['Its file is missing'] })
})

test('the worst slice is looked at where it has rows enough', () => {
  const slice = (value: string, rows: number, mae: number, trivial: number) => ({
    ...{ column: 'sex', value, rows, metrics: { mae }, baseline: { mae: trivial } },
  })
  expect(kinds({ ...regression, slices: [slice('I', 29, 9, 1)] })).toContainEqual(['slice', true])
  const verdict = judge(standardGate, { ...regression, slices: [slice('M', 100, 1.4, 2), slice('I', 30, 2.5, 2)] })
  expect(verdict.reasons).toEqual(['MAE 2.5 is above 2.25 in sex = I (30 test rows; 1.5 over all)'])
  // Hard for the trivial model too: not forgotten, but hard.
  expect(kinds({ ...regression, slices: [slice('I', 30, 2.5, 3)] })).toContainEqual(['slice', true])
})

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, null, undefined, '1', -1])(
  '%s never passes anything',
  (mae) => {
    const metrics = { mae } as never
    const slices = [{ column: 'a', value: 'b', rows: 99, metrics, baseline: { mae: 1 } }]
    expect(judge(standardGate, { ...regression, metrics, slices }).checks.every(({ passed }) => !passed)).toBe(true)
    expect(judge(standardGate, { ...regression, baseline: metrics }).checks[0]?.passed).toBe(false)
    const production = { state: 'measured', modelId: 'm', metrics } as const
    expect(judge(standardGate, { ...regression, production }).checks[1]?.passed).toBe(false)
    expect(judge(demoGate, { ...regression, metrics }).passed).toBe(false)
  },
)

test('a limit on a figure that the task does not have fails instead of being passed over', () => {
  const verdict = judge([{ kind: 'limit', metric: 'auc', limit: 0.8 }], regression)
  expect(verdict).toMatchObject({ passed: false, reasons: ['The model has no usable AUC, so this check cannot pass'] })
})
