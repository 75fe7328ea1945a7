import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import type { WorkerProcess } from '../../../contract/workers.ts'
import { silentLog } from '../log.ts'
import { SecretsUnavailable } from '../secrets/secretStore.ts'
import { isAlive } from '../stack/processes.ts'
import { createWorkerProcess, type Timing, type WorkerProcessControl } from './createWorkerProcess.ts'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-worker-process-'))
const script = join(import.meta.dirname, 'testing', 'obedientWorker.ts')
const opened: WorkerProcessControl[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const patience = { timeout: 20_000, interval: 20 }
const ada = { by: 'ada', reason: 'more hands' }

function open(variables: Record<string, string>, timing: Partial<Timing> = {}, secret = async (name: string) => `${name} is 7`) {
  const told: WorkerProcess[] = []
  const control = createWorkerProcess({
    ...{ script, secret, log: silentLog, home: folder },
    variables: () => variables,
    onChange: (state) => told.push(state),
    timing: { againMs: 20, longestAgainMs: 100, ...timing },
  })
  opened.push(control)
  return { control, told }
}
const becomes = (control: WorkerProcessControl, state: WorkerProcess['state']) =>
  expect.poll(() => control.state()?.state, patience).toBe(state)

test('is started once, polls, and ends when it is told to, with who asked and why', async () => {
  const { control, told } = open({ LIFE: 'polls' })
  expect(control.state()).toBeNull()
  await control.start(ada)
  await becomes(control, 'polling')
  const { processId, identity } = control.state() ?? {}
  expect(identity).toBe(`ada@desk (worker ${processId})`)
  expect(control.state()).toMatchObject({ ...ada, forDrill: false, detail: '', restarts: 0 })
  await control.start({ by: 'ben', reason: 'again' })
  expect(control.state()).toMatchObject({ processId, ...ada })

  await control.stop({ by: 'ben', reason: 'enough' })
  expect(control.state()).toMatchObject({ state: 'ended', processId: null, detail: 'It was stopped by ben: enough.' })
  expect(isAlive(processId ?? 0)).toBe(false)
  expect(control.hasEnded(identity ?? '')).toBe(true)
  expect(told.map(({ state }) => state).filter((state, index, all) => state !== all[index - 1])).toEqual([
    'starting',
    'polling',
    'ending',
    'ended',
  ])
})

test('one that does not end by itself is killed', async () => {
  const { control } = open({ LIFE: 'stubborn' }, { endsWithinMs: 50 })
  await control.start(ada)
  await becomes(control, 'polling')
  const { processId } = control.state() ?? {}
  await control.stop(ada)
  expect(control.state()?.state).toBe('ended')
  expect(isAlive(processId ?? 0)).toBe(false)
})

test('killed by somebody, it is started again in a new process', async () => {
  const { control, told } = open({ LIFE: 'polls' })
  await control.start(ada)
  await becomes(control, 'polling')
  const first = control.state()?.processId ?? 0
  process.kill(first, 'SIGKILL')
  await expect.poll(() => control.state()?.restarts, patience).toBe(1)
  await becomes(control, 'polling')
  expect(control.state()?.processId).not.toBe(first)
  expect(told.find(({ state }) => state === 'again')?.detail).toBe('It died: it was ended by SIGKILL.')
})

test('after some deaths soon after a start it is left alone, and says what it died of; asked for again, it is tried again', async () => {
  const { control, told } = open({ LIFE: 'dies' }, { mostSoon: 3 })
  await control.start(ada)
  await becomes(control, 'failed')
  expect(control.state()).toMatchObject({ restarts: 2, detail: expect.stringContaining('It died: There is no workflow bundle.') })
  expect(control.state()?.detail).toContain('left alone')
  told.length = 0
  await control.start(ada)
  expect(told[0]).toMatchObject({ state: 'starting', restarts: 0 })
  await becomes(control, 'failed')
  expect(control.state()?.restarts).toBe(2)
})

test('deaths by the drill do not count, and are told as such', async () => {
  const { control, told } = open({ LIFE: 'drilled' }, { mostSoon: 2 })
  await control.start(ada)
  await expect.poll(() => control.state()?.restarts, patience).toBeGreaterThanOrEqual(4)
  expect(told.find(({ state }) => state === 'again')?.detail).toBe('The drill "Worker crash" killed it in the middle of a step.')
})

test('stopped while it waits for its next start, it is not started', async () => {
  const { control } = open({ LIFE: 'dies' }, { againMs: 600_000, longestAgainMs: 600_000 })
  await control.start(ada)
  await becomes(control, 'again')
  await control.stop(ada)
  expect(control.state()).toMatchObject({ state: 'ended', againAt: null })
})

test('one that a drill brought along is kept where somebody else asks for it too', async () => {
  const { control } = open({ LIFE: 'polls' })
  await control.start({ ...ada, forDrill: true })
  expect(control.state()?.forDrill).toBe(true)
  await control.start({ by: 'ben', reason: 'to stay' })
  expect(control.state()).toMatchObject({ forDrill: false, by: 'ben' })
  await control.start({ ...ada, forDrill: true })
  expect(control.state()).toMatchObject({ forDrill: false, by: 'ben' })
})

test('a secret is handed over when it is asked for; where it cannot be had, the words are', async () => {
  const { control } = open({ LIFE: 'asks', NAME: 'postgres-password' })
  await control.start(ada)
  await expect.poll(() => control.state()?.detail, patience).toBe('postgres-password: postgres-password is 7')
  const locked = open({ LIFE: 'asks', NAME: 'x' }, {}, () =>
    Promise.reject(new SecretsUnavailable('The keychain is locked.', 'Unlock it.')),
  )
  await locked.control.start(ada)
  await expect.poll(() => locked.control.state()?.detail, patience).toBe('x: The keychain is locked.')
})

test('nothing of the environment that is handed over stands among its arguments or in the environment that it was started with', async () => {
  vi.stubEnv('GATEHOUSE_POSTGRES_PASSWORD', 'hunter2hunter2')
  try {
    const seen = join(folder, 'seen.json')
    const { control } = open({ LIFE: 'polls', SEEN: seen, GATEHOUSE_ENCRYPTION_KEY: 'hunter2hunter2' })
    await control.start(ada)
    await becomes(control, 'polling')
    const text = readFileSync(seen, 'utf8')
    expect(JSON.parse(text)).toMatchObject({ args: [], env: { PATH: expect.any(String) } })
    expect(text).not.toContain('hunter2')
    if (process.platform === 'linux') {
      const pid = control.state()?.processId
      expect(readFileSync(`/proc/${pid}/environ`, 'utf8') + readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain('hunter2')
    }
  } finally {
    vi.unstubAllEnvs()
  }
})

test('ends with a host that is killed', async () => {
  const host = spawn(process.execPath, [join(import.meta.dirname, 'testing', 'hostOfAWorker.ts'), script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const pid = await new Promise<number>((resolve) =>
    createInterface({ input: host.stdout }).once('line', (line) => resolve(Number(line))),
  )
  expect(isAlive(pid)).toBe(true)
  host.kill('SIGKILL')
  await expect.poll(() => isAlive(pid), patience).toBe(false)
})
