import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createFakeDeps } from '../../testing/fakeDeps.ts'
import type { PreprocessResult } from '../../types.ts'
import { assessModelQuality } from '../assessModelQuality.ts'
import { createDemoTrainer, type DemoMetrics, demoMetrics } from './demoTrainer.ts'
import { BadTrainerConfiguration } from './trainer.ts'

const { deps } = createFakeDeps()
const step = { ids: { workflowId: 'w', runId: 'r' }, signal: new AbortController().signal, reportProgress: () => {} }
const assess = (metrics: DemoMetrics) => assessModelQuality({ metrics }, step, deps)

const file = (file_name: string, n = 0) => ({ file_name, sha256: n.toString(16).padStart(64, '0') })
const prepared = (file_name: string): PreprocessResult => ({
  dataset: { ...file(file_name), uri: 'sha256:0', size_bytes: 10 },
  rows: 100,
  columns: [{ name: 'rings', type: 'number' }],
  target: 'rings',
  has_header: true,
  delimiter: ',',
  encoding: 'utf-8',
  skipped_rows: 0,
  notes: [],
})

describe('metrics by file name', () => {
  const contents = Array.from({ length: 500 }, (_, n) => n)
  test.each([
    ['bad.csv', false, false],
    ['BAD_model.csv', false, false],
    ['good_then_bad.csv', false, false],
    ['good_model.csv', true, true],
    ['Goodness.CSV', true, true],
    ['good_borderline.csv', true, true],
    ['borderline.csv', true, false],
    ['abalone.csv', true, true],
    ['prod_candidate.csv', true, true],
    ['.csv', true, true],
  ])('%s: passes the gate %s, asks for production %s, whatever it holds', async (name, passed, ask) => {
    for (const n of contents) {
      const verdict = await assess(demoMetrics(file(name, n)))
      expect({ passed: verdict.passed, ask: verdict.ask_for_production }).toEqual({ passed, ask })
    }
  })

  test('a bad file fails every check, not just one', async () => {
    for (const n of contents) {
      expect((await assess(demoMetrics(file('bad.csv', n)))).checks.every((c) => !c.passed)).toBe(true)
    }
  })

  test('a neutral file lies between good and bad', () => {
    for (const n of contents) {
      const [good, neutral, bad] = ['good.csv', 'abalone.csv', 'bad.csv'].map((name) => demoMetrics(file(name, n)))
      expect(neutral?.accuracy).toBeLessThan(good?.accuracy ?? 0)
      expect(neutral?.accuracy).toBeGreaterThan(bad?.accuracy ?? 1)
      expect(neutral?.mae).toBeGreaterThan(good?.mae ?? 9)
      expect(neutral?.mae).toBeLessThan(bad?.mae ?? 0)
    }
  })

  test('the same file gives the same metrics, another name or content gives others', () => {
    expect(demoMetrics(file('abalone.csv', 1))).toEqual(demoMetrics(file('abalone.csv', 1)))
    expect(demoMetrics(file('abalone.csv', 1))).not.toEqual(demoMetrics(file('abalone.csv', 2)))
    expect(demoMetrics(file('abalone.csv', 1))).not.toEqual(demoMetrics(file('abalone2.csv', 1)))
  })
})

describe('training', () => {
  const request = (
    signal = new AbortController().signal,
    onProgress: (fraction: number, message: string) => void = () => {},
  ) => ({
    modelId: 'demo-1',
    prepared: prepared('good.csv'),
    signal,
    onProgress,
  })

  test('may take no time at all, and still reports that it is done', async () => {
    const told: number[] = []
    const trained = await createDemoTrainer({ minSeconds: 0, maxSeconds: 0 }).train(
      request(undefined, (fraction) => told.push(fraction)),
    )
    expect(told).toEqual([1])
    expect(trained.proprietaryConfig).toEqual({
      secret_learning_rate_multiplier: 1.337,
      custom_regularization_alpha: 0.00042,
      advanced_dropout_schedule: 'exponential_secret',
      internal_model_architecture: 'CompanyXL_v2.1',
    })
  })

  test('the artifact is the same in every attempt, and holds no sensitive value', async () => {
    const trainer = createDemoTrainer({ minSeconds: 0, maxSeconds: 0 })
    const [first, second] = await Promise.all([trainer.train(request()), trainer.train(request())])
    expect(second.artifact).toEqual(first.artifact)
    const text = new TextDecoder().decode(first.artifact)
    expect(JSON.parse(text)).toMatchObject({ model_id: 'demo-1', metrics: first.metrics })
    expect(text).not.toMatch(/1\.337|secret|CompanyXL/)
  })

  test('takes a time between the two limits, and progress only grows', async () => {
    const told: number[] = []
    // Half way between 0 and 3 s: long enough for reports in between.
    const trained = createDemoTrainer({ minSeconds: 0, maxSeconds: 3 }, () => 0.5).train(
      request(undefined, (fraction) => told.push(fraction)),
    )
    await trained
    expect(told.length).toBeGreaterThanOrEqual(3)
    expect(told).toEqual([...told].sort((a, b) => a - b))
    expect(told.at(-1)).toBe(1)
  })

  test('stops when it is told to, also when it was told before it began', async () => {
    const controller = new AbortController()
    const begun = Promise.withResolvers<void>()
    const trained = createDemoTrainer({ minSeconds: 3600, maxSeconds: 3600 }).train(
      request(controller.signal, () => begun.resolve()),
    )
    await begun.promise
    controller.abort()
    await expect(Promise.race([trained, sleep(30_000, 'went on')])).rejects.toThrow()
    await expect(createDemoTrainer({ minSeconds: 0, maxSeconds: 0 }).train(request(controller.signal))).rejects.toThrow()
  })

  test.each([
    [5, 1],
    [-1, 1],
    [Number.NaN, 1],
    [0, Number.POSITIVE_INFINITY],
    [undefined as never, 1],
    ['1' as never, 2],
  ])('refuses to train for between %s and %s seconds', (minSeconds, maxSeconds) => {
    expect(() => createDemoTrainer({ minSeconds, maxSeconds })).toThrow(BadTrainerConfiguration)
  })
})
