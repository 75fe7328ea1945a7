import { closeSync, fstatSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { shiftEarlier } from './earlierFiles.ts'

export interface LogFileOptions {
  /** A file that would grow beyond this is set aside as `FILE.1`, and so on. */
  maxBytes?: number
  /** So many earlier files are kept. */
  keep?: number
  /** As `fs.writeSync`; for tests. */
  write?: (fd: number, text: string) => number
}

const usualBytes = 10 * 1024 ** 2
const usualKeep = 5

/**
 * A file that lines are appended to, each on disk's side of the process before the call returns: the last words of a
 * crash are in it. Lines that cannot be written are given up and counted: pino's own destination raises an error that
 * ends the process, or tries again without end on the main thread, for as long as a disk is full. Several processes may
 * write one file; whoever finds it full sets it aside for all.
 */
export function createLogFile(file: string, options: LogFileOptions = {}): { write(line: string): void } {
  const { maxBytes = usualBytes, keep = usualKeep, write = writeSync } = options
  mkdirSync(dirname(file), { recursive: true })
  let fd = openSync(file, 'a', 0o600)
  let size = fstatSync(fd).size
  let lost = 0

  /** With little room left a disk takes a part of a line, and says so by the number of bytes alone. */
  function whole(text: string): void {
    if (write(fd, text) < Buffer.byteLength(text)) throw new Error('the line was cut off')
  }

  /** What cannot be set aside now (Windows: while another process has it open) grows on, and is tried again later. */
  function rotate(): void {
    try {
      if (isStillOurs()) setAside()
      const next = openSync(file, 'a', 0o600)
      closeSync(fd)
      fd = next
      size = fstatSync(fd).size
    } catch {
      size = Math.round(maxBytes * 0.9)
    }
  }

  /** false when another process has set it aside already, or somebody removed it. */
  function isStillOurs(): boolean {
    const ours = fstatSync(fd)
    const there = statSync(file, { throwIfNoEntry: false })
    return there !== undefined && there.ino === ours.ino && there.dev === ours.dev
  }

  function setAside(): void {
    shiftEarlier(file, keep)
    renameSync(file, `${file}.1`)
  }

  return {
    write(line) {
      try {
        const bytes = Buffer.byteLength(line)
        if (size > 0 && size + bytes > maxBytes) rotate()
        if (lost > 0) {
          // The line end closes what a full disk cut off.
          const notice = { level: 40, time: new Date().toISOString(), lost, msg: 'lines were lost: the log could not be written' }
          whole(`\n${JSON.stringify(notice)}\n`)
          lost = 0
        }
        whole(line)
        size += bytes
      } catch {
        lost++
      }
    },
  }
}
