import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join, sep } from 'node:path'
import { performance } from 'node:perf_hooks'

export interface OpenFiles {
  /** true when some program of this user has the file open for writing. `since`: when it last changed, by `performance.now()`. */
  isWritten(realPath: string, since: number): Promise<boolean>
}

/** The access mode in the octal `flags` of /proc/PID/fdinfo/FD: 1 write only, 2 both (proc_pid_fdinfo(5), open(2)). */
const isWriter = (fdinfo: string) => {
  const flags = /^flags:\s*0?([0-7]+)/m.exec(fdinfo)?.[1]
  return flags !== undefined && (Number.parseInt(flags, 8) & 3) !== 0
}

/** Every file below these folders that some program of this user has open for writing. Linux only; elsewhere empty. */
export function filesOpenForWriting(folders: readonly string[]): Set<string> {
  const found = new Set<string>()
  if (process.platform !== 'linux') return found
  const below = folders.map((folder) => folder + sep)
  const quietly = <T>(read: () => T): T | null => {
    try {
      return read()
    } catch {
      return null // another user's process, or one that has just ended
    }
  }
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    for (const fd of quietly(() => readdirSync(join('/proc', pid, 'fd'))) ?? []) {
      const target = quietly(() => readlinkSync(join('/proc', pid, 'fd', fd)))
      if (target === null || found.has(target) || !below.some((folder) => target.startsWith(folder))) continue
      if (isWriter(quietly(() => readFileSync(join('/proc', pid, 'fdinfo', fd), 'latin1')) ?? '')) found.add(target)
    }
  }
  return found
}

/**
 * Answers from one look at all open files that many questions share. A look costs some milliseconds on a busy desktop,
 * so it is repeated at most as often as keeps this thread 90 % free.
 */
export function createOpenFiles(folders: () => readonly string[], look = filesOpenForWriting): OpenFiles {
  let lastAt = Number.NEGATIVE_INFINITY
  let notBefore = 0
  let last = new Set<string>()
  let pending: Promise<void> | null = null

  const refresh = async () => {
    const wait = notBefore - performance.now()
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
    const from = performance.now()
    last = look(folders())
    lastAt = from
    const cost = performance.now() - from
    notBefore = performance.now() + Math.max(20, cost * 10)
  }

  return {
    async isWritten(realPath, since) {
      while (lastAt <= since) {
        pending ??= refresh().finally(() => {
          pending = null
        })
        await pending
      }
      return last.has(realPath)
    },
  }
}
