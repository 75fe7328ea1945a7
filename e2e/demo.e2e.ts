/** The guided demonstration as its users run it: `gatehouse demo --json` against a real host, its servers really stopped. */

import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { defaultRetries } from '../src/temporal/retries.ts'
import { type Host, newHome, removeHome, startHost } from './support/host.ts'

const root = resolve(import.meta.dirname, '..')
let host: Host

beforeAll(async () => {
  const home = await newHome({
    demoTrainer: { minSeconds: 1, maxSeconds: 1 },
    settleSeconds: 0.5,
    operator: 'ada',
    retries: { ...defaultRetries, train_model: { ...defaultRetries.train_model, initialIntervalSeconds: 1 } },
  })
  host = await startHost(home)
})
afterAll(async () => {
  await host?.stop()
  if (host) await removeHome(host.home)
})

interface Line {
  phase: number | null
  observation: string
  ok: boolean
  seconds: number
  detail: string
}

function startDemo(onLine: (line: Line, child: ChildProcess) => void = () => {}) {
  const args = [join(root, 'out', 'main', 'cli.cjs'), 'demo', '--json', '--home', host.home.root]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: Line[] = []
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as Line
    lines.push(line)
    onLine(line, child)
  })
  return new Promise<{ code: number | null; lines: Line[] }>((done) => child.once('close', (code) => done({ code, lines })))
}
const missing = (lines: Line[]) => lines.filter((line) => !line.ok).map((line) => `${line.observation}: ${line.detail}`)
const onNow = async () => {
  const { drills } = await host.connection.call('drills.list', {})
  return drills.filter((drill) => drill.on !== null).map((drill) => drill.name)
}
const postgres = async () => (await host.connection.call('stack.health', {})).postgres.state

it('makes every observation, and again on the same data folder', async () => {
  for (const round of [1, 2]) {
    const { code, lines } = await startDemo()
    expect(missing(lines)).toEqual([])
    expect(code).toBe(0)
    expect([...new Set(lines.map((line) => line.phase))]).toEqual([1, 2, 3, 4, 5, 6, null])
    const { total, byStage } = await host.connection.call('runs.list', {})
    expect({ total, byStage }).toEqual({ total: 6 * round, byStage: { Completed: round, Failed: round, Rejected: 4 * round } })
    expect((await host.connection.call('keys.get', {})).encrypting).toBe(true)
  }
  expect(await onNow()).toEqual([])
})

it('interrupted in the outage: Postgres is back, the drill is off, and what is missing is said', async () => {
  const { code, lines } = await startDemo((line, child) => {
    if (line.observation.startsWith('A CSV is accepted while Postgres is down')) child.kill('SIGINT')
  })
  expect(code).toBe(1)
  expect(missing(lines).some((words) => words.includes('told to end'))).toBe(true)
  expect(lines.at(-1)).toMatchObject({
    phase: null,
    ok: true,
    detail: expect.stringContaining('put back: the drill postgres-down is off'),
  })
  expect(await onNow()).toEqual([])
  await expect.poll(postgres, { timeout: 30_000 }).toBe('up')
})

it('does not begin while another drill is on, and leaves that one alone', async () => {
  const before = (await host.connection.call('runs.list', {})).total
  await host.connection.call('drills.set', { requestId: randomUUID(), name: 'slow-step', to: {} })
  const { code, lines } = await startDemo()
  expect(code).toBe(1)
  expect(missing(lines)[0]).toContain('slow-step is on')
  expect(lines.filter((line) => line.ok && line.observation.includes('accepted'))).toEqual([])
  expect((await host.connection.call('runs.list', {})).total).toBe(before)
  expect(await onNow()).toEqual(['slow-step'])
})
