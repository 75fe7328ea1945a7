import { hostname } from 'node:os'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { waitingWords } from '../contract/workers.ts'
import { taskQueue } from './names.ts'
import { runResult, startRun } from './operations.ts'
import { createTestBench, inputFor, type TestBench } from './testing/bench.ts'
import { workersOf } from './workers.ts'

let bench: TestBench
beforeAll(async () => {
  bench = await createTestBench()
})
afterAll(() => bench?.close())

test('several workers share one queue: each takes steps, and those of one that leaves are taken by the others', async () => {
  const second = await bench.startWorker()
  await bench.startWorker()
  const started = await Promise.all(
    Array.from({ length: 12 }, (_, i) => bench.start(`shared_${i}`, { demo_trainer: { min_seconds: 0.5, max_seconds: 0.5 } })),
  )
  await Promise.all(started.slice(0, 4).map((workflowId) => bench.reaches(workflowId, 'Training')))
  await second.stop()
  await Promise.all(started.map((workflowId) => bench.reaches(workflowId, 'AwaitingApproval')))
  for (const workflowId of started) await bench.client.workflow.getHandle(workflowId).signal('approve_prod_deployment')
  const results = await Promise.all(started.map((workflowId) => runResult(bench.client, workflowId)))
  expect(results.every(({ status }) => status === 'completed')).toBe(true)
  const took = new Set(bench.told.flatMap((told) => (told.kind === 'attemptStarted' ? told.event.worker : [])))
  expect(took).toEqual(new Set(['worker-1', 'worker-2', 'worker-3']))
  // Nothing was done twice.
  for (const workflowId of started) expect(bench.done(workflowId).filter((what) => what === 'log')).toHaveLength(1)
})

test('each is listed with its process, its version and its slots, and one that left is not', async () => {
  const { workers } = await vi.waitFor(
    async () => {
      const found = await workersOf(bench.client, taskQueue)
      expect(found.workers.map(({ identity }) => identity).toSorted()).toEqual(['worker-1', 'worker-3'])
      // The first word of a worker may come before it has told its slots.
      expect(found.workers.map(({ slots }) => slots?.total)).toEqual([200, 200])
      // Nor does Temporal take off at once what it counted as waiting.
      expect(found.waiting).toEqual({ steps: 0, runs: 0, oldestSeconds: 0 })
      return found
    },
    { timeout: 25_000, interval: 500 },
  )
  expect(workers[0]).toMatchObject({
    host: hostname(),
    processId: process.pid,
    taskQueue,
    sdk: expect.stringMatching(/^typescript \d/),
    slots: { used: expect.any(Number), total: 200 },
  })
  expect((await workersOf(bench.client, 'another-queue')).workers).toEqual([])
}, 40_000)

test('with nobody at work what waits is counted, and told', async () => {
  await bench.worker.stop()
  const queue = 'nobody-works-here'
  for (const name of ['one', 'two']) await startRun(bench.client, name, inputFor(name), { taskQueue: queue })
  const { workers, waiting } = await vi.waitFor(
    async () => {
      const found = await workersOf(bench.client, queue)
      expect(found.waiting?.runs).toBe(2)
      return found
    },
    { timeout: 20_000, interval: 300 },
  )
  expect(workers).toEqual([])
  expect(waitingWords(waiting)).toMatch(/^2 runs wait for a worker, the oldest for \d+ s\.$/)
}, 30_000)
