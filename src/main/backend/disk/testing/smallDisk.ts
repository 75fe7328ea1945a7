/** A disk that a test can fill: a tmpfs of its own. */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SmallDisk {
  folder: string
  /** Bytes that can still be written. */
  free(): number
  /** Takes up room until so many bytes are left, in whole pages. */
  fillTo(leftBytes: number): void
  /** Gives that room back. */
  clear(): void
  /** Nothing may have a file open there. */
  remove(): void
}

/** Only root may mount, on Linux alone. In CI the tests that need it must run, so there the refusal is an error of theirs. */
export const canMount = process.env.CI ? true : process.platform === 'linux' && process.getuid?.() === 0

/** @param bytes its size; @param mode of its folder. @throws when it cannot be mounted */
export function mountSmallDisk(bytes: number, mode = 0o700): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=${mode.toString(8)}`, 'tmpfs', folder])
  const fillers = join(folder, '.filler')
  mkdirSync(fillers)
  const filler = join(fillers, 'filler')
  const free = () => {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  }
  return {
    folder,
    free,
    fillTo(left) {
      const descriptor = openSync(filler, 'a')
      const chunk = Buffer.alloc(8 * 1024 ** 2, 1)
      try {
        for (let rest = free() - left; rest > 0; rest = free() - left) {
          writeSync(descriptor, chunk, 0, Math.min(rest, chunk.length))
        }
      } catch (error) {
        // Something else took the last of it.
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      } finally {
        closeSync(descriptor)
      }
    },
    clear: () => rmSync(filler, { force: true }),
    remove() {
      execFileSync('umount', [folder])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
