import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import * as fsPromises from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFileStore, DiskFull, type StoreFs, StoreProblem } from './fileStore.ts'

let root: string
let folder: string
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'gatehouse-store-'))
  folder = join(root, 'store')
})
afterEach(() => fs.rmSync(root, { recursive: true, force: true }))

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')
const source = (content: string | Uint8Array) => {
  const path = join(root, 'source.csv')
  fs.writeFileSync(path, content)
  return path
}
const temporaries = () => (fs.existsSync(join(folder, 'tmp')) ? fs.readdirSync(join(folder, 'tmp')) : [])
const failure = (code: string) => Object.assign(new Error(code), { code })

describe('a stored file', () => {
  it.each([0, 1, 1000, 512 * 1024, 512 * 1024 + 1, 3_000_000])('of %i bytes comes back byte for byte', async (size) => {
    const bytes = Buffer.alloc(size, 'row,of,data\n')
    const store = createFileStore(folder)
    const stored = await store.putFile(source(bytes))
    expect(stored).toEqual({ sha256: sha256(bytes), uri: `sha256:${sha256(bytes)}`, size_bytes: size })
    const path = (await store.pathOf(stored.sha256)) as string
    expect(path).toBe(join(folder, 'sha256', stored.sha256.slice(0, 2), stored.sha256))
    expect(fs.readFileSync(path).equals(bytes)).toBe(true)
    expect(await store.verify(stored.sha256)).toBe(true)
    expect(temporaries()).toEqual([])
  })

  it('is for this user alone, and for reading', async () => {
    const store = createFileStore(folder)
    const { sha256: hash } = await store.putBytes(Buffer.from('x'))
    expect(fs.statSync((await store.pathOf(hash)) as string).mode & 0o777).toBe(0o400)
    expect(fs.statSync(join(folder, 'sha256')).mode & 0o777).toBe(0o700)
  })

  it('stored again changes nothing', async () => {
    const store = createFileStore(folder)
    const first = await store.putFile(source('same'))
    const before = fs.statSync((await store.pathOf(first.sha256)) as string)
    expect(await store.putBytes(Buffer.from('same'))).toEqual(first)
    expect(fs.statSync((await store.pathOf(first.sha256)) as string).ino).toBe(before.ino)
    expect(temporaries()).toEqual([])
  })

  it('that was damaged is found out, and mended by storing it again where its length tells', async () => {
    const store = createFileStore(folder)
    const { sha256: hash } = await store.putBytes(Buffer.from('whole'))
    const path = (await store.pathOf(hash)) as string
    fs.chmodSync(path, 0o600)
    fs.writeFileSync(path, 'who')
    expect(await store.verify(hash)).toBe(false)
    await store.putBytes(Buffer.from('whole'))
    expect(await store.verify(hash)).toBe(true)
  })

  it('that is not there, or is not called by a hash, has no path', async () => {
    const store = createFileStore(folder)
    expect(await store.pathOf('0'.repeat(64))).toBeNull()
    expect(await store.verify('0'.repeat(64))).toBe(false)
    expect(await store.pathOf('../../etc/passwd')).toBeNull()
  })

  it('the same content from many sides at once is one file', async () => {
    const store = createFileStore(folder)
    const path = source(Buffer.alloc(2_000_000, 'x'))
    const stored = await Promise.all(Array.from({ length: 8 }, () => store.putFile(path)))
    expect(new Set(stored.map((s) => s.sha256)).size).toBe(1)
    expect(await store.verify(stored[0]?.sha256 as string)).toBe(true)
    expect(temporaries()).toEqual([])
  })
})

it('a file has its bytes on disk before its name, and its name and folders before it counts as stored', async () => {
  const asked: string[] = []
  const hash = sha256('kept')
  const nameOf = (path: string) => (path.includes(join('store', 'tmp')) ? 'copy' : path.slice(folder.length) || 'store')
  const telling: StoreFs = {
    ...fsPromises,
    open: async (path, flags, mode) => {
      const handle = await fsPromises.open(path, flags, mode)
      const sync = handle.sync.bind(handle)
      handle.sync = async () => {
        asked.push(`fsync ${nameOf(String(path))}`)
        await sync()
      }
      return handle
    },
    rename: async (from, to) => {
      asked.push(`rename ${nameOf(String(from))}`)
      await fsPromises.rename(from, to)
    },
  }
  const store = createFileStore(folder, { fs: telling })
  await store.putBytes(Buffer.from('kept'))
  const shard = join('/sha256', hash.slice(0, 2))
  expect(asked).toEqual(['fsync copy', 'rename copy', `fsync ${shard}`, 'fsync /sha256', 'fsync store'])
})

describe('a copy that does not come to its end leaves nothing', () => {
  it('when it is called off', async () => {
    const store = createFileStore(folder)
    const calledOff = new AbortController()
    calledOff.abort()
    await expect(store.putFile(source('x'), calledOff.signal)).rejects.toThrow(/abort/)
    expect(temporaries()).toEqual([])
  })

  it('when it is not confirmed', async () => {
    const store = createFileStore(folder)
    const handle = await fsPromises.open(source('x'))
    expect(await store.putHandle(handle, { confirm: async () => false })).toBeNull()
    await handle.close()
    expect(temporaries()).toEqual([])
    expect(await store.pathOf(sha256('x'))).toBeNull()
  })

  it('when the source is not there', async () => {
    await expect(createFileStore(folder).putFile(join(root, 'nowhere'))).rejects.toMatchObject({ code: 'ENOENT' })
    expect(temporaries()).toEqual([])
  })

  /** A file system whose writing fails with `code` after some bytes. */
  const failing = (code: string, step: 'write' | 'sync' | 'rename'): StoreFs => ({
    ...fsPromises,
    open: async (path, flags, mode) => {
      const handle = await fsPromises.open(path, flags, mode)
      if (flags !== 'wx' || step === 'rename') return handle
      handle[step] = async () => {
        throw failure(code)
      }
      return handle
    },
    rename: async (from, to) => {
      if (step === 'rename') throw failure(code)
      await fsPromises.rename(from, to)
    },
  })

  it.each(['write', 'sync', 'rename'] as const)('when the disk is full at %s, which is an error of its own', async (step) => {
    for (const code of ['ENOSPC', 'EDQUOT']) {
      const store = createFileStore(folder, { fs: failing(code, step) })
      await expect(store.putFile(source('some bytes'))).rejects.toBeInstanceOf(DiskFull)
      expect(temporaries()).toEqual([])
      expect(await store.pathOf(sha256('some bytes'))).toBeNull()
    }
  })

  it('when the store cannot be written for another reason', async () => {
    const store = createFileStore(folder, { fs: failing('EROFS', 'write') })
    const problem = await store.putFile(source('some bytes')).catch((error) => error)
    expect(problem).toBeInstanceOf(StoreProblem)
    expect(problem).not.toBeInstanceOf(DiskFull)
    expect(problem).toMatchObject({ code: 'EROFS' })
    expect(temporaries()).toEqual([])
  })
})

it('clean removes what killed copies left, and spares copies of this process', async () => {
  const store = createFileStore(folder)
  await store.putBytes(Buffer.from('kept'))
  fs.writeFileSync(join(folder, 'tmp', 'another-process.1'), 'half')
  fs.writeFileSync(join(folder, 'tmp', `${store.owner}.2`), 'under way')
  expect(await store.clean()).toBe(1)
  expect(temporaries()).toEqual([`${store.owner}.2`])
  expect(await store.verify(sha256('kept'))).toBe(true)
  expect(await createFileStore(join(root, 'never used')).clean()).toBe(0)
})
