/** For tests: a real gnome-keyring on a D-Bus session of its own. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, vi } from 'vitest'

export const haveKeyring = ['dbus-daemon', 'gnome-keyring-daemon'].every((name) => spawnSync('which', [name]).status === 0)

export interface KeyringSession {
  /** Resolves once the keyring owns its name on the bus; gives its process. Only one at a time. */
  start(unlocked: boolean): Promise<number>
  /** Ends the keyrings, as at a logout; what was kept is there at the next start. */
  end(): void
  close(): void
}

/** The environment names this session until `vi.unstubAllEnvs()`. */
export function openKeyringSession(folder: string): KeyringSession {
  const runtime = join(folder, 'run')
  mkdirSync(runtime, { recursive: true, mode: 0o700 })
  // Its socket lies in the test's own folder and goes with it.
  const place = `--address=unix:dir=${runtime}`
  const answer = execFileSync('dbus-daemon', ['--session', place, '--fork', '--print-address=1', '--print-pid=1'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, HOME: folder, XDG_DATA_HOME: '', XDG_RUNTIME_DIR: runtime, DISPLAY: '' },
  })
  const [address, bus] = answer.trim().split('\n')
  vi.stubEnv('DBUS_SESSION_BUS_ADDRESS', address)
  vi.stubEnv('XDG_RUNTIME_DIR', runtime)
  vi.stubEnv('HOME', folder)
  vi.stubEnv('DISPLAY', '')
  const keyrings: number[] = []
  const end = () => {
    for (const pid of keyrings.splice(0)) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {}
    }
  }
  return {
    end,
    async start(unlocked) {
      const args = ['--foreground', '--components=secrets', ...(unlocked ? ['--unlock'] : [])]
      const child = spawn('gnome-keyring-daemon', args, { stdio: ['pipe', 'pipe', 'ignore'] })
      child.stdin.end(unlocked ? 'login-password' : '')
      keyrings.push(child.pid as number)
      await vi.waitFor(
        () => {
          const names = execFileSync('dbus-send', [
            '--print-reply',
            '--dest=org.freedesktop.DBus',
            '/',
            'org.freedesktop.DBus.ListNames',
          ])
          expect(names.toString()).toContain('org.freedesktop.secrets')
        },
        { timeout: 10_000, interval: 50 },
      )
      return child.pid as number
    },
    close() {
      end()
      process.kill(Number(bus))
    },
  }
}
