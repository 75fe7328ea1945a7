/** What the real file system does not do on demand: it is asked through one that fails. */
import * as fs from 'node:fs'
import * as fsPromises from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFileStore, type LocalFileStore, type StoreFs } from '../store/fileStore.ts'
import { createOpenFiles, filesOpenForWriting } from './openForWriting.ts'
import { stampOf, type TakeDeps, type TakeFs, takeFile } from './takeFile.ts'

let root: string
let path: string
let store: LocalFileStore
beforeEach(() => {
  root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'gatehouse-take-')))
  path = join(root, 'x.csv')
  fs.writeFileSync(path, 'a,b\n1,2\n')
  store = createFileStore(join(root, 'store'))
})
afterEach(() => fs.rmSync(root, { recursive: true, force: true }))

const failure = (code: string) => Object.assign(new Error(code), { code })
const take = (deps: Partial<TakeDeps> = {}, patience = 0) =>
  takeFile(
    {
      ...{ path, stamp: stampOf(fs.lstatSync(path)), since: Number.NEGATIVE_INFINITY, roots: [root] },
      ...{ maxFileBytes: 1e9, writerPatienceMs: patience },
    },
    { store, openFiles: { isWritten: async () => false }, signal: new AbortController().signal, ...deps },
  )
const failingOpen = (code: string): TakeFs => ({
  ...fsPromises,
  open: async () => {
    throw failure(code)
  },
})
const failingRead = (code: string): TakeFs => ({
  ...fsPromises,
  open: async (...args) => {
    const handle = await fsPromises.open(...args)
    handle.read = async () => {
      throw failure(code)
    }
    return handle
  },
})

describe('reading fails', () => {
  it.each(['EACCES', 'EPERM', 'EIO'])('with %s: refused as unreadable, naming it', async (code) => {
    expect(await take({ fs: failingOpen(code) })).toMatchObject({ kind: 'refused', code: 'unreadable', detail: code })
    expect(await take({ fs: failingRead(code) })).toMatchObject({ kind: 'refused', code: 'unreadable', detail: code })
  })
  it.each(['EBUSY', 'EMFILE', 'EAGAIN'])('with %s: it waits, because that passes', async (code) => {
    expect(await take({ fs: failingOpen(code) })).toMatchObject({ kind: 'waiting', code: 'busy' })
  })
  it('because it was deleted meanwhile: it is looked at again', async () => {
    expect(await take({ fs: failingOpen('ENOENT') })).toMatchObject({ kind: 'changed' })
  })
})

describe('storing fails', () => {
  const withFailingWrite = (code: string) => {
    const failing: StoreFs = {
      ...fsPromises,
      open: async (path, flags, mode) => {
        const handle = await fsPromises.open(path, flags, mode)
        if (flags === 'wx')
          handle.write = async () => {
            throw failure(code)
          }
        return handle
      },
    }
    return createFileStore(join(root, 'store'), { fs: failing })
  }
  it('because the disk is full: it waits', async () => {
    expect(await take({ store: withFailingWrite('ENOSPC') })).toMatchObject({ kind: 'waiting', code: 'diskFull' })
  })
  it('for another reason: it waits too, because the file is not at fault', async () => {
    expect(await take({ store: withFailingWrite('EROFS') })).toMatchObject({ kind: 'waiting', code: 'storeFailed' })
  })
})

it('a file that changes while it is copied is not stored', async () => {
  const changing: LocalFileStore = {
    ...store,
    putHandle: (source, options) =>
      store.putHandle(source, {
        ...options,
        confirm: async () => {
          fs.appendFileSync(path, '3,4\n')
          return (await options?.confirm?.()) ?? true
        },
      }),
  }
  expect(await take({ store: changing })).toMatchObject({ kind: 'changed' })
  expect(fs.readdirSync(join(root, 'store', 'tmp'))).toEqual([])
  expect(fs.existsSync(join(root, 'store', 'sha256'))).toBe(false)
})

it('a file that was swapped for another between two looks is not stored', async () => {
  const swapping: TakeFs = {
    ...fsPromises,
    open: async (file, flags) => {
      fs.renameSync(path, `${path}.old`)
      fs.writeFileSync(path, 'x,y\n5,6\n')
      return fsPromises.open(file, flags)
    },
  }
  expect(await take({ fs: swapping })).toMatchObject({ kind: 'changed' })
})

describe.skipIf(process.platform !== 'linux')('files that are open for writing', () => {
  it('are told from files that are open for reading', () => {
    const reader = fs.openSync(path, 'r')
    expect(filesOpenForWriting([root])).toEqual(new Set())
    const writer = fs.openSync(path, 'a')
    expect(filesOpenForWriting([root])).toEqual(new Set([path]))
    expect(filesOpenForWriting([join(root, 'elsewhere')])).toEqual(new Set())
    fs.closeSync(writer)
    fs.closeSync(reader)
  })

  it('are left alone until they have been quiet for long', async () => {
    const writer = fs.openSync(path, 'a')
    const openFiles = createOpenFiles(() => [root])
    const job = { path, stamp: stampOf(fs.lstatSync(path)), roots: [root], maxFileBytes: 1e9, writerPatienceMs: 60_000 }
    const deps = { store, openFiles, signal: new AbortController().signal }
    expect(await takeFile({ ...job, since: performance.now() - 1000 }, deps)).toMatchObject({ code: 'beingWritten' })
    expect(await takeFile({ ...job, since: performance.now() - 61_000 }, deps)).toMatchObject({ kind: 'stored' })
    fs.closeSync(writer)
  })

  it('many questions share one look, and a later change asks for a new one', async () => {
    let looks = 0
    const openFiles = createOpenFiles(
      () => [root],
      () => {
        looks++
        return new Set(['/w'])
      },
    )
    const before = performance.now() - 1
    expect(await Promise.all(Array.from({ length: 50 }, () => openFiles.isWritten('/w', before)))).toEqual(Array(50).fill(true))
    expect(looks).toBe(1)
    expect(await openFiles.isWritten('/other', performance.now())).toBe(false)
    expect(looks).toBe(2)
  })
})
