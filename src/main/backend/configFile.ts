/** Files that people edit and disks damage: read strictly, kept before anything is written over them, written whole. */
import { createHash } from 'node:crypto'
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { refused } from '../../contract/errors.ts'
import { isDiskFull } from '../../temporal/diskFull.ts'
import { flushFolder, writeWhole } from './disk/writeWhole.ts'

/** What people write by hand has some kilobytes; of more nothing is read. */
const mostBytes = 4 * 1024 ** 2

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? (error as Error).message

/**
 * A file's text, without a byte order mark.
 * @returns null where there is no file
 * @throws Error that says in words what keeps it from being read: a folder or a link to nowhere in its place, no
 * permission, more than 4 MiB, nothing in it, or bytes that are not UTF-8 (which would be read as other names)
 */
export function readText(file: string): string | null {
  const bytes = readBytes(file)
  if (bytes === null) return null
  if (bytes.length === 0) throw new Error('it is empty')
  try {
    // Without the mark, which Windows' editors write and JSON does not allow.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Error('it is not UTF-8 text')
  }
}

function readBytes(file: string): Buffer | null {
  try {
    const link = lstatSync(file).isSymbolicLink()
    const stat = statSync(file, { throwIfNoEntry: false })
    if (!stat && link) throw new Error(`it is a link to ${readlinkSync(file)}, where nothing is`)
    if (!stat) return null
    if (stat.isDirectory()) throw new Error('a folder has its name')
    if (!stat.isFile()) throw new Error('it is no ordinary file')
    if (stat.size > mostBytes) throw new Error(`it is longer than ${mostBytes / 1024 ** 2} MiB`)
    return readFileSync(file)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw (error as NodeJS.ErrnoException).code ? new Error(`it cannot be read (${codeOf(error)})`) : error
  }
}

/**
 * Keeps what lies at a path under a name beside it, on disk before it returns. A file is copied and stays; its copy is
 * named after its content, so that many starts with the same one make one copy. A folder is moved, as no file can be
 * written over it.
 * @returns the copy's path
 * @throws when none can be made, as the file system says it
 */
export function setAside(file: string): string {
  const stat = lstatSync(file)
  if (stat.isDirectory()) {
    const aside = `${file}.broken-${Date.now()}`
    renameSync(file, aside)
    flushFolder(dirname(file))
    return aside
  }
  const there = statSync(file, { throwIfNoEntry: false })
  const content = there ? readFileSync(file) : readlinkSync(file)
  const aside = `${file}.broken-${createHash('sha256').update(content).digest('hex').slice(0, 8)}`
  if (existsSync(aside) || lstatSync(aside, { throwIfNoEntry: false })) return aside
  if (!there) {
    symlinkSync(readlinkSync(file), aside)
  } else {
    try {
      copyFileSync(file, aside, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
      flush(aside)
    } catch (error) {
      // Half a copy would be taken for a whole one the next time.
      rmSync(aside, { force: true })
      throw error
    }
  }
  flushFolder(dirname(file))
  return aside
}

/** What became of a file that cannot be used, as a sentence: where its copy is, or why there is none. Throws never. */
export function setAsideInWords(file: string): string {
  try {
    return `It was kept as ${setAside(file)}.`
  } catch (error) {
    return `No copy of it could be made (${codeOf(error)}), so it is not written over before there is one.`
  }
}

/**
 * The same for whoever is about to write over a file that could not be used.
 * @param what as it is called in the sentence: `The settings`
 * @returns where it is kept; null where nothing lies there any more
 * @throws CallFailed `refused` when no copy can be made: nothing is written then
 */
export function keepBeforeWriting(file: string, what: string): string | null {
  try {
    return lstatSync(file, { throwIfNoEntry: false }) ? setAside(file) : null
  } catch (error) {
    if (isDiskFull(error)) throw error
    throw refused(
      `${what} could not be saved: what lies in ${file} could not be used, and no copy of it can be made (${codeOf(error)}). Nothing was changed. Make its folder writable, or move the file away.`,
    )
  }
}

/** Why a file of a later version is not used. */
export const newerVersion = (written: number, known: number) =>
  `it is of version ${written}, which a newer Gatehouse wrote; this one knows version ${known}`

/**
 * Writes a value as JSON, whole or not at all, as `writeWhole` does.
 * @param what as it is called in the sentence: `The settings`
 * @throws CallFailed `refused` when that is not possible; the file is then as it was
 */
export function writeJson(file: string, value: unknown, what: string): void {
  try {
    writeWhole(file, `${JSON.stringify(value, null, 2)}\n`)
  } catch (error) {
    // Told by whoever answers the call, as for everything that a full disk stops.
    if (isDiskFull(error)) throw error
    throw refused(
      `${what} could not be saved: ${file} cannot be written (${codeOf(error)}). Nothing was changed. Make the file and its folder writable, then save again.`,
    )
  }
}

function flush(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
