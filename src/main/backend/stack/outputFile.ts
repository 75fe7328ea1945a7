/**
 * The file that a server of ours writes its output to. The server has it open itself, so that it outlives a host that is
 * killed; the host keeps it bounded meanwhile, by taking out what is in it.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { shiftEarlier } from '../earlierFiles.ts'
import type { Log } from '../log.ts'

export interface OutputBounds {
  /** Beyond this, what is in it is set aside as `FILE.1`, and so on. */
  maxBytes: number
  /** So many earlier files are kept. */
  keep: number
  /** So often it is looked at; in between it may grow beyond its bound. */
  lookEveryMs: number
}

export interface OutputFile {
  /** For the server's standard output and error; `close` ends it here, not there. */
  fd: number
  /** What the server has said since this was opened, as far as it is still in the file: the last 64 KiB at most. */
  said(): string
  /** Ends the looking. What was said can still be read. */
  close(): void
}

const usual: OutputBounds = { maxBytes: 5 * 1024 ** 2, keep: 3, lookEveryMs: 2_000 }
const mostSaid = 64 * 1024

/** @throws the system's error when the file cannot be opened */
export function openOutputFile(file: string, log: Log, bounds: Partial<OutputBounds> = {}): OutputFile {
  const { maxBytes, keep, lookEveryMs } = { ...usual, ...bounds }
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > maxBytes) {
    shiftEarlier(file, keep)
    // Windows renames none that another process has open; it is emptied below then.
    tryTo(() => renameSync(file, `${file}.1`))
  }
  // Whoever appends goes on at the end, wherever that is now: emptying the file leaves no hole before the next line.
  const fd = openSync(file, 'a+', 0o600)
  let from = fstatSync(fd).size
  let isOpen = true
  let told = false

  function look(): void {
    if (fstatSync(fd).size <= maxBytes) return
    try {
      const taken = takeOut(fd, `${file}.new`, maxBytes)
      shiftEarlier(file, keep)
      renameSync(`${file}.new`, `${file}.1`)
      from = 0
      told = false
      log.debug({ file, taken }, 'the output of a server was set aside')
    } catch (error) {
      // A full disk, where it cannot grow either. Tried again the next time.
      if (!told) log.warn({ err: error, file }, 'the output of a server could not be set aside')
      told = true
    }
  }
  const looker = setInterval(look, lookEveryMs).unref()

  return {
    fd,
    said: () => endOf(file, from),
    close() {
      if (!isOpen) return
      isOpen = false
      clearInterval(looker)
      closeSync(fd)
    },
  }
}

/**
 * Copies the end of a file and empties it. Nothing runs between the last look at its end and the emptying, but the server
 * does: a line of just that moment is lost.
 */
function takeOut(fd: number, to: string, maxBytes: number): number {
  let at = Math.max(0, fstatSync(fd).size - maxBytes)
  const begun = at
  const copy = openSync(to, 'w', 0o600)
  try {
    const buffer = Buffer.alloc(256 * 1024)
    for (;;) {
      const read = readSync(fd, buffer, 0, buffer.length, at)
      if (read === 0) break
      for (let written = 0; written < read; ) written += writeSync(copy, buffer, written, read - written)
      at += read
    }
    ftruncateSync(fd, 0)
  } catch (error) {
    rmSync(to, { force: true })
    throw error
  } finally {
    closeSync(copy)
  }
  return at - begun
}

function endOf(file: string, from: number): string {
  let fd: number
  try {
    fd = openSync(file, 'r')
  } catch {
    return ''
  }
  try {
    const { size } = fstatSync(fd)
    const begin = Math.max(from > size ? 0 : from, size - mostSaid)
    const buffer = Buffer.alloc(size - begin)
    const read = readSync(fd, buffer, 0, buffer.length, begin)
    return buffer.toString('utf8', 0, read)
  } finally {
    closeSync(fd)
  }
}

function tryTo(work: () => void): void {
  try {
    work()
  } catch {
    // Said where it is called.
  }
}
