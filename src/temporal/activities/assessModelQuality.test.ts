import { ApplicationFailure } from '@temporalio/common'
import { expect, test } from 'vitest'
import { failureTypes } from '../retries.ts'
import { createFakeDeps } from '../testing/fakeDeps.ts'
import type { AssessInput } from '../types.ts'
import { assessModelQuality } from './assessModelQuality.ts'

const { deps } = createFakeDeps()
const step = { ids: { workflowId: 'w', runId: 'r' }, signal: new AbortController().signal, reportProgress: () => {} }
const assess = (metrics: unknown) => assessModelQuality({ metrics } as AssessInput, step, deps)
const fine = { accuracy: 0.9, mae: 1.5, r2: 0.85 }

test.each([
  [{ accuracy: 0.8 }, true],
  [{ accuracy: 0.7999 }, false],
  [{ mae: 2.5 }, true],
  [{ mae: 2.5001 }, false],
  [{ r2: 0.7 }, true],
  [{ r2: 0.6999 }, false],
  [{ r2: -3 }, false],
])('the limits belong to the good side: %j passes %s', async (over, passed) => {
  expect((await assess({ ...fine, ...over })).passed).toBe(passed)
})

test.each([
  [0.85, false],
  [0.8501, true],
])('production is asked for above 0.85: accuracy %s asks %s', async (accuracy, ask) => {
  expect(await assess({ ...fine, accuracy })).toMatchObject({ passed: true, ask_for_production: ask })
})

test('a high accuracy alone never asks for production', async () => {
  const verdict = await assess({ ...fine, accuracy: 0.99, mae: 3 })
  expect(verdict).toMatchObject({ passed: false, ask_for_production: false, reasons: ['MAE 3 is above 2.5'] })
})

test.each([
  [{ ...fine, accuracy: Number.NaN }],
  [{ ...fine, mae: Number.POSITIVE_INFINITY }],
  [{ ...fine, r2: Number.NEGATIVE_INFINITY }],
  [{ ...fine, accuracy: null }],
  [{ ...fine, accuracy: '0.99' }],
  [{ ...fine, accuracy: 90 }],
  [{ ...fine, mae: -1 }],
  [{ ...fine, r2: 1.2 }],
  [{ accuracy: 0.9, mae: 1 }],
  [null],
  [undefined],
])('malformed metrics never pass: %o', async (metrics) => {
  const thrown = await assess(metrics).catch((error) => error)
  expect(thrown).toBeInstanceOf(ApplicationFailure)
  expect(thrown).toMatchObject({ type: failureTypes.malformedMetrics, nonRetryable: true })
})
