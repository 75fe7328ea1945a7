import { request as httpRequest } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { afterEach, expect, it, vi } from 'vitest'
import type { MetricsSettings, MetricsState } from '../../../contract/metrics.ts'
import type { WorkersState } from '../../../contract/workers.ts'
import { freePort } from '../../../temporal/testing/freePort.ts'
import type { WorkerSlots } from '../../../temporal/worker.ts'
import { openLedger } from '../ledger/openLedger.ts'
import { silentLog } from '../log.ts'
import type { RunRecord } from '../projection/runRecord.ts'
import { createMetrics } from './createMetrics.ts'
import { hasPromtool, promtool } from './testing/promtool.ts'
import { readExposition, valueAt } from './testing/readExposition.ts'

const atEnd: (() => unknown)[] = []
afterEach(async () => {
  for (const end of atEnd.splice(0).reverse()) await end()
})

const slots: WorkerSlots = { activity: { used: 3, total: 100 }, workflow: { used: 1, total: 40 } }
const workersState: WorkersState = {
  stopped: null,
  process: null,
  workers: [],
  waiting: { steps: 2, runs: 1, oldestSeconds: 41 },
  problem: null,
}
const part = { summary: '', detail: '', remedy: '', progress: null, address: null }

function aHost(over: Partial<Parameters<typeof createMetrics>[0]> = {}) {
  const ledger = openLedger(':memory:')
  let settings: MetricsSettings = { on: true, port: null }
  const told: MetricsState[] = []
  const metrics = createMetrics({
    ...{ version: '1.2.3', profile: 'embedded', folder: tmpdir(), ledger, log: silentLog },
    parts: () => ({ temporal: { ...part, state: 'up' }, postgres: { ...part, state: 'down' } }),
    runsByStage: () => ({ Training: 2, AwaitingApproval: 1 }),
    awaitingApproval: () => [
      { stageSince: new Date(Date.now() - 90_000).toISOString(), approvalDeadline: '2030-01-01T00:00:00.000Z' },
      { stageSince: new Date(Date.now() - 10_000).toISOString(), approvalDeadline: null },
    ],
    intakeQueue: () => ({ settling: 4, working: 1, waiting: 2 }),
    workers: async () => workersState,
    slots: () => slots,
    keys: () => ({ encrypting: true, problem: null, keys: [{ state: 'sealing', messages: 25, messageBudget: 100 }] }) as never,
    drillsOn: () => 1,
    settings: () => settings,
    onState: (state) => told.push(state),
    ...over,
  })
  atEnd.push(() => metrics.endpoint.close())
  return {
    ledger,
    metrics,
    told,
    set: (next: MetricsSettings) => {
      settings = next
      return metrics.endpoint.settingsChanged()
    },
  }
}

const scrape = async (url: string | null) => {
  const response = await fetch(url as string)
  return { text: await response.text(), type: response.headers.get('content-type') }
}
const attempt = (n: number) => ({ workflowId: 'mlops-1', runId: 'r-1', step: 'train_model' as const, attempt: n })

it('tells all of it in Prometheus’ format, under names and units as Prometheus wants them', async () => {
  const { metrics, ledger } = aHost()
  await metrics.endpoint.settingsChanged()
  metrics.fileAccepted(2.5)
  metrics.filesTold([{ outcome: 'accepted' }, { outcome: 'alreadyProcessed' }, { outcome: 'waiting' }] as never)
  metrics.runChanged({ stage: 'Training' } as RunRecord)
  metrics.runChanged({
    stage: 'Completed',
    acceptedAt: '2026-01-01T10:00:00.000Z',
    endedAt: '2026-01-01T10:00:20.000Z',
  } as RunRecord)
  metrics.decided('approve', 'delivered')
  ledger.exec(`
    INSERT INTO decision_outbox (decision_id, workflow_id, decision, reason, operator, host, at, next_attempt_at)
    VALUES ('d', 'w', 'approve', '', 'ada', 'h', '2026-01-01T10:00:00.000Z', '')`)

  const { text, type } = await scrape(metrics.endpoint.state().url)
  expect(type).toBe('text/plain; version=0.0.4; charset=utf-8')
  const read = readExposition(text)
  const at = (name: string, labels?: Record<string, string>) => valueAt(read, name, labels)
  expect(at('gatehouse_build_info', { version: '1.2.3', profile: 'embedded' })).toBe(1)
  expect(at('gatehouse_part_state', { part: 'postgres', state: 'down' })).toBe(1)
  expect(at('gatehouse_part_state', { part: 'postgres', state: 'up' })).toBe(0)
  expect(at('gatehouse_worker_slots_used', { task: 'activity' })).toBe(3)
  expect(at('gatehouse_worker_slots_available', { task: 'activity' })).toBe(97)
  expect(at('gatehouse_task_queue_backlog_tasks', { task: 'activity' })).toBe(2)
  expect(at('gatehouse_task_queue_backlog_age_seconds')).toBe(41)
  expect(at('gatehouse_runs', { stage: 'Training' })).toBe(2)
  expect(at('gatehouse_runs', { stage: 'Failed' })).toBe(0)
  expect(at('gatehouse_runs_ended_total', { stage: 'Completed' })).toBe(1)
  expect(at('gatehouse_runs_ended_total', { stage: 'Failed' })).toBe(0)
  expect(at('gatehouse_approvals_pending')).toBe(2)
  expect(Math.round(at('gatehouse_approvals_oldest_age_seconds'))).toBe(90)
  expect(at('gatehouse_approvals_next_deadline_timestamp_seconds')).toBe(Date.parse('2030-01-01') / 1000)
  expect(at('gatehouse_decisions_total', { decision: 'approve', state: 'delivered' })).toBe(1)
  expect(at('gatehouse_intake_files_total', { outcome: 'already_processed' })).toBe(1)
  expect(at('gatehouse_intake_queue_files', { state: 'settling' })).toBe(4)
  expect(at('gatehouse_outbox_entries', { outbox: 'decisions' })).toBe(1)
  expect(at('gatehouse_outbox_oldest_age_seconds', { outbox: 'starts' })).toBe(0)
  expect(at('gatehouse_key_budget_used_ratio')).toBe(0.25)
  expect(at('gatehouse_disk_free_bytes')).toBeGreaterThan(0)
  expect(read.get('process_resident_memory_bytes')?.samples[0]?.value).toBeGreaterThan(10_000_000)
  if (hasPromtool) expect(promtool(['check', 'metrics'], text)).toBe('')
})

it('counts attempts as they end, and a step once it has its outcome', async () => {
  const { metrics } = aHost()
  await metrics.endpoint.settingsChanged()
  const { observer } = metrics
  const start = (n: number) => observer.attemptStarted({ ...attempt(n), startedAt: '', worker: 'w', maxAttempts: 3 })
  const end = (n: number, outcome: 'completed' | 'failed', nonRetryable = false) =>
    observer.attemptEnded({
      ...attempt(n),
      ...{ endedAt: '', outcome },
      failure: outcome === 'failed' ? { message: 'm', type: null, nonRetryable, stack: null } : null,
    })
  const now = async () => {
    const read = readExposition((await scrape(metrics.endpoint.state().url)).text)
    const of = (family: string, outcome: string) => valueAt(read, family, { step: 'train_model', outcome })
    return {
      attempts: ['completed', 'failed'].map((outcome) => of('gatehouse_step_attempts_total', outcome)),
      steps: ['completed', 'failed'].map((outcome) => of('gatehouse_steps_total', outcome)),
    }
  }
  start(1)
  end(1, 'failed')
  expect(await now()).toEqual({ attempts: [0, 1], steps: [0, 0] })
  start(2)
  end(2, 'completed')
  expect(await now()).toEqual({ attempts: [1, 1], steps: [1, 0] })
  metrics.timedOut('train_model')
  const read = readExposition((await scrape(metrics.endpoint.state().url)).text)
  const timedOut = (step: string) => valueAt(read, 'gatehouse_step_attempts_total', { step, outcome: 'timed_out' })
  expect([timedOut('train_model'), timedOut('deploy_dev')]).toEqual([1, 0])
  // The last of its attempts, and one that is not to be tried again.
  start(3)
  end(3, 'failed')
  start(1)
  end(1, 'failed', true)
  expect(await now()).toEqual({ attempts: [1, 3], steps: [1, 2] })
})

it('leaves out what cannot be read, and tells the rest', async () => {
  const { metrics } = aHost({
    slots: () => null,
    parts: () => {
      throw new Error('no parts')
    },
    workers: async () => ({ stopped: null, process: null, workers: [], waiting: null, problem: 'Temporal cannot be reached.' }),
    awaitingApproval: () => [],
  })
  await metrics.endpoint.settingsChanged()
  const read = readExposition((await scrape(metrics.endpoint.state().url)).text)
  for (const family of [
    'gatehouse_part_state',
    'gatehouse_worker_slots_used',
    'gatehouse_task_queue_backlog_tasks',
    'gatehouse_task_queue_workers',
    'gatehouse_approvals_next_deadline_timestamp_seconds',
  ]) {
    expect(read.get(family)?.samples).toEqual([])
  }
  expect(valueAt(read, 'gatehouse_worker_up')).toBe(0)
  expect(valueAt(read, 'gatehouse_approvals_pending')).toBe(0)
})

it('answers a scraper of this machine, and no page and no other name', async () => {
  const { metrics } = aHost()
  await metrics.endpoint.settingsChanged()
  const { port } = new URL(metrics.endpoint.state().url as string)
  const ask = (headers: Record<string, string>, path = '/metrics', method = 'GET') =>
    new Promise<number | undefined>((resolve, reject) =>
      httpRequest({ host: '127.0.0.1', port, path, method, headers: { Host: `127.0.0.1:${port}`, ...headers } }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
        .on('error', reject)
        .end(),
    )
  expect(await ask({})).toBe(200)
  expect(await ask({}, '/metrics', 'HEAD')).toBe(200)
  expect(await ask({ Host: `localhost:${port}` })).toBe(200)
  expect(await ask({ Host: `evil.example:${port}` })).toBe(403)
  expect(await ask({ Host: '127.0.0.1' })).toBe(403)
  expect(await ask({ Origin: `http://127.0.0.1:${port}` })).toBe(403)
  expect(await ask({ 'Sec-Fetch-Site': 'cross-site' })).toBe(403)
  expect(await ask({}, '/')).toBe(404)
  expect(await ask({}, '/metrics', 'POST')).toBe(405)
})

it('is there only while it is on, on the port that was asked for, and waits for one that is taken', async () => {
  const { metrics, told, set } = aHost()
  await set({ on: false, port: null })
  expect(metrics.endpoint.state()).toEqual({ url: null, problem: null })

  const port = await freePort()
  const other = createServer().listen(port, '127.0.0.1')
  await new Promise((resolve) => other.once('listening', resolve))
  atEnd.push(() => other.close())
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  atEnd.push(() => vi.useRealTimers())
  await set({ on: true, port })
  expect(metrics.endpoint.state()).toMatchObject({ url: null, problem: expect.stringContaining(`Port ${port} cannot be had`) })

  await new Promise((resolve) => other.close(resolve))
  await vi.advanceTimersByTimeAsync(10_000)
  vi.useRealTimers()
  const url = `http://127.0.0.1:${port}/metrics`
  await expect.poll(() => metrics.endpoint.state()).toEqual({ url, problem: null })
  expect((await scrape(url)).text).toContain('gatehouse_build_info')

  await set({ on: false, port })
  await expect(fetch(url)).rejects.toThrow()
  expect(told.map((state) => state.url)).toEqual([null, url, null])
})
