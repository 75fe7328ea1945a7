/** The worker-crash drill on the real thing: `gatehouse worker` beside a real host dies in the middle of a step. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { RunDetail } from '../src/contract/model.ts'
import { type Host, newHome, removeHome, sampleCsv, startHost } from './support/host.ts'

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
