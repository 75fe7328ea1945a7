import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { duringAttempt } from '../../temporal/attemptContext.ts'
import { createLog, logWith } from './log.ts'
import { createLogFile } from './logFile.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-log-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const linesOf = (file: string): Record<string, unknown>[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

it('holds no secret, wherever in a line it was handed in', () => {
  const file = join(folder, 'logs', 'gatehouse.log')
  const log = createLog(file, 'debug')
  const config = { secret_learning_rate_multiplier: 1.337 }
  log.info(
    { deep: { down: { there: { proprietary_config: config } } } },
    `a message with {"proprietary_config":{"a":1.337}} in it`,
  )
  log.error({
    err: new Error('failed {"secret_learning_rate_multiplier":1.337}', { cause: Object.assign(new Error('x'), config) }),
  })
  log.error(Object.assign(new Error('alone'), { config }))
  log.info('with %s', JSON.stringify(config))
  logWith(log, () => ({ mode: config })).info({ n: 1 }, 'with fields')
  const lines = linesOf(file)
  expect(readFileSync(file, 'utf8')).not.toContain('1.337')
  expect(lines).toHaveLength(5)
  expect(lines[1]).toMatchObject({ err: { type: 'Error', stack: expect.stringContaining('log.test.ts') } })
  expect(lines[4]).toMatchObject({ n: 1, msg: 'with fields' })
})

it('states fields of the moment on every line', () => {
  const file = join(folder, 'logs', 'gatehouse.log')
  let mode = 'on'
  const log = logWith(createLog(file, 'info'), () => ({ encryption: mode }))
  log.info('one')
  mode = 'off'
  log.info({ n: 2 }, 'two')
  expect(linesOf(file)).toMatchObject([
    { encryption: 'on', msg: 'one' },
    { encryption: 'off', n: 2, msg: 'two' },
  ])
})

it('goes on when the disk is full, and says how many lines were lost', () => {
  let full = false
  const file = join(folder, 'logs', 'gatehouse.log')
  const log = createLogFile(file, {
    write(fd, text) {
      if (full) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
      return writeSync(fd, text)
    },
  })
  log.write('{"msg":"before"}\n')
  full = true
  log.write('{"msg":"one"}\n')
  log.write('{"msg":"two"}\n')
  full = false
  log.write('{"msg":"after"}\n')
  expect(linesOf(file)).toMatchObject([{ msg: 'before' }, { level: 40, lost: 2 }, { msg: 'after' }])
})

it('counts a line of which the disk took a part, and closes it', () => {
  let room = Number.POSITIVE_INFINITY
  const file = join(folder, 'logs', 'gatehouse.log')
  const log = createLogFile(file, { write: (fd, text) => writeSync(fd, Buffer.from(text).subarray(0, room)) })
  log.write('{"msg":"before"}\n')
  room = 5
  log.write('{"msg":"cut off"}\n')
  room = Number.POSITIVE_INFINITY
  log.write('{"msg":"after"}\n')
  const lines = readFileSync(file, 'utf8').split('\n')
  expect(lines).toEqual(['{"msg":"before"}', '{"msg', expect.stringContaining('"lost":1'), '{"msg":"after"}', ''])
})

it('names the run, the step and the attempt on whatever is written in the course of an attempt', async () => {
  const file = join(folder, 'logs', 'gatehouse.log')
  const log = createLog(file, 'info')
  const attempt = { workflowId: 'mlops-1', runId: 'r-1', step: 'train_model', attempt: 2 } as const
  const other = { workflowId: 'mlops-2', runId: 'r-2', step: 'deploy_dev', attempt: 1 } as const
  await Promise.all([
    duringAttempt(attempt, async () => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      logWith(log, () => ({ encryption: 'on' })).info({ model: 'm' }, 'deep down')
    }),
    duringAttempt(other, async () => log.info({ attempt: 7 }, 'what the line says itself stands')),
  ])
  log.info('outside')
  expect(linesOf(file)).toMatchObject([
    { ...other, attempt: 7 },
    { ...attempt, encryption: 'on', model: 'm' },
    { msg: 'outside' },
  ])
  expect(linesOf(file)[2]).not.toHaveProperty('workflowId')
})

it('takes a level that there is not for "info", and says so', () => {
  const file = join(folder, 'logs', 'gatehouse.log')
  const log = createLog(file, 'verbose')
  log.debug('unseen')
  log.info('seen')
  expect(linesOf(file)).toMatchObject([{ level: 40, msg: expect.stringContaining('GATEHOUSE_LOG_LEVEL') }, { msg: 'seen' }])
})

it('keeps a number of files of a size, each line in one of them', () => {
  const file = join(folder, 'gatehouse.log')
  const log = createLogFile(file, { maxBytes: 100, keep: 2 })
  // 22 bytes each: four to a file.
  for (let n = 10; n < 30; n++) log.write(`${JSON.stringify({ n, pad: 'xxxx' })}\n`)
  expect(readdirSync(folder).toSorted()).toEqual(['gatehouse.log', 'gatehouse.log.1', 'gatehouse.log.2'])
  const kept = ['.2', '.1', ''].flatMap((end) => linesOf(`${file}${end}`).map(({ n }) => n))
  expect(kept).toEqual([18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29])
  expect(statSync(`${file}.1`).size).toBeLessThanOrEqual(100)
})

it('goes on with a full file that another process has set aside', () => {
  const file = join(folder, 'worker.log')
  const [one, two] = [createLogFile(file, { maxBytes: 60 }), createLogFile(file, { maxBytes: 60 })]
  for (const n of [1, 2, 3, 4, 5, 6]) {
    one.write(`{"one":${n}}\n`)
    two.write(`{"two":${n}}\n`)
  }
  const files = readdirSync(folder).toSorted().reverse()
  const all = files.flatMap((name) => linesOf(join(folder, name)))
  expect(all).toHaveLength(12)
  expect(all.at(-1)).toEqual({ two: 6 })
})

it('writes on when a file cannot be set aside', () => {
  const file = join(folder, 'gatehouse.log')
  const log = createLogFile(join(folder, 'gatehouse.log'), { maxBytes: 30, keep: 1 })
  log.write('{"msg":"before"}\n')
  // A folder stands where the full file is to go.
  mkdirSync(join(`${file}.1`, 'taken'), { recursive: true })
  log.write('{"msg":"after"}\n')
  expect(linesOf(file)).toEqual([{ msg: 'before' }, { msg: 'after' }])
})

it('holds what a thread says, and the last words of a process that an error ends', () => {
  const file = join(folder, 'gatehouse.log')
  const script = `
    import { Worker } from 'node:worker_threads'
    import { createLog, logProcess } from ${JSON.stringify(join(import.meta.dirname, 'log.ts'))}
    const log = createLog(${JSON.stringify(file)}, 'info')
    logProcess(log)
    log.info('before')
    const thread = new Worker('process.stderr.write("a word of a thread")', { eval: true })
    await new Promise((resolve) => thread.once('exit', resolve))
    setTimeout(() => { throw new Error('out of the blue {"password":"hunter2"}') })`
  const { status } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script], { encoding: 'utf8' })
  expect(status).toBe(1)
  expect(existsSync(file)).toBe(true)
  expect(linesOf(file)).toMatchObject([
    { msg: 'before' },
    { level: 40, text: 'a word of a thread' },
    { level: 60, origin: 'uncaughtException', err: { message: expect.stringContaining('out of the blue') } },
  ])
  expect(readFileSync(file, 'utf8')).not.toContain('hunter2')
})
