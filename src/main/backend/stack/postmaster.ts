/** Finds and ends a Postgres server by its data folder. */
import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '../log.ts'
import { type StopPlan, stopProcess } from './childProcess.ts'
import { PartProblem } from './keepUp.ts'
import { processIdentity, systemEnvironment } from './processes.ts'

/** Signals of the postmaster (https://www.postgresql.org/docs/18/server-shutdown.html): fast, then immediate, then the kernel's. */
export const postmasterStopping: StopPlan = [
  { signal: 'SIGINT', wait: 4_000 },
  { signal: 'SIGQUIT', wait: 1_500 },
  { signal: 'SIGKILL', wait: 2_000 },
]

/**
 * Stops a server that runs on this data folder, which can only be an orphan of ours, and clears a stale lock file whose
 * number now belongs to somebody else (Postgres would refuse to start).
 * @returns true when there was one
 */
export async function stopPostmaster(data: string, log: Log): Promise<boolean> {
  const file = join(data, 'postmaster.pid')
  let pid: number
  try {
    pid = Number(readFileSync(file, 'utf8').split('\n')[0])
  } catch {
    return false
  }
  const identity = processIdentity(pid)
  if (identity === null) return false // stale; Postgres clears it itself
  const runsHere = worksOn(pid, data)
  if (runsHere === null) {
    throw new PartProblem(
      `It cannot be told whether process ${pid} is a Postgres on ${data}.`,
      `Look at that process; if it is no Postgres server, remove ${file}.`,
    )
  }
  if (!runsHere) {
    log.info({ pid, file }, 'a stale postmaster.pid names a process that is not Postgres')
    await rm(file, { force: true })
    return false
  }
  log.info({ pid, data }, 'stopping a Postgres of an earlier host')
  await stopProcess(pid, identity, postmasterStopping)
  return true
}

/** Whether a process is a postmaster on this data folder: it works in that folder, or its command names it. null: cannot be told. */
function worksOn(pid: number, data: string): boolean | null {
  if (process.platform === 'linux') {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(data)
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? false : null
    }
  }
  if (process.platform === 'win32') return null
  try {
    const command = execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], {
      encoding: 'utf8',
      env: systemEnvironment(),
    })
    return command.includes('postgres') && command.includes(data)
  } catch {
    return null
  }
}
