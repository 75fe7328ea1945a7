import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'

/** A session bus and a notification daemon of our own, as a desktop has them (Linux: dbus-daemon and dunst). */
export async function startDesktop(env: NodeJS.ProcessEnv): Promise<{
  env: NodeJS.ProcessEnv
  /** Summaries and bodies of the notifications that are shown, once there are `count`. */
  shown(count: number): Promise<{ summary: string; body: string }[]>
  /** Clicks on the next notification. */
  clickWhenShown(): Promise<void>
  stop(): void
}> {
  const children: ChildProcess[] = []
  const bus = spawn('dbus-daemon', ['--session', '--nofork', '--print-address'], { env, stdio: ['ignore', 'pipe', 'ignore'] })
  children.push(bus)
  const address = await new Promise<string>((resolve, reject) => {
    bus.once('error', reject)
    bus.stdout.once('data', (data) => resolve(String(data).trim()))
  })
  const withBus = { ...env, DBUS_SESSION_BUS_ADDRESS: address }
  children.push(spawn('dunst', ['-conf', '/dev/null'], { env: withBus, stdio: 'ignore' }))
  const ctl = (...args: string[]) =>
    execFileSync('dunstctl', args, { env: withBus, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })

  /** dunst has no event to wait for, so it is asked again until it agrees. */
  async function until<T>(ask: () => T | null): Promise<T> {
    for (let tries = 0; tries < 200; tries++) {
      try {
        const answer = ask()
        if (answer !== null) return answer
      } catch {
        // Not on the bus yet.
      }
      await wait(100)
    }
    throw new Error('the notification daemon did not answer as expected')
  }
  await until(() => ctl('is-paused'))

  return {
    env: withBus,
    async shown(count) {
      await until(() => (Number(ctl('count', 'displayed')) >= count ? true : null))
      // Only closed ones are told with their words.
      ctl('close-all')
      const entries = await until(() => {
        const history = JSON.parse(ctl('history')) as { data: Record<'summary' | 'body', { data: string }>[][] }
        const list = history.data.flat()
        return list.length >= count ? list : null
      })
      return entries.map(({ summary, body }) => ({ summary: summary.data, body: body.data }))
    },
    async clickWhenShown() {
      await until(() => (Number(ctl('count', 'displayed')) > 0 ? true : null))
      ctl('action', '0')
    },
    stop() {
      for (const child of children.reverse()) child.kill()
    },
  }
}
