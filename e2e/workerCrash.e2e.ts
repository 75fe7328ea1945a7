/**
 * The worker-crash drill on the real thing: a worker process beside a real host dies in the middle of a step. One that was
 * started in a terminal (`gatehouse worker`), and one that the host itself started, as it is asked for in the console.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunDetail } from '../src/contract/model.ts'
import { isAlive } from '../src/main/backend/stack/processes.ts'
import { launchChromium } from './support/browsers.ts'
import { consoleOn } from './support/console.ts'
import { type Host, launchHost, newHome, removeHome, sampleCsv, startHost } from './support/host.ts'
import { takePictures } from './support/pictures.ts'

const root = resolve(import.meta.dirname, '..')
/** A heartbeat's limit and the next try's wait, on a machine that may be busy. */
const patience = { timeout: 60_000, interval: 100 }
let host: Host
const workers: ChildProcess[] = []

beforeEach(async () => {
  host = await startHost(await newHome({ demoTrainer: { minSeconds: 1, maxSeconds: 1 }, settleSeconds: 0.2, operator: 'ada' }))
})
afterEach(async () => {
  for (const worker of workers.splice(0)) worker.kill('SIGKILL')
  await host.stop()
  await removeHome(host.home)
})

function startWorker(): ChildProcess {
  const worker = spawn(process.execPath, [join(root, 'out', 'main', 'cli.cjs'), 'worker', '--home', host.home.root], {
    stdio: 'ignore',
  })
  workers.push(worker)
  return worker
}
const isThere = async ({ pid }: ChildProcess) =>
  (await host.connection.call('workers.list', {})).workers.some(({ processId }) => processId === pid)
const switchOwnWorker = (on: boolean) =>
  host.connection.call('workers.switch', { on, reason: 'The bare worker is to do the step.', requestId: randomUUID() })

async function run(): Promise<RunDetail> {
  const [one] = (await host.connection.call('runs.list', { limit: 10 })).runs
  if (!one) throw new Error('no run yet')
  return host.connection.call('runs.get', { workflowId: one.workflowId })
}
const stage = async () => (await run().catch(() => null))?.stage
const attemptsOf = ({ steps }: RunDetail) =>
  steps.flatMap(({ step, attempts }) => attempts.map(({ attempt, outcome }) => `${step} ${attempt} ${outcome}`))
const crashed = ({ steps }: RunDetail) =>
  steps.flatMap(({ step, attempts }) => attempts.flatMap((one) => (one.outcome === 'lost' ? { step, ...one } : [])))

const drill = async () => {
  const { drills } = await host.connection.call('drills.list', {})
  return drills.find(({ name }) => name === 'worker-crash')?.on
}
const crashOnce = () => host.connection.call('drills.set', { name: 'worker-crash', to: { count: 1 }, requestId: randomUUID() })
const recorded = async (event: string) => {
  const { entries } = await host.connection.call('audit.list', { limit: 200 })
  return entries.filter((entry) => entry.name === 'worker-crash' && entry.event === event)
}

/** The bare worker alone has the queue, and is killed by the drill in the first step of a file. */
async function crashInAStep(): Promise<ChildProcess> {
  const worker = startWorker()
  await expect.poll(() => isThere(worker), patience).toBe(true)
  await switchOwnWorker(false)
  await crashOnce()
  const died = once(worker, 'exit')
  await writeFile(join(host.home.inbox, 'good_1.csv'), sampleCsv(1))
  expect(await died).toEqual([null, 'SIGKILL'])
  return worker
}

async function endsWell(): Promise<RunDetail> {
  await expect.poll(stage, patience).toBe('AwaitingApproval')
  const detail = await run()
  const { workflowId } = detail
  expect(await host.connection.call('runs.experiment', { workflowId })).toMatchObject({ rows: 1 })
  await host.connection.call('runs.decide', {
    workflowId,
    decisionId: randomUUID(),
    decision: 'approve',
    reason: 'The step was taken up again.',
  })
  await expect.poll(stage, patience).toBe('Completed')
  return run()
}

it('the worker that is started again takes the step up, and the drill has ended by itself', async () => {
  const dead = await crashInAStep()
  expect(await drill()).toBeNull()
  expect(await recorded('used')).toMatchObject([
    { step: 'preprocess_data', attempt: 1, operator: 'ada', detail: expect.stringContaining('worker was killed') },
  ])
  expect(await recorded('off')).toHaveLength(1)

  const again = startWorker()
  const ended = await endsWell()
  expect(again.exitCode).toBeNull()
  expect(attemptsOf(ended).filter((one) => one.startsWith('preprocess_data'))).toEqual([
    'preprocess_data 1 lost',
    'preprocess_data 2 completed',
  ])
  expect(crashed(ended)).toMatchObject([
    {
      worker: expect.stringContaining(`worker ${dead.pid}`),
      failure: {
        type: 'Timeout',
        message: expect.stringContaining('The worker stopped reporting in the middle of this attempt'),
      },
    },
  ])
})

it('with no other worker the run waits, and the host’s own takes the step over once it is on', async () => {
  await crashInAStep()
  await switchOwnWorker(true)
  const ended = await endsWell()
  expect(crashed(ended)).toHaveLength(1)
  // Nothing else was tried twice: the drill hit the one attempt that it was to hit.
  expect(attemptsOf(ended).filter((one) => !one.endsWith(' 1 completed'))).toHaveLength(2)
})

describe('a worker process of the host’s own', () => {
  const workerProcess = async () => (await host.connection.call('workers.list', {})).process
  const becomes = (state: string) => expect.poll(async () => (await workerProcess())?.state, patience).toBe(state)

  it('is started, crashed and seen to come back from the console alone', async () => {
    const browser = await launchChromium()
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
      await page.goto(host.url)
      const place = (name: string) => page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name }).click()
      const view = consoleOn(page)
      await view.ready()

      // The host's own worker steps aside, so that the step is the other one's.
      await place('Workers')
      const ours = page.getByRole('region', { name: 'A worker process of this host' })
      await ours.getByText('None runs.').waitFor()
      await page.getByRole('button', { name: 'Stop the worker…' }).press('Enter')
      await page.getByRole('dialog').getByLabel('Reason').fill('The other one is to do the steps.')
      await page.getByRole('dialog').getByRole('button', { name: 'Stop the worker' }).press('Enter')
      await page.getByText('Stopped by ada').waitFor()
      await takePictures(page, 'workers-none')

      await place('Drills')
      const row = page.locator('[data-drill="worker-crash"]')
      await row.getByText('No worker process runs that it could hit.').waitFor()
      expect(await row.getByRole('checkbox').isChecked()).toBe(true)
      await row.getByLabel('Ends after hits').fill('1')
      await row.evaluate((element) => element.scrollIntoView({ block: 'start' }))
      await takePictures(page, 'drill-off')
      await row.getByRole('switch').press('Space')
      await row.getByText('(started by this host)').waitFor()
      await row.getByText('Its worker process ends with the drill.').waitFor()
      await takePictures(page, 'drill-on')
      const first = await workerProcess()
      expect(first).toMatchObject({ state: 'polling', forDrill: true, by: 'ada' })

      await place('Workers')
      await page.getByRole('row').filter({ hasText: 'started here' }).waitFor(patience)
      await takePictures(page, 'workers-polling')
      await place('Runs')
      const file = join(host.home.root, 'good_crash.csv')
      await writeFile(file, sampleCsv(7))
      await view.dropFiles([file])
      await expect.poll(() => isAlive(first?.processId ?? 0), patience).toBe(false)
      const log = () => readFile(join(host.home.logs, 'gatehouse.log'), 'utf8')
      await expect.poll(log, patience).toMatch(/"signal":"SIGKILL".*"drilled":true.*"worker process ended"/)

      await view.openRun('good_crash.csv')
      await view.says(/Waits for approval/)
      const ended = await run()
      expect(attemptsOf(ended).filter((one) => one.startsWith('preprocess_data'))).toEqual([
        'preprocess_data 1 lost',
        'preprocess_data 2 completed',
      ])
      const [lost, again] = ended.steps.flatMap(({ step, attempts }) => (step === 'preprocess_data' ? attempts : []))
      expect(lost?.worker).toBe(first?.identity)
      expect(again?.worker).not.toBe(first?.identity)
      expect(again?.worker).toMatch(/\(worker \d+\)$/)
      await view.step('Preprocess', '').first().click()
      await view.panel.getByText('The worker stopped reporting in the middle of this attempt').first().waitFor()
      await takePictures(page, 'run-crashed')

      // It ended with the drill, once the run that was hit waits for a person.
      await becomes('ended')
      expect(await drill()).toBeNull()
      await place('Workers')
      await ours.getByText(/It was stopped by the drill "Worker crash"/).waitFor()
      await takePictures(page, 'workers-ended')
      await switchOwnWorker(true)
      await endsWell()
    } finally {
      await browser.close()
    }
  })

  it('is left by no host that is killed, and comes back with the drill that brought it along', async () => {
    const to = { startsWorker: true }
    await host.connection.call('drills.set', { name: 'worker-crash', to, requestId: randomUUID() })
    await becomes('polling')
    const pid = (await workerProcess())?.processId ?? 0
    expect(isAlive(pid)).toBe(true)
    await host.kill()
    await expect.poll(() => isAlive(pid), patience).toBe(false)

    // Its keys are those of the host's environment now, and stand in no environment that others can read.
    const key = randomBytes(32).toString('base64')
    host = await launchHost(host.home, { GATEHOUSE_ENCRYPTION_KEY: key }).ready
    await becomes('polling')
    const again = await workerProcess()
    expect(again).toMatchObject({ forDrill: true, restarts: 0 })
    expect(await readFile(`/proc/${again?.processId}/environ`, 'utf8')).not.toContain(key)
    // An orderly end takes it along.
    await host.stop()
    expect(isAlive(again?.processId ?? 0)).toBe(false)
    host = await launchHost(host.home, { GATEHOUSE_ENCRYPTION_KEY: key }).ready
    await host.connection.call('drills.set', { name: 'worker-crash', to: null, requestId: randomUUID() })
  })

  it('is started and stopped with a reason, once for a request, and is on record', async () => {
    const requestId = randomUUID()
    const start = { on: true, reason: 'more hands', requestId }
    await host.connection.call('workers.switchProcess', start)
    await host.connection.call('workers.switchProcess', start)
    await becomes('polling')
    const pid = (await workerProcess())?.processId ?? 0
    await host.connection.call('workers.switchProcess', { on: false, reason: 'enough', requestId: randomUUID() })
    expect(isAlive(pid)).toBe(false)
    // The first request, sent once more, starts nothing.
    await host.connection.call('workers.switchProcess', start)
    expect(await workerProcess()).toMatchObject({ state: 'ended', detail: 'It was stopped by ada: enough.' })
    const { entries } = await host.connection.call('audit.list', { limit: 200 })
    expect(
      entries.filter(({ name }) => name === 'workers.switchProcess').map(({ event, detail, reason }) => [event, detail, reason]),
    ).toEqual([
      ['done', 'stopped', 'enough'],
      ['done', 'started', 'more hands'],
    ])
  })
})
