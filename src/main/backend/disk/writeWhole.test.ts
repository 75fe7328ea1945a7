import * as nodeFs from 'node:fs'
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { canMount, mountSmallDisk, type SmallDisk } from './testing/smallDisk.ts'
import { makeFolder, type WholeFs, writeWhole } from './writeWhole.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** The real file system, and in words what it was asked that matters for a power cut. */
function telling(): { fs: WholeFs; asked: string[] } {
  const asked: string[] = []
  const names = new Map<unknown, string>()
  const nameOf = (path: unknown) => basename(String(path)).replace(/\.[0-9a-f]{8}\.tmp$/, ' (new)')
  const fs: WholeFs = {
    ...nodeFs,
    openSync(path, ...rest) {
      const descriptor = nodeFs.openSync(path, ...rest)
      names.set(descriptor, path === folder ? 'folder' : nameOf(path))
      return descriptor
    },
    writeFileSync(to, ...rest) {
      asked.push(`write ${names.get(to)}`)
      nodeFs.writeFileSync(to, ...rest)
    },
    fsyncSync(descriptor) {
      asked.push(`fsync ${names.get(descriptor)}`)
      nodeFs.fsyncSync(descriptor)
    },
    renameSync(from, to) {
      asked.push(`rename ${nameOf(from)} to ${nameOf(to)}`)
      nodeFs.renameSync(from, to)
    },
  }
  return { fs, asked }
}

it('has the content on disk before the name, and the name before it comes back', () => {
  const { fs, asked } = telling()
  writeWhole(join(folder, 'settings.json'), '{}', fs)
  expect(asked).toEqual([
    'write settings.json (new)',
    'fsync settings.json (new)',
    'rename settings.json (new) to settings.json',
    'fsync folder',
  ])
  expect(readFileSync(join(folder, 'settings.json'), 'utf8')).toBe('{}')
  expect(statSync(join(folder, 'settings.json')).mode & 0o777).toBe(0o600)
})

it('writes where a link leads, and leaves the link', () => {
  writeWhole(join(folder, 'real.json'), 'before')
  symlinkSync('real.json', join(folder, 'settings.json'))
  writeWhole(join(folder, 'settings.json'), 'after')
  expect(lstatSync(join(folder, 'settings.json')).isSymbolicLink()).toBe(true)
  expect(readFileSync(join(folder, 'real.json'), 'utf8')).toBe('after')
})

it('a new folder has its name on disk, and so has each above it that was made for it', () => {
  const { fs, asked } = telling()
  const all = { ...fs, mkdirSync: nodeFs.mkdirSync }
  makeFolder(join(folder, 'a', 'b'), all)
  expect(asked).toEqual(['fsync a', 'fsync folder'])
  makeFolder(join(folder, 'a', 'b'), all)
  expect(asked).toHaveLength(2)
  expect(statSync(join(folder, 'a', 'b')).mode & 0o777).toBe(0o700)
})

describe.skipIf(!canMount)('on a disk that is nearly full', () => {
  let disk: SmallDisk
  beforeEach(() => {
    disk = mountSmallDisk(256 * 1024)
  })
  afterEach(() => disk.remove())

  it('leaves the file as it was, where room is left for a part of the new one only', () => {
    const file = join(disk.folder, 'settings.json')
    writeWhole(file, 'a'.repeat(20_000))
    disk.fillTo(8192)
    expect(() => writeWhole(file, 'b'.repeat(20_000))).toThrow(/ENOSPC/)
    expect(readFileSync(file, 'utf8')).toBe('a'.repeat(20_000))
    expect(readdirSync(disk.folder)).toEqual(['.filler', 'settings.json'])
    disk.clear()
    writeWhole(file, 'c'.repeat(20_000))
    expect(readFileSync(file, 'utf8')).toBe('c'.repeat(20_000))
  })
})
