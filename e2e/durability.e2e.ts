/** What a machine does to the host: it sleeps in the middle of the work, and the work is quit while steps are under way. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Home } from '../src/main/backend/home.ts'
import { type Host, newHome, removeHome, sampleCsv, startHost } from './support/host.ts'

const files = 4
/** Longer than a heartbeat's limit, so that the attempts under way are missed. */
const asleepMs = 20_000
let home: Home
let host: Host

beforeEach(async () => {
  home = await newHome({ demoTrainer: { minSeconds: 4, maxSeconds: 6 }, settleSeconds: 0.2 })
  host = await startHost(home)
})
afterEach(async () => {
  await host.stop()
  await removeHome(home)
})

const runs = async () => (await host.connection.call('runs.list', { limit: 100 })).runs
/** Looks until every file's one run is there. */
async function allIn(stage: string): Promise<void> {
  for (;;) {
    const now = await runs()
    if (now.length === files && now.every((run) => run.stage === stage)) return
    await sleep(100)
  }
}
async function drop(): Promise<void> {
  for (let i = 0; i < files; i++) await writeFile(join(home.inbox, `good_${i}.csv`), sampleCsv(i))
  await allIn('Training')
}
const loggedOnce = async () => {
  for (const { workflowId } of await runs()) {
    expect(await host.connection.call('runs.experiment', { workflowId })).toMatchObject({ rows: 1 })
  }
}

it('the machine sleeps while models are trained: awake, each run goes on, and is logged once', async () => {
  await drop()
  const processes = [host.process.pid as number]
  for (const server of ['temporal', 'postgres'] as const) {
    processes.push(JSON.parse(await readFile(join(home[server], 'server.json'), 'utf8')).pid)
  }
  for (const pid of processes) process.kill(pid, 'SIGSTOP')
  await sleep(asleepMs)
  for (const pid of processes.reverse()) process.kill(pid, 'SIGCONT')
  await allIn('AwaitingApproval')
  await loggedOnce()
})

it('a clean quit with steps under way is one, and the next start brings the same runs to the gate', async () => {
  await drop()
  const before = (await runs()).map(({ workflowId }) => workflowId).toSorted()
  await host.stop()
  host = await startHost(home)
  await allIn('AwaitingApproval')
  expect((await runs()).map(({ workflowId }) => workflowId).toSorted()).toEqual(before)
  await loggedOnce()
})
