import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockFile } from './lock.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-lock-'))
  file = join(folder, 'lock.sqlite')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('bytes in the place of the lock are kept aside, and the lock is had, by one at a time', () => {
  const notes = 'somebody wrote notes here, which are no lock of ours\n'.repeat(40)
  writeFileSync(file, notes)
  const lock = lockFile(file)
  expect(lock).not.toBeNull()
  expect(lockFile(file)).toBeNull()
  const aside = readdirSync(folder).find((name) => name.startsWith('lock.sqlite.broken-')) as string
  expect(readFileSync(join(folder, aside), 'utf8')).toBe(notes)
  lock?.release()
  lockFile(file)?.release()
})

test('a folder in its place is named, with what to do', () => {
  mkdirSync(file)
  expect(() => lockFile(file)).toThrow(/The lock .*lock\.sqlite cannot be used .* Move away what lies there/)
})
