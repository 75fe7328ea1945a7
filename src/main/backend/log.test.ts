import { mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createLog, createLogFile, logWith } from './log.ts'

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
  const log = createLogFile(file, (fd, text) => {
    if (full) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    return writeSync(fd, text)
  })
  log.write('{"msg":"before"}\n')
  full = true
  log.write('{"msg":"one"}\n')
  log.write('{"msg":"two"}\n')
  full = false
  log.write('{"msg":"after"}\n')
  expect(linesOf(file)).toMatchObject([{ msg: 'before' }, { level: 40, lost: 2 }, { msg: 'after' }])
})
