import { randomUUID } from 'node:crypto'
import * as nodeFs from 'node:fs'
import { dirname } from 'node:path'

/** What it asks of the file system; tests pass one that tells what it was asked. */
export type WholeFs = Pick<
  typeof nodeFs,
  'chownSync' | 'closeSync' | 'fsyncSync' | 'openSync' | 'realpathSync' | 'renameSync' | 'rmSync' | 'statSync' | 'writeFileSync'
>

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

/** Makes what was renamed, made or removed in a folder survive a power cut. */
export function flushFolder(folder: string, fs: Pick<WholeFs, 'closeSync' | 'fsyncSync' | 'openSync'> = nodeFs): void {
  if (process.platform === 'win32') return // a folder cannot be opened there; NTFS journals the rename itself
  const descriptor = fs.openSync(folder, 'r')
  try {
    fs.fsyncSync(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
}
