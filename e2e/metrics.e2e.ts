/** Metrics as Prometheus scrapes them from a real host and a bare worker beside it, with real runs behind the figures. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { alertQueries, alertsFile, dashboardQueries, seriesIn } from '../src/main/backend/metrics/testing/grafana.ts'
import { hasPromtool, promtool } from '../src/main/backend/metrics/testing/promtool.ts'
import { type Family, readExposition, valueAt } from '../src/main/backend/metrics/testing/readExposition.ts'
import { defaultRetries } from '../src/temporal/retries.ts'
import { type Host, newHome, removeHome, sampleCsv, startHost } from './support/host.ts'

const cli = join(resolve(import.meta.dirname, '..'), 'out', 'main', 'cli.cjs')
const atEnd: (() => unknown)[] = []
let host: Host

beforeAll(async () => {
  const home = await newHome({
    demoTrainer: { minSeconds: 0, maxSeconds: 0 },
    settleSeconds: 0.2,
    operator: 'ada',
    metrics: { on: true, port: null },
    retries: { ...defaultRetries, train_model: { ...defaultRetries.train_model, initialIntervalSeconds: 1 } },
  })
  atEnd.push(() => removeHome(home))
  host = await startHost(home)
  atEnd.push(() => host.stop())
})
afterAll(async () => {
  for (const end of atEnd.reverse()) await end()
})

const scrapeText = async (url: string) => (await fetch(url)).text()
const scrapeHost = async () => {
  const { url } = await host.connection.call('metrics.get', {})
  const text = await scrapeText(url as string)
  return { text, read: readExposition(text) }
}

async function submit(fileName: string, seed: number): Promise<string> {
  const path = join(host.home.root, fileName)
  await writeFile(path, sampleCsv(seed))
  const { entries } = await host.connection.call('intake.submit', { paths: [path], origin: 'cli' })
  return entries[0]?.workflowId as string
}
const reaches = (workflowId: string, stage: string) =>
  expect.poll(async () => (await host.connection.call('runs.get', { workflowId })).stage, { timeout: 60_000 }).toBe(stage)
/** Workers tell Temporal of themselves every ten seconds. */
const queueHasWorkers = (count: number) =>
  expect
    .poll(async () => valueAt((await scrapeHost()).read, 'gatehouse_task_queue_workers'), { timeout: 60_000, interval: 1_000 })
    .toBe(count)

it('counts what really happened: a run approved, one failed after its attempts, one that waits', async () => {
  const approved = await submit('good_approved.csv', 1)
  await reaches(approved, 'AwaitingApproval')
  const before = (await scrapeHost()).read
  expect(valueAt(before, 'gatehouse_approvals_pending')).toBe(1)
  expect(valueAt(before, 'gatehouse_approvals_oldest_age_seconds')).toBeGreaterThan(0)
  const decision = { decisionId: randomUUID(), decision: 'approve', reason: 'good' } as const
  await host.connection.call('runs.decide', { workflowId: approved, ...decision })
  await reaches(approved, 'Completed')
  await host.connection.call('drills.set', {
    requestId: randomUUID(),
    name: 'training-fails',
    to: { scope: { kind: 'files', pattern: '*failing*.csv' } },
  })
  const failed = await submit('good_failing.csv', 2)
  await reaches(failed, 'Failed')
  await reaches(await submit('good_waiting.csv', 3), 'AwaitingApproval')

  const { text, read } = await scrapeHost()
  const at = (family: string, labels: Record<string, string> = {}) => valueAt(read, family, labels)
  const training = (family: string, outcome: string) => at(family, { step: 'train_model', outcome })
  expect(training('gatehouse_step_attempts_total', 'failed')).toBe(3)
  expect(training('gatehouse_step_attempts_total', 'completed')).toBe(2)
  expect(training('gatehouse_steps_total', 'failed')).toBe(1)
  expect(training('gatehouse_steps_total', 'completed')).toBe(2)
  expect(at('gatehouse_runs', { stage: 'Completed' })).toBe(1)
  expect(at('gatehouse_runs', { stage: 'AwaitingApproval' })).toBe(1)
  expect(at('gatehouse_runs_ended_total', { stage: 'Completed' })).toBe(1)
  expect(at('gatehouse_runs_ended_total', { stage: 'Failed' })).toBe(1)
  expect(at('gatehouse_decisions_total', { decision: 'approve', state: 'delivered' })).toBe(1)
  expect(at('gatehouse_intake_files_total', { outcome: 'accepted' })).toBe(3)
  expect(at('gatehouse_drills_on')).toBe(1)
  expect(at('gatehouse_worker_up')).toBe(1)
  expect(at('gatehouse_worker_slots_available', { task: 'activity' })).toBeGreaterThan(0)
  expect(at('gatehouse_task_queue_backlog_tasks', { task: 'activity' })).toBe(0)
  for (const { labels, value } of read.get('gatehouse_part_state')?.samples ?? []) {
    expect([labels.part, labels.state, value]).toEqual([labels.part, labels.state, labels.state === 'up' ? 1 : 0])
  }
  // Nothing that tells one file, run, model or person from another.
  for (const name of ['good_', approved, failed, 'ada', host.home.root]) {
    expect(text).not.toContain(name)
  }
  await host.connection.call('drills.set', { requestId: randomUUID(), name: 'training-fails', to: null })
  await queueHasWorkers(1)
})

it('is what Prometheus takes, and has every series that the dashboard and the alerts ask for', async () => {
  const { text, read } = await scrapeHost()
  const there = seriesNames(read)
  const queries = [...dashboardQueries(), ...alertQueries()]
  expect(queries.length).toBeGreaterThan(40)
  const missing = queries.flatMap(({ of, expr }) =>
    seriesIn(expr)
      .filter((name) => !there.has(name))
      .map((name) => `${of}: ${name}`),
  )
  expect(missing).toEqual([])
  expect(queries.filter(({ expr }) => seriesIn(expr).length === 0)).toEqual([])
  if (!hasPromtool) return
  expect(promtool(['check', 'metrics'], text)).toBe('')
  expect(promtool(['check', 'rules', alertsFile])).toBe('')
  // The dashboard's queries are read by Prometheus' own parser, as recording rules.
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-rules-'))
  atEnd.push(() => rmSync(folder, { recursive: true }))
  const rules = dashboardQueries().map(({ expr }, i) => ({ record: `panel:${i}`, expr }))
  writeFileSync(join(folder, 'panels.yml'), stringify({ groups: [{ name: 'panels', rules }] }))
  expect(promtool(['check', 'rules', join(folder, 'panels.yml')])).toBe('')
})

it('is offered by a bare worker of its own, and both are seen on the queue', async () => {
  const { child, url } = await startWorker()
  atEnd.push(() => child.kill())
  await queueHasWorkers(2)
  const again = spawnSync(process.execPath, [cli, 'worker', '--metrics-port', new URL(url).port, '--home', host.home.root], {
    encoding: 'utf8',
  })
  expect(again.status).toBe(2)
  expect(again.stderr).toContain('Name another one.')
  // The host's own worker steps aside, so that the next run is the bare worker's.
  await host.connection.call('workers.switch', { on: false, reason: 'for the other one', requestId: crypto.randomUUID() })
  await expect.poll(async () => valueAt((await scrapeHost()).read, 'gatehouse_worker_up'), { timeout: 30_000 }).toBe(0)
  await reaches(await submit('good_elsewhere.csv', 4), 'AwaitingApproval')

  const text = await scrapeText(url)
  const read = readExposition(text)
  expect(valueAt(read, 'gatehouse_worker_up')).toBe(1)
  const training = { step: 'train_model', outcome: 'completed' }
  expect(valueAt(read, 'gatehouse_step_attempts_total', training)).toBe(1)
  expect(valueAt((await scrapeHost()).read, 'gatehouse_step_attempts_total', training)).toBe(2)
  expect([...read.keys()].filter((name) => name.startsWith('gatehouse_approvals'))).toEqual([])
  if (hasPromtool) expect(promtool(['check', 'metrics'], text)).toBe('')
})

it('the log names run, step and attempt on each line about one', async () => {
  const lines = (await readFile(join(host.home.logs, 'gatehouse.log'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  const failures = lines.filter(({ msg, outcome }) => msg === 'attempt ended' && outcome === 'failed')
  expect(failures).toHaveLength(3)
  for (const line of failures) {
    expect(line).toMatchObject({ workflowId: expect.any(String), runId: expect.any(String), step: 'train_model', level: 40 })
  }
  expect(failures.map(({ attempt }) => attempt)).toEqual([1, 2, 3])
  // Written by the deployer, which knows of no runs.
  const deployed = lines.filter(({ msg }) => msg === 'deployed')
  expect(deployed.length).toBeGreaterThan(0)
  for (const line of deployed)
    expect(line).toMatchObject({ workflowId: expect.any(String), step: expect.stringMatching(/^deploy_/) })
})

const seriesNames = (read: Map<string, Family>) =>
  new Set(
    [...read].flatMap(([name, { type }]) => (type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name])),
  )

function startWorker(): Promise<{ child: ChildProcess; url: string }> {
  const args = [cli, 'worker', '--json', '--metrics-port', '0', '--home', host.home.root]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((done, fail) => {
    child.once('exit', (code) => fail(new Error(`the worker ended with ${code}`)))
    createInterface({ input: child.stdout }).on('line', (line) => done({ child, url: JSON.parse(line).metrics }))
  })
}
