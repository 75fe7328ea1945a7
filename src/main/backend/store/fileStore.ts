import { createHash, randomUUID } from 'node:crypto'
import * as fsPromises from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { FileStore } from '../../../temporal/activities/deps.ts'
import type { StoredFile } from '../../../temporal/types.ts'

/** The store could not take a file, for a reason that lies with the store and not with the file. Nothing half was kept. */
export class StoreProblem extends Error {
  readonly code: string
  constructor(message: string, cause: unknown) {
    super(message, { cause })
    this.name = 'StoreProblem'
    this.code = codeOf(cause) ?? 'unknown'
  }
}

/** No room (or no quota) is left where the store is. Nothing half was kept. */
export class DiskFull extends StoreProblem {
  constructor(folder: string, cause: unknown) {
    super(
      `There is no room left on the disk that holds ${folder}. Nothing was stored. Free some space; it is tried again.`,
      cause,
    )
    this.name = 'DiskFull'
  }
}

export interface PutOptions {
  signal?: AbortSignal
  /** Asked once all bytes are on disk and before the file gets its name; false drops the copy. */
  confirm?: () => Promise<boolean>
}

export interface LocalFileStore extends FileStore {
  readonly folder: string
  /** Marks the temporary files of this process, so that `clean` spares them. */
  readonly owner: string
  /** Streams an open file into the store, from its first byte. Null when `confirm` said no. */
  putHandle(source: fsPromises.FileHandle, options?: PutOptions): Promise<StoredFile | null>
  /** Removes what copies that were killed left behind; gives how many. Call it once, when the process starts. */
  clean(): Promise<number>
}

/** What the store asks of the file system; tests pass one that fails. */
export type StoreFs = Pick<typeof fsPromises, 'open' | 'mkdir' | 'rename' | 'rm' | 'stat' | 'readdir'>

const ownerOfThisProcess = randomUUID()
/** Large enough to keep a disk busy, small enough that hashing one chunk (about 0.5 ms) stalls nobody. */
const chunkBytes = 512 * 1024

const codeOf = (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : null

/**
 * A content-addressed store of immutable files: `<folder>/sha256/ab/abcdef…`, mode 0400.
 *
 * A file is copied and hashed in one pass into `<folder>/tmp`, flushed, renamed into place, and its folder flushed: it is
 * there whole or not at all. Storing the same bytes again changes nothing.
 * @throws DiskFull, StoreProblem; an error of the source file is passed on as it is.
 */
export function createFileStore(
  folder: string,
  { owner = ownerOfThisProcess, fs = fsPromises }: { owner?: string; fs?: StoreFs } = {},
): LocalFileStore {
  const temporary = join(folder, 'tmp')
  const placeOf = (sha256: string) => join(folder, 'sha256', sha256.slice(0, 2), sha256)

  const inStore = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      const code = codeOf(error)
      if (code === 'ENOSPC' || code === 'EDQUOT') throw new DiskFull(folder, error)
      throw new StoreProblem(
        `The store ${folder} could not be written (${code ?? String(error)}). Nothing was stored. Check that the folder is there and belongs to this user.`,
        error,
      )
    }
  }

  const flushFolder = async (path: string) => {
    if (process.platform === 'win32') return // Windows cannot flush a folder; NTFS journals the rename itself
    const handle = await fs.open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  }

  const sizeOfStored = async (sha256: string) => {
    try {
      const stats = await fs.stat(placeOf(sha256))
      return stats.isFile() ? stats.size : null
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null
      throw error
    }
  }

  const settleInPlace = async (temp: string, sha256: string, size: number) => {
    // A stored file of another length was damaged from outside: the good copy takes its place.
    if ((await sizeOfStored(sha256)) === size) return false
    const place = placeOf(sha256)
    const created = await fs.mkdir(dirname(place), { recursive: true, mode: 0o700 })
    await fs.rename(temp, place)
    await flushFolder(dirname(place))
    if (!created) return true
    await flushFolder(join(folder, 'sha256'))
    await flushFolder(folder) // the first file of all made that folder too
    return true
  }

  const put = async (
    next: (buffer: Buffer, position: number) => Promise<Uint8Array | null>,
    expectedBytes: number,
    { signal, confirm }: PutOptions,
  ): Promise<StoredFile | null> => {
    const hash = createHash('sha256')
    const temp = join(temporary, `${owner}.${randomUUID()}`)
    const buffer = Buffer.allocUnsafeSlow(Math.min(chunkBytes, Math.max(expectedBytes, 1) + 1))
    const target = await inStore(async () => {
      await fs.mkdir(temporary, { recursive: true, mode: 0o700 })
      return fs.open(temp, 'wx', 0o600)
    })
    let placed = false
    try {
      let size = 0
      try {
        for (let chunk = await next(buffer, size); chunk; chunk = await next(buffer, size)) {
          signal?.throwIfAborted()
          hash.update(chunk)
          let written = 0
          while (written < chunk.length) {
            const rest = chunk.subarray(written)
            written += (await inStore(() => target.write(rest))).bytesWritten
          }
          size += chunk.length
        }
        signal?.throwIfAborted()
        await inStore(async () => {
          await target.chmod(0o400)
          await target.sync()
        })
      } finally {
        await target.close()
      }
      if (confirm && !(await confirm())) return null
      const sha256 = hash.digest('hex')
      placed = await inStore(() => settleInPlace(temp, sha256, size))
      return { sha256, uri: `sha256:${sha256}`, size_bytes: size }
    } finally {
      if (!placed) await fs.rm(temp, { force: true })
    }
  }

  const putHandle = async (source: fsPromises.FileHandle, options: PutOptions = {}) => {
    const { size } = await source.stat()
    return put(
      async (buffer, position) => {
        const { bytesRead } = await source.read(buffer, 0, buffer.length, position)
        return bytesRead === 0 ? null : buffer.subarray(0, bytesRead)
      },
      size,
      options,
    )
  }

  const stored = (result: StoredFile | null): StoredFile => {
    if (!result) throw new Error('a copy without a confirm was dropped')
    return result
  }

  return {
    folder,
    owner,
    putHandle,

    async pathOf(sha256) {
      // Whatever is not a hash never becomes a path.
      if (!/^[0-9a-f]{64}$/.test(sha256)) return null
      return (await sizeOfStored(sha256)) === null ? null : placeOf(sha256)
    },

    async putFile(path, signal) {
      const source = await fs.open(path, 'r')
      try {
        return stored(await putHandle(source, { signal }))
      } finally {
        await source.close()
      }
    },

    async putBytes(bytes) {
      let given = false
      const once = async () => {
        if (given || bytes.length === 0) return null
        given = true
        return bytes
      }
      return stored(await put(once, 0, {}))
    },

    async verify(sha256) {
      if (!/^[0-9a-f]{64}$/.test(sha256) || (await sizeOfStored(sha256)) === null) return false
      const hash = createHash('sha256')
      const handle = await fs.open(placeOf(sha256), 'r')
      try {
        const buffer = Buffer.allocUnsafeSlow(chunkBytes)
        for (;;) {
          const { bytesRead } = await handle.read(buffer, 0, buffer.length, null)
          if (bytesRead === 0) return hash.digest('hex') === sha256
          hash.update(buffer.subarray(0, bytesRead))
        }
      } finally {
        await handle.close()
      }
    },

    async clean() {
      const names = await fs.readdir(temporary).catch((error) => {
        if (codeOf(error) === 'ENOENT') return [] as string[]
        throw error
      })
      const left = names.filter((name) => !name.startsWith(`${owner}.`))
      await Promise.all(left.map((name) => fs.rm(join(temporary, name), { force: true, recursive: true })))
      return left.length
    },
  }
}
