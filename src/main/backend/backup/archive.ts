/** Zip archives whose entries are hashed on the way in and on the way out. */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import yauzl from 'yauzl'
import yazl from 'yazl'
import { flushFolder } from '../disk/writeWhole.ts'

export interface ArchiveSource {
  /** Path within the archive, with `/`. */
  name: string
  /** A file, or the content itself. */
  from: string | Buffer
}

export interface ArchivedEntry {
  name: string
  /** Bytes, as they were before they were packed. */
  size: number
  sha256: string
}

/** The file is no archive that can be read, or not what its list of contents says; the message says which. */
export class ArchiveProblem extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ArchiveProblem'
  }
}

/** A quarter of the time of zlib's default for nearly the same size, as CSVs and databases are. */
const compressionLevel = 3

/**
 * Writes an archive beside its place and gives it its name once it is on disk: it is there whole or not at all.
 * @param last the last entry, made when all others are written and hashed
 * @param onBytes how many bytes of the sources were packed since the last call
 * @param signal gives up; then nothing is left
 * @returns size in bytes and SHA-256 of the archive
 */
export async function writeArchive({
  path,
  sources,
  last,
  onBytes,
  signal,
}: {
  path: string
  sources: readonly ArchiveSource[]
  last?: { name: string; content(entries: ArchivedEntry[]): Buffer }
  onBytes?: (bytes: number) => void
  signal?: AbortSignal
}): Promise<{ sizeBytes: number; sha256: string }> {
  const partial = `${path}.partial`
  const entries: ArchivedEntry[] = []
  let underWay: Readable | null = null
  const zip = new yazl.ZipFile()
  const output = zip.outputStream as Readable
  zip.on('error', (error: Error) => output.destroy(error))
  for (const { name, from } of sources) {
    zip.addReadStreamLazy(name, { compressionLevel }, (give) => {
      const bytes = typeof from === 'string' ? createReadStream(from) : Readable.from([from])
      underWay = bytes
      const counted = counting((size, sha256) => entries.push({ name, size, sha256 }), onBytes)
      bytes.on('error', (error: Error) => output.destroy(error))
      give(null, bytes.pipe(counted))
    })
  }
  if (last) {
    // Asked for when its turn comes: yazl packs one entry after the other.
    zip.addReadStreamLazy(last.name, { compressionLevel }, (give) => give(null, Readable.from([last.content(entries)])))
  }
  zip.end()
  const whole = createHash('sha256')
  const hashed = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      whole.update(chunk)
      done(null, chunk)
    },
  })
  try {
    // `wx`: what another backup is writing is not overwritten. `flush`: on disk before it is closed.
    await pipeline(output, hashed, createWriteStream(partial, { flags: 'wx', mode: 0o600, flush: true }), { signal })
    await rename(partial, path)
    flushFolder(dirname(path))
  } catch (error) {
    ;(underWay as Readable | null)?.destroy()
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') await rm(partial, { force: true })
    throw error
  }
  return { sizeBytes: (await stat(path)).size, sha256: whole.digest('hex') }
}

export interface OpenArchive {
  /** Names and sizes as the archive's directory says. */
  readonly entries: readonly { name: string; size: number }[]
  /** @throws ArchiveProblem when it is not there, damaged, or longer than `most` bytes */
  read(name: string, most: number): Promise<Buffer>
  /** Writes an entry to a new file. @throws ArchiveProblem when it is damaged; then no file is left */
  extract(name: string, to: string, onBytes?: (bytes: number) => void): Promise<ArchivedEntry>
  close(): void
}

/**
 * Opens an archive by its directory, which stands at its end: one that was cut off is told at once. Names that lead out
 * of a folder are refused by yauzl.
 * @throws ArchiveProblem
 */
export async function openArchive(path: string): Promise<OpenArchive> {
  const unreadable = (error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== undefined && /^E[A-Z]+$/.test(code)) return new ArchiveProblem(`${path} cannot be read (${code}).`)
    return new ArchiveProblem(`${path} is no archive, was cut off, or was changed (${message}).`, { cause: error })
  }
  let zip: yauzl.ZipFile
  const found = new Map<string, yauzl.Entry>()
  try {
    zip = await yauzl.openPromise(path, { autoClose: false, lazyEntries: true, strictFileNames: true })
  } catch (error) {
    throw unreadable(error)
  }
  try {
    for await (const entry of zip.eachEntry()) {
      if (found.has(entry.fileName)) throw new ArchiveProblem(`${path} holds ${entry.fileName} twice.`)
      found.set(entry.fileName, entry)
    }
  } catch (error) {
    zip.close()
    throw error instanceof ArchiveProblem ? error : unreadable(error)
  }
  const stream = async (name: string) => {
    const entry = found.get(name)
    if (!entry) throw new ArchiveProblem(`${path} does not hold ${name}.`)
    try {
      return await zip.openReadStreamPromise(entry)
    } catch (error) {
      throw unreadable(error)
    }
  }
  const copy = async (name: string, target: Writable, onBytes?: (bytes: number) => void): Promise<ArchivedEntry> => {
    let result: ArchivedEntry | null = null
    const counted = counting((size, sha256) => {
      result = { name, size, sha256 }
    }, onBytes)
    await pipeline(await stream(name), counted, target)
    if (result === null) throw new Error(`${name} was not read to its end`)
    return result
  }
  return {
    entries: [...found.values()].map(({ fileName, uncompressedSize }) => ({ name: fileName, size: uncompressedSize })),
    async read(name, most) {
      // The stream fails when the entry is longer than its directory says, so this bounds what is held in memory.
      if ((found.get(name)?.uncompressedSize ?? 0) > most) throw new ArchiveProblem(`${name} in ${path} is too long.`)
      const chunks: Buffer[] = []
      const sink = new Writable({
        write(chunk: Buffer, _encoding, done) {
          chunks.push(chunk)
          done()
        },
      })
      try {
        await copy(name, sink)
      } catch (error) {
        throw error instanceof ArchiveProblem ? error : unreadable(error)
      }
      return Buffer.concat(chunks)
    },
    async extract(name, to, onBytes) {
      try {
        return await copy(name, createWriteStream(to, { flags: 'wx', mode: 0o600, flush: true }), onBytes)
      } catch (error) {
        // A disk that is full or a folder that cannot be written is not the archive's fault.
        const { code } = error as NodeJS.ErrnoException
        if (error instanceof ArchiveProblem || (code !== undefined && /^E[A-Z]+$/.test(code))) throw error
        throw new ArchiveProblem(`${name} in ${path} is damaged (${(error as Error).message}).`, { cause: error })
      }
    },
    close: () => zip.close(),
  }
}

/** Hands bytes on and tells their number and hash at the end. */
function counting(done: (size: number, sha256: string) => void, onBytes?: (bytes: number) => void): Transform {
  const hash = createHash('sha256')
  let size = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, next) {
      hash.update(chunk)
      size += chunk.length
      onBytes?.(chunk.length)
      next(null, chunk)
    },
    flush(next) {
      done(size, hash.digest('hex'))
      next()
    },
  })
}
