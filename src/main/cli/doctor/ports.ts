/** Which of the usual ports are free, and who holds the others. */
import { execFile } from 'node:child_process'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { basename } from 'node:path'
import { promisify } from 'node:util'
import { isFree } from '../../backend/stack/ports.ts'
import { type Check, note, ok } from './check.ts'

const run = promisify(execFile)

export const usualPorts = [
  { port: 7233, use: 'Temporal' },
  { port: 8233, use: 'Temporal Web UI' },
  { port: 8080, use: 'dev endpoint' },
  { port: 8081, use: 'prod endpoint' },
] as const

/** @param ours addresses that the running host says are its own */
export async function checkPorts(
  ours: readonly string[],
  ports: readonly { port: number; use: string }[] = usualPorts,
): Promise<Check[]> {
  return Promise.all(
    ports.map(async ({ port, use }) => {
      const name = `Port ${port}`
      if (ours.some((address) => address.endsWith(`:${port}`))) return ok(name, `used by this Gatehouse (${use})`)
      if (await isFree(port)) return ok(name, `free (${use})`)
      const holder = await portHolder(port)
      return note(
        name,
        `held by ${holder ?? 'another program'} (${use})`,
        'The next free port is used and shown; to have this one, end that program.',
      )
    }),
  )
}

/** `name (process 123)`, or null when it cannot be told: another user's process, or a system without the means. */
export async function portHolder(port: number): Promise<string | null> {
  try {
    return process.platform === 'linux'
      ? await holderOnLinux(port)
      : process.platform === 'win32'
        ? null
        : await holderByLsof(port)
  } catch {
    return null
  }
}

/** State "listening" in /proc/net/tcp (linux/include/net/tcp_states.h). */
const listening = '0A'

async function holderOnLinux(port: number): Promise<string | null> {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  const sockets = new Set<string>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await readFile(table, 'utf8').catch(() => '')
    for (const line of text.split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/)
      if (fields[1]?.endsWith(`:${wanted}`) && fields[3] === listening) sockets.add(`socket:[${fields[9]}]`)
    }
  }
  if (sockets.size === 0) return null
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')
      if (sockets.has(target)) return `${await programOf(pid)} (process ${pid})`
    }
  }
  return null
}

/** The program's file name: the thread's name in `comm` says nothing (Node calls its own "MainThread"). */
async function programOf(pid: string): Promise<string> {
  const [program = ''] = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')
  return basename(program) || (await readFile(`/proc/${pid}/comm`, 'utf8')).trim()
}

async function holderByLsof(port: number): Promise<string | null> {
  const { stdout } = await run('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], { timeout: 5000 })
  const pid = /^p(\d+)$/m.exec(stdout)?.[1]
  return pid === undefined ? null : `${/^c(.+)$/m.exec(stdout)?.[1] ?? 'a program'} (process ${pid})`
}
