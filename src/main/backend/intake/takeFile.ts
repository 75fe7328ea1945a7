/** What happens to one settled file on the intake's thread: looked at, hashed and copied in one pass, looked at again. */
import { constants, type Stats } from 'node:fs'
import * as fsPromises from 'node:fs/promises'
import { basename, sep } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { StoredFile } from '../../../temporal/types.ts'
import type { Stamp } from '../ledger/sightings.ts'
import { sameStamp } from '../ledger/sightings.ts'
import { DiskFull, type LocalFileStore, StoreProblem } from '../store/fileStore.ts'
import { isCsvName } from './names.ts'
import type { OpenFiles } from './openForWriting.ts'
import { binaryKind, headBytes } from './quickLook.ts'

export interface TakeJob {
  path: string
  /** What the file looked like when it last changed; null when that is not known yet. */
  stamp: Stamp | null
  /** When that was seen, on this thread's `performance.now()`; -Infinity for a file that is known to be complete. */
  since: number
  /** Real paths of the inbox folders: a link may point below these only. */
  roots: readonly string[]
  maxFileBytes: number
  /** A file that some program still has open for writing is left alone until it has been quiet this long. */
  writerPatienceMs: number
}

export type RefusalCode =
  | 'empty'
  | 'binary'
  | 'unreadable'
  | 'tooLarge'
  | 'linkLeavesInbox'
  | 'brokenLink'
  | 'notAFile'
  | 'notCsv'
export type WaitCode = 'diskFull' | 'storeFailed' | 'beingWritten' | 'busy'

export type Refusal = { kind: 'refused'; code: RefusalCode; detail: string; stamp: Stamp }
export type TakeResult =
  | { kind: 'stored'; file: StoredFile; stamp: Stamp }
  | Refusal
  | { kind: 'waiting'; code: WaitCode; detail: string; stamp: Stamp }
  /** Not the same as when it was last seen: it has to settle (again). */
  | { kind: 'changed'; stamp: Stamp }
  /** Nothing that becomes a run or a message: a folder. */
  | { kind: 'passedOver'; stamp: Stamp }
  | { kind: 'gone' }

export type TakeFs = Pick<typeof fsPromises, 'lstat' | 'stat' | 'realpath' | 'open'>
export interface TakeDeps {
  store: LocalFileStore
  openFiles: OpenFiles
  signal: AbortSignal
  fs?: TakeFs
}

export const stampOf = (stats: Pick<Stats, 'size' | 'mtimeMs' | 'ctimeMs' | 'ino'>): Stamp => ({
  size: stats.size,
  mtimeMs: stats.mtimeMs,
  ctimeMs: stats.ctimeMs,
  // Some file systems number files with 64 bits and more; the ledger keeps what a double holds exactly.
  inode: stats.ino % Number.MAX_SAFE_INTEGER,
})

export const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'

const isGone = (error: unknown) => ['ENOENT', 'ENOTDIR'].includes(codeOf(error))
/** Conditions that pass by themselves: a lock of another program, too many open files. */
const passes = (error: unknown) => ['EBUSY', 'EAGAIN', 'EMFILE', 'ENFILE', 'ETXTBSY'].includes(codeOf(error))

/** Named pipes must not block the opening of a file that was swapped for one. */
const readFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0)

const refused = (code: RefusalCode, stamp: Stamp, detail = ''): Refusal => ({ kind: 'refused', code, detail, stamp })

/** What a file's kind, name, size and first bytes say against it; null when nothing does. */
export async function refusalOf(
  file: { name: string; stats: Stats; stamp: Stamp; maxFileBytes: number },
  openHandle: () => Promise<fsPromises.FileHandle>,
): Promise<Refusal | null> {
  const { name, stats, stamp, maxFileBytes } = file
  if (!stats.isFile()) return refused('notAFile', stamp, specialKind(stats))
  if (!isCsvName(name)) return refused('notCsv', stamp)
  if (stats.size === 0) return refused('empty', stamp)
  if (stats.size > maxFileBytes) return refused('tooLarge', stamp, String(maxFileBytes))
  const handle = await openHandle()
  const head = Buffer.alloc(Math.min(headBytes, stats.size))
  const { bytesRead } = await handle.read(head, 0, head.length, 0)
  const kind = binaryKind(head.subarray(0, bytesRead))
  return kind ? refused('binary', stamp, kind) : null
}

function specialKind(stats: Stats): string {
  if (stats.isFIFO()) return 'a named pipe'
  if (stats.isSocket()) return 'a socket'
  if (stats.isBlockDevice() || stats.isCharacterDevice()) return 'a device'
  return 'a folder'
}

/** Takes one file into the store if it has settled and nothing speaks against it. Never throws for a file's fault. */
export async function takeFile(job: TakeJob, deps: TakeDeps): Promise<TakeResult> {
  const fs = deps.fs ?? fsPromises
  let stats: Stats
  try {
    stats = await fs.lstat(job.path)
  } catch (error) {
    if (isGone(error)) return { kind: 'gone' }
    return refused('unreadable', job.stamp ?? { size: 0, mtimeMs: 0, ctimeMs: 0, inode: 0 }, codeOf(error))
  }
  let real = job.path
  let linkProblem: Refusal | null = null
  if (stats.isSymbolicLink()) {
    const own = stampOf(stats)
    try {
      real = await fs.realpath(job.path)
      if (job.roots.some((root) => real.startsWith(root + sep))) stats = await fs.stat(real)
      else linkProblem = refused('linkLeavesInbox', own, real)
    } catch (error) {
      linkProblem = refused('brokenLink', own, codeOf(error))
    }
  }
  const stamp = stampOf(stats)
  if (stats.isDirectory()) return { kind: 'passedOver', stamp }
  if (!job.stamp || !sameStamp(job.stamp, stamp)) return { kind: 'changed', stamp }
  if (linkProblem) return linkProblem

  const stillTheSame = async () => {
    try {
      return sameStamp(stampOf(await fs.stat(real)), stamp)
    } catch (error) {
      if (isGone(error)) return false
      throw error
    }
  }
  let handle: fsPromises.FileHandle | null = null
  try {
    const open = async () => {
      handle = await fs.open(real, readFlags)
      return handle
    }
    const refusal = await refusalOf({ name: basename(job.path), stats, stamp, maxFileBytes: job.maxFileBytes }, open)
    if (refusal && !['empty', 'binary'].includes(refusal.code)) return refusal
    // An empty or odd beginning may just be what its writer has written so far.
    const quietFor = performance.now() - job.since
    if (quietFor < job.writerPatienceMs && (await deps.openFiles.isWritten(real, job.since)))
      return { kind: 'waiting', code: 'beingWritten', detail: '', stamp }
    if (refusal) return refusal
    const source = handle ?? (await open())
    if (!sameStamp(stampOf(await source.stat()), stamp)) return { kind: 'changed', stamp }
    const file = await deps.store.putHandle(source, { signal: deps.signal, confirm: stillTheSame })
    return file ? { kind: 'stored', file, stamp } : { kind: 'changed', stamp }
  } catch (error) {
    if (deps.signal.aborted) throw error
    if (error instanceof DiskFull) return { kind: 'waiting', code: 'diskFull', detail: error.message, stamp }
    if (error instanceof StoreProblem) return { kind: 'waiting', code: 'storeFailed', detail: error.message, stamp }
    if (isGone(error)) return { kind: 'changed', stamp } // the next look finds out whether it is gone or was replaced
    if (passes(error)) return { kind: 'waiting', code: 'busy', detail: codeOf(error), stamp }
    return refused('unreadable', stamp, codeOf(error))
  } finally {
    await (handle as fsPromises.FileHandle | null)?.close()
  }
}

/** Looks at a file that is not in the inbox yet, following links: null when it may be copied there. */
export async function lookAtFile(
  path: string,
  name: string,
  maxFileBytes: number,
  fs: TakeFs = fsPromises,
): Promise<Refusal | { kind: 'gone' } | null> {
  let handle: fsPromises.FileHandle | null = null
  let stamp: Stamp = { size: 0, mtimeMs: 0, ctimeMs: 0, inode: 0 }
  try {
    const stats = await fs.stat(path)
    stamp = stampOf(stats)
    return await refusalOf({ name, stats, stamp, maxFileBytes }, async () => {
      handle = await fs.open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
      return handle
    })
  } catch (error) {
    if (isGone(error)) return { kind: 'gone' }
    return refused('unreadable', stamp, codeOf(error))
  } finally {
    await (handle as fsPromises.FileHandle | null)?.close()
  }
}
