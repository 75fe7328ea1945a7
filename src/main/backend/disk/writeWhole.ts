import { randomUUID } from 'node:crypto'
import * as nodeFs from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** What it asks of the file system; tests pass one that tells what it was asked. */
export type WholeFs = Pick<
  typeof nodeFs,
  'chownSync' | 'closeSync' | 'fsyncSync' | 'openSync' | 'realpathSync' | 'renameSync' | 'rmSync' | 'statSync' | 'writeFileSync'
>

export type FolderFs = Pick<typeof nodeFs, 'closeSync' | 'fsyncSync' | 'mkdirSync' | 'openSync'>

/**
 * Writes a small file in one step (temporary file, fsync, rename, fsync of the folder): whoever reads finds the old one or
 * the new one, also on a full disk and after a power cut. Readable by its owner alone; a link stays one.
 *
 * Not write-file-atomic: it takes one write for the whole, and a disk with little room left takes a part of it without an
 * error; the part then replaced the good file. Nor does it flush the folder.
 * @throws the system's error; the file is then as it was
 */
export function writeWhole(file: string, content: string | Uint8Array, fs: WholeFs = nodeFs): void {
  const target = fs.statSync(file, { throwIfNoEntry: false }) ? fs.realpathSync(file) : file
  const temporary = `${target}.${randomUUID().slice(0, 8)}.tmp`
  try {
    const descriptor = fs.openSync(temporary, 'wx', 0o600)
    try {
      fs.writeFileSync(descriptor, content) // until all is written
      fs.fsyncSync(descriptor)
    } finally {
      fs.closeSync(descriptor)
    }
    const before = fs.statSync(target, { throwIfNoEntry: false })
    // Started as root once, it must not take a user's settings away.
    if (before && before.uid !== 0 && process.getuid?.() === 0) fs.chownSync(temporary, before.uid, before.gid)
    fs.renameSync(temporary, target)
  } catch (error) {
    fs.rmSync(temporary, { force: true })
    throw error
  }
  flushFolder(dirname(target), fs)
}

/**
 * Makes a folder and those above it that are missing, each on disk with its name before it comes back: what is flushed
 * within a folder that a power cut takes away is gone too. Readable by its owner alone.
 */
export function makeFolder(folder: string, fs: FolderFs = nodeFs): void {
  const first = fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (first === undefined) return // all were there
  for (let made = resolve(folder); ; made = dirname(made)) {
    flushFolder(dirname(made), fs)
    if (made === resolve(first) || made === dirname(made)) return
  }
}

/** Brings a file that something else wrote onto the disk, with its name. */
export function flushFile(file: string): void {
  const descriptor = nodeFs.openSync(file, 'r+') // Windows flushes only what may be written
  try {
    nodeFs.fsyncSync(descriptor)
  } finally {
    nodeFs.closeSync(descriptor)
  }
  flushFolder(dirname(file))
}

/** Flushes every folder below one, itself included: what stands in them, not what the files hold. */
export function flushFolders(folder: string): void {
  for (const entry of nodeFs.readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) flushFolders(join(folder, entry.name))
  }
  flushFolder(folder)
}

/** Makes what was renamed, made or removed in a folder survive a power cut. */
export function flushFolder(folder: string, fs: Pick<WholeFs, 'closeSync' | 'fsyncSync' | 'openSync'> = nodeFs): void {
  if (process.platform === 'win32') return // a folder cannot be opened there; NTFS journals the rename itself
  let descriptor: number | null = null
  try {
    descriptor = fs.openSync(folder, 'r')
    fs.fsyncSync(descriptor)
  } catch (error) {
    if (!cannotBeFlushed.includes((error as NodeJS.ErrnoException).code)) throw error
  } finally {
    if (descriptor !== null) fs.closeSync(descriptor)
  }
}

/** A folder that this user may not read, and file systems that know no flush of folders: there is nothing better to do. */
const cannotBeFlushed: unknown[] = ['EACCES', 'EPERM', 'EINVAL', 'ENOTSUP']
