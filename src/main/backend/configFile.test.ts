import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keepBeforeWriting, readText, setAside, setAsideInWords, writeJson } from './configFile.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-config-'))
  file = join(folder, 'settings.json')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('a file is read as it is, without the mark that Windows puts before it; none is null', () => {
  expect(readText(file)).toBeNull()
  writeFileSync(file, '\uFEFF{"operator": "Zoë"}')
  expect(JSON.parse(readText(file) ?? '')).toEqual({ operator: 'Zoë' })
  expect(readText(join(folder, 'no', 'folder', 'either'))).toBeNull()
})

const broken: [string, () => void, RegExp][] = [
  ['is empty', () => writeFileSync(file, ''), /it is empty/],
  [
    'is Latin-1, which read as UTF-8 gives another name',
    () => writeFileSync(file, Buffer.from('{"operator": "Zo\xeb"}', 'latin1')),
    /not UTF-8/,
  ],
  ['is a folder', () => mkdirSync(file), /a folder has its name/],
  [
    'is a link to nowhere',
    () => symlinkSync('/no/such/disk/settings.json', file),
    /a link to \/no\/such\/disk\/settings\.json, where nothing is/,
  ],
  ['is a link to itself', () => symlinkSync(file, file), /cannot be read \(ELOOP\)/],
  [
    'has 200 MB',
    () => {
      writeFileSync(file, '{}')
      truncateSync(file, 200 * 1000 ** 2)
    },
    /longer than 4 MiB/,
  ],
]
test.each(broken)('a file that %s is not read, and it is said why', (_, make, says) => {
  make()
  expect(() => readText(file)).toThrow(says)
})

test('what is set aside stays, and the same one makes one copy over many starts', () => {
  writeFileSync(file, '{half')
  const copy = setAside(file)
  expect(setAside(file)).toBe(copy)
  expect(readFileSync(file, 'utf8')).toBe('{half')
  expect(readFileSync(copy, 'utf8')).toBe('{half')
  writeFileSync(file, '{other')
  expect(setAside(file)).not.toBe(copy)
  expect(readFileSync(copy, 'utf8')).toBe('{half')
})

test('a folder in the place of a file is moved with all that is in it, and the file can be written', () => {
  mkdirSync(file)
  writeFileSync(join(file, 'notes'), 'kept')
  const aside = setAside(file)
  expect(readFileSync(join(aside, 'notes'), 'utf8')).toBe('kept')
  writeJson(file, { a: 1 }, 'The settings')
  expect(readText(file)).toBe('{\n  "a": 1\n}\n')
})

test('a link to nowhere is kept as a link before a file takes its place', () => {
  symlinkSync('/no/such/disk/settings.json', file)
  const aside = setAside(file)
  expect(setAside(file)).toBe(aside)
  writeJson(file, {}, 'The settings')
  expect(lstatSync(file).isSymbolicLink()).toBe(false)
  expect(readlinkSync(aside)).toBe('/no/such/disk/settings.json')
})

test('where no copy can be made that is said, and the file is not written over', () => {
  // Its copy's name would be longer than any file system allows; holds for root as well, whom no mode bits stop.
  file = join(folder, `${'a'.repeat(240)}.json`)
  writeFileSync(file, '{half')
  expect(setAsideInWords(file)).toMatch(/No copy of it could be made \(ENAMETOOLONG\), so it is not written over/)
  expect(() => keepBeforeWriting(file, 'The settings')).toThrow(/The settings could not be saved: .* no copy of it can be made/)
  expect(readFileSync(file, 'utf8')).toBe('{half')
  expect(readdirSync(folder)).toHaveLength(1)
})

test('a value is written whole, for this user alone, over whatever mode was there, and leaves nothing beside it', () => {
  writeFileSync(file, 'old')
  chmodSync(file, 0o644)
  writeJson(file, { a: 1 }, 'The settings')
  expect(lstatSync(file).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder)).toEqual(['settings.json'])
})

test('what cannot be written is refused in words, and leaves what was there', () => {
  mkdirSync(file)
  expect(() => writeJson(file, {}, 'The settings')).toThrow(
    /^The settings could not be saved: .*settings\.json cannot be written \(E\w+\)\. Nothing was changed/,
  )
  expect(existsSync(file)).toBe(true)
  expect(readdirSync(folder)).toHaveLength(1)
})
