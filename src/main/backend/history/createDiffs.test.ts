/** Two real runs on a real Temporal server, compared. */
import { createSecretKey, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { unavailable } from '../../../contract/errors.ts'
import type { RunDetail } from '../../../contract/model.ts'
import { createClient } from '../../../temporal/client.ts'
import { createDataConverter } from '../../../temporal/codec/dataConverter.ts'
import { createEncryptionCodec } from '../../../temporal/codec/encryptionCodec.ts'
import { singleKey } from '../../../temporal/codec/singleKey.ts'
import { taskQueue, workflowType } from '../../../temporal/names.ts'
import { runResult } from '../../../temporal/operations.ts'
import { createTestBench, inputFor, type TestBench } from '../../../temporal/testing/bench.ts'
import { fakeDetail, fakeRun } from '../../testing/fakeBackend.ts'
import { createDiffs } from './createDiffs.ts'
import { readRunPayloads } from './readRunPayloads.ts'

const codecOf = (id: string) =>
  createEncryptionCodec({ keys: singleKey({ id, key: createSecretKey(randomBytes(32)) }), namespace: 'default' })
const codec = codecOf('k-1')

let bench: TestBench
const runIds = new Map<string, string>()
beforeAll(async () => {
  bench = await createTestBench({ dataConverter: createDataConverter([codec]), workerConverter: createDataConverter([codec]) })
  for (const workflowId of ['mlops-1-bad_a', 'mlops-2-bad_b']) {
    const handle = await bench.client.workflow.start(workflowType, { workflowId, taskQueue, args: [inputFor(workflowId)] })
    runIds.set(workflowId, handle.firstExecutionRunId)
    await runResult(bench.client, workflowId).catch(() => undefined)
  }
})
afterAll(() => bench?.close())

const nothing = async () => null
const details: Record<string, Partial<RunDetail>> = {
  'mlops-1-bad_a': { metrics: { mae: 2, r2: 0.5 }, stage: 'GateFailed' },
  'mlops-2-bad_b': { metrics: { mae: 1.5, r2: 0.4 }, stage: 'GateFailed' },
}
const sources = (): Parameters<typeof createDiffs>[0] => ({
  detail: async (workflowId) => ({ ...fakeDetail(fakeRun(workflowId)), ...details[workflowId] }),
  runPayloads: (workflowId) => readRunPayloads(bench.client, { workflowId, runId: runIds.get(workflowId) ?? '' }),
  stepPayloads: async () => {
    throw unavailable('temporal', 'Temporal cannot be reached now.')
  },
  profile: nothing,
  report: nothing,
})
const sectionOf = (diff: Awaited<ReturnType<ReturnType<typeof createDiffs>['runs']>>, name: string) =>
  diff.sections.find((section) => section.name === name)

test('inputs and results are compared from their sealed payloads, metrics with direction', async () => {
  const diff = await createDiffs(sources()).runs({ left: 'mlops-1-bad_a', right: 'mlops-2-bad_b', reveal: false })
  expect(sectionOf(diff, 'metrics')?.entries).toMatchObject([
    { path: 'mae', kind: 'changed', change: { by: '-0.5', share: -0.25, better: true } },
    { path: 'r2', kind: 'changed', change: { by: '-0.1', better: false } },
  ])
  expect(sectionOf(diff, 'input')?.entries.find(({ path }) => path === 'file_path')).toMatchObject({ kind: 'changed' })
  expect(sectionOf(diff, 'results')?.same).toBeGreaterThan(0)
  expect(diff.sections.flatMap(({ problems }) => problems)).toEqual([])
  const firstAlike = diff.sections.findIndex(({ differing }) => differing === 0)
  expect(diff.sections.slice(firstAlike).every(({ differing }) => differing === 0)).toBe(true)
})

test('a side that cannot be decoded is named with its reason, and shows no difference', async () => {
  const stranger = await createClient({ ...bench.server, dataConverter: createDataConverter([codecOf('k-other')]) })
  const all = sources()
  const diff = await createDiffs({
    ...all,
    runPayloads: (workflowId) =>
      workflowId === 'mlops-1-bad_a'
        ? all.runPayloads(workflowId)
        : readRunPayloads(stranger.client, { workflowId, runId: runIds.get(workflowId) ?? '' }),
  }).runs({ left: 'mlops-1-bad_a', right: 'mlops-2-bad_b', reveal: false })
  await stranger.close()
  expect(sectionOf(diff, 'input')).toMatchObject({
    ...{ differing: 0, same: 0, entries: [] },
    problems: [{ side: 'right', text: expect.stringMatching(/The input: .*k-1/), expected: false }],
  })
  expect(sectionOf(diff, 'metrics')?.differing).toBe(2)
})

test('two attempts of a step are compared, also while Temporal is away', async () => {
  const failure = (message: string) => ({ message, type: 'Weather', nonRetryable: false, stack: null })
  const attempt = (number: number, message: string) => ({
    ...{ attempt: number, outcome: 'failed' as const, worker: 'w', failure: failure(message) },
    ...{ startedAt: `2026-01-01T00:00:0${number}.000Z`, endedAt: `2026-01-01T00:00:0${number}.500Z` },
  })
  const detail = fakeDetail(fakeRun('w'))
  const [step] = detail.steps
  if (!step) throw new Error('a run has steps')
  const away = {
    ...sources(),
    detail: async () => ({ ...detail, steps: [{ ...step, attempts: [attempt(1, 'rain'), attempt(2, 'snow')] }] }),
  }
  const ask = { workflowId: 'w', step: step.step, left: 1, right: 2, reveal: false }
  const diff = await createDiffs(away).attempts(ask)
  expect(sectionOf(diff, 'failure')?.entries[0]).toMatchObject({ path: 'message', left: '"rain"', right: '"snow"' })
  expect(sectionOf(diff, 'input')?.problems.map(({ expected }) => expected)).toEqual([false, false])
  const none = { inputs: [], results: [], heartbeat: [], failures: [], failureValues: [], headers: [], incomplete: null }
  const read = { ...away, stepPayloads: async () => ({ step: step.step, ...none }) }
  expect(sectionOf(await createDiffs(read).attempts(ask), 'heartbeat')).toMatchObject({
    entries: [],
    problems: [{ side: 'left', text: expect.stringContaining('of the latest attempt alone'), expected: true }],
  })
  await expect(createDiffs(away).attempts({ ...ask, right: 3 })).rejects.toThrow('Attempt 3')
  await expect(createDiffs(away).attempts({ ...ask, right: 1 })).rejects.toThrow('another one')
})
