import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { silentLog } from '../log.ts'
import { startChild, stopOrphans } from './childProcess.ts'
import type { OutputBounds } from './outputFile.ts'
import { isAlive, processIdentity } from './processes.ts'

let folder: string
const started: number[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-child-'))
})
afterEach(() => {
  for (const pid of started.splice(0)) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

const record = () => join(folder, 'child.json')
const plan = [
  { signal: 'SIGTERM' as const, wait: 500 },
  { signal: 'SIGKILL' as const, wait: 2_000 },
]
async function child(script: string, logBounds?: Partial<OutputBounds>) {
  const made = await startChild({
    name: 'test',
    command: '/bin/sh',
    args: ['-c', script],
    env: { PATH: '/usr/bin:/bin' },
    logFile: join(folder, 'log'),
    logBounds,
    recordFile: record(),
    stopping: plan,
    log: silentLog,
  })
  started.push(made.pid)
  return made
}
const logged = (text: string) => vi.waitFor(() => expect(readFileSync(join(folder, 'log'), 'utf8')).toContain(text), 20_000)

test('a child sees only the environment that it is given, and its output goes to the log file', async () => {
  vi.stubEnv('GATEHOUSE_POSTGRES_PASSWORD', 'do-not-pass-on')
  const made = await child('env; echo to-stderr >&2')
  expect(await made.ended).toEqual({ code: 0, signal: null })
  const output = readFileSync(join(folder, 'log'), 'utf8')
  expect(output).toContain('to-stderr')
  expect(output).not.toContain('do-not-pass-on')
  vi.unstubAllEnvs()
})

test('a child that says much has its output set aside while it runs, and goes on in the same file', async () => {
  const log = (name = '') => join(folder, `log${name}`)
  for (const part of ['one', 'two', 'three', 'four']) writeFileSync(join(folder, part), `${part} `.repeat(400))
  writeFileSync(log(), 'an earlier start\n')
  // Each part is written in one piece, and the next one once that was set aside.
  const say = (part: string, until: string) => `cat ${join(folder, part)}; until ${until}; do sleep 0.02; done`
  const aside = (n: number) => `[ -e ${log(`.${n}`)} ]`
  const gone = `! grep -q one ${log('.2')}`
  const made = await child(
    [say('one', aside(1)), say('two', aside(2)), say('three', gone), 'echo now', 'sleep 1000'].join('\n'),
    { maxBytes: 1_000, keep: 2, lookEveryMs: 10 },
  )
  await vi.waitFor(() => expect(readFileSync(log(), 'utf8')).toBe('now\n'), 20_000)
  expect(readFileSync(log('.1'), 'utf8')).toBe('three '.repeat(400).slice(-1_000))
  expect(readFileSync(log('.2'), 'utf8')).toBe('two '.repeat(400).slice(-1_000))
  expect(existsSync(log('.3'))).toBe(false)
  expect(made.said()).toBe('now\n')
  await made.stop()
  expect(made.said()).toBe('now\n')
})

test('what a child said is its own, not what an earlier one left; of much the end', async () => {
  writeFileSync(join(folder, 'log'), 'FATAL: of yesterday\n')
  writeFileSync(join(folder, 'much'), 'x'.repeat(100_000))
  const made = await child(`echo hello; cat ${join(folder, 'much')}; echo bye`)
  await made.ended
  expect(made.said()).toMatch(/^x+bye\n$/)
  expect(made.said()).toHaveLength(64 * 1024)
  const next = await child('echo only')
  await next.ended
  expect(next.said()).toBe('only\n')
})

test('stop asks first, and ends what does not listen, with its own children', async () => {
  const made = await child('trap "" TERM; sleep 1000 & echo inner $!; while :; do wait; done')
  await logged('inner')
  const inner = Number(/inner (\d+)/.exec(readFileSync(join(folder, 'log'), 'utf8'))?.[1])
  await made.stop()
  expect(await made.ended).toEqual({ code: null, signal: 'SIGKILL' })
  await vi.waitFor(() => expect(isAlive(inner)).toBe(false), 20_000)
})

test('a child whose record cannot be written is ended: no later host would know it as ours', async () => {
  mkdirSync(record())
  await expect(child(`echo $$ > ${join(folder, 'pid')}; sleep 1000`)).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST|EPERM/)
  const pid = Number(await readFile(join(folder, 'pid'), 'utf8').catch(() => '0'))
  // It may have been ended before it came to its first line.
  if (pid > 0) expect(isAlive(pid)).toBe(false)
})

test('a program that cannot be started says so', async () => {
  await expect(
    startChild({
      name: 'x',
      command: join(folder, 'no'),
      args: [],
      env: {},
      logFile: join(folder, 'log'),
      recordFile: record(),
      stopping: plan,
      log: silentLog,
    }),
  ).rejects.toThrow(/could not be started/)
})

test('what a killed host left behind is stopped; a stranger that got its number is not', async () => {
  const made = await child('exec sleep 1000')
  // As another host would find it.
  expect(await stopOrphans(record(), plan, silentLog)).toBe(1)
  await made.ended

  const stranger = spawn('sleep', ['1000'])
  started.push(stranger.pid as number)
  writeFileSync(record(), JSON.stringify({ pid: stranger.pid, identity: 'another boot 12345' }))
  expect(await stopOrphans(record(), plan, silentLog)).toBe(0)
  expect(isAlive(stranger.pid as number)).toBe(true)
})

test('an orphan without a record is found by its mark; half a record hurts nobody', async () => {
  const made = await child('exec sleep 1000')
  // Right after the start the process is still a copy of us; the mark is there once the program runs.
  await vi.waitFor(() => expect(readFileSync(`/proc/${made.pid}/cmdline`, 'utf8')).toContain('sleep'), 20_000)
  writeFileSync(record(), '{"pid": 1')
  expect(await stopOrphans(record(), plan, silentLog)).toBe(1)
  await made.ended
})

test('a process is told from others by its start; one that has ended has no identity', async () => {
  expect(processIdentity(process.pid)).toBe(processIdentity(process.pid))
  const made = await child('sleep 1000')
  expect(processIdentity(made.pid)).not.toBe(processIdentity(process.pid))
  await made.stop()
  expect(processIdentity(made.pid)).toBeNull()
  expect(processIdentity(0)).toBeNull()
})
