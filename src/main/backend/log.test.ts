import { mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createLogFile } from './log.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-log-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

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
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
  expect(lines).toMatchObject([{ msg: 'before' }, { level: 40, lost: 2 }, { msg: 'after' }])
})
