import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { homeAt, makeHome } from '../home.ts'
import { archivePlace } from './place.ts'

let folder = ''
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'gatehouse-place-')))
  makeHome(homeAt(join(folder, 'home')))
  mkdirSync(join(folder, 'disk'))
  mkdirSync(join(folder, 'home-of-others'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const place = (wanted: string | null) => {
  const home = homeAt(join(folder, 'home'))
  return archivePlace(home, wanted, { folder: home.backups, prefix: 'gatehouse-' }, new Date('2026-01-02T03:04:05.678Z'))
}
const name = 'gatehouse-20260102T030405Z.zip'

it('names the file itself, in the default folder or in one that is named', async () => {
  expect(await place(null)).toBe(join(folder, 'home', 'backups', name))
  expect(await place(join(folder, 'disk'))).toBe(join(folder, 'disk', name))
  expect(await place(join(folder, 'home', 'backups'))).toBe(join(folder, 'home', 'backups', name))
  expect(await place(join(folder, 'home-of-others', 'mine.zip'))).toBe(join(folder, 'home-of-others', 'mine.zip'))
})

it.each([
  ['disk/mine.txt', 'must end in ".zip"'],
  ['disk/.bashrc', 'must end in ".zip"'],
  ['nowhere/mine.zip', 'is not there'],
  ['disk/taken.zip', 'is there already'],
  ['home', 'part of the data folder'],
  ['home/data/raw', 'part of the data folder'],
  ['home/config/mine.zip', 'part of the data folder'],
  ['disk/link', 'part of the data folder'],
  ['disk/link/mine.zip', 'part of the data folder'],
  ['home/backups/../store/mine.zip', 'part of the data folder'],
])('puts nothing at %s', async (wanted, why) => {
  writeFileSync(join(folder, 'disk', 'taken.zip'), 'x')
  symlinkSync(join(folder, 'home', 'store'), join(folder, 'disk', 'link'))
  await expect(place(`${folder}/${wanted}`)).rejects.toThrow(why)
})

it('wants a full path', async () => {
  await expect(place('mine.zip')).rejects.toThrow('must be a full path')
})
