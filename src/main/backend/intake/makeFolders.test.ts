import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeFolders } from './makeFolders.ts'

test('folders are made with those above them, and once', async () => {
  const root = mkdtempSync(join(tmpdir(), 'gatehouse-folders-'))
  const folder = join(root, 'a', 'b', 'c')
  await makeFolders(folder)
  await makeFolders(folder)
  expect(existsSync(folder)).toBe(true)
  rmSync(root, { recursive: true })
})

test.runIf(process.platform === 'linux')('where nothing can be made that is said, instead of being tried for ever', async () => {
  await expect(makeFolders('/proc/gatehouse/inbox')).rejects.toThrow('ENOENT')
})
