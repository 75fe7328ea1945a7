/** Tells one process from another, so that nothing is ever signalled that is not provably ours. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/**
 * What tells this process from any other that ever had its number: on Linux the boot and the start time in clock ticks
 * (proc_pid_stat(5), field 22), elsewhere the start time that `ps` gives. null when there is no such process, or when
 * it has ended and only waits for its parent to notice.
 */
export function processIdentity(pid: number): string | null {
  if (!Number.isInteger(pid) || pid <= 1) return null
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      // The second field is the command in brackets and may hold spaces and brackets itself.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (fields[0] === 'Z' || fields[0] === 'X') return null
      return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${fields[19]}`
    } catch {
      return null
    }
  }
  try {
    const [command, args] =
      process.platform === 'win32'
        ? [
            'powershell',
            ['-NoProfile', '-Command', `(Get-Process -Id ${pid} -ErrorAction Stop).StartTime.ToUniversalTime().ToString('o')`],
          ]
        : ['ps', ['-o', 'lstart=', '-p', String(pid)]]
    const answer = execFileSync(command as string, args as string[], {
      encoding: 'utf8',
      timeout: 5000,
      env: { ...systemEnvironment(), LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return answer.trim() || null
  } catch {
    return null
  }
}

export const isAlive = (pid: number): boolean => processIdentity(pid) !== null

/**
 * Processes whose environment holds `NAME=value` exactly (Linux only; elsewhere none are found). It finds a child whose
 * host was killed in the moment between starting it and writing its pid file.
 */
export function processesMarked(name: string, value: string): number[] {
  if (process.platform !== 'linux') return []
  const wanted = `${name}=${value}`
  const found: number[] = []
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    try {
      if (readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(wanted)) found.push(pid)
    } catch {
      // Another user's process, or one that has just ended.
    }
  }
  return found
}

/** What a child needs from our environment to run at all; nothing that could hold a secret. */
export function systemEnvironment(): Record<string, string> {
  const names = [
    'PATH',
    'HOME',
    'TMPDIR',
    'TEMP',
    'TMP',
    'LANG',
    'SYSTEMROOT',
    'SystemRoot',
    'USERPROFILE',
    'LOCALAPPDATA',
    'APPDATA',
  ]
  const env: Record<string, string> = {}
  for (const name of names) {
    const value = process.env[name]
    if (value !== undefined) env[name] = value
  }
  return env
}
