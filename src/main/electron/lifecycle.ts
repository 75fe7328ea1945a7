import { app } from 'electron'
import type { ShellLog } from './log.ts'

/** An orderly end has this long, in milliseconds; then the app ends anyway. */
const endDeadlineMs = 10_000

/**
 * Holds back every way of quitting (menu, last window, signal, session end) until `end` is done, once.
 * `end` may take its time up to a deadline: children that hang must not keep a closed window's process alive.
 */
export function endInOrder(end: () => Promise<void>, log: ShellLog): void {
  let state: 'running' | 'ending' | 'ended' = 'running'
  app.on('before-quit', (event) => {
    if (state === 'ended') return
    event.preventDefault()
    if (state === 'ending') return
    state = 'ending'
    const deadline = setTimeout(() => {
      log.error({ ms: endDeadlineMs }, 'not everything ended in time; it is cut off')
      app.exit(1)
    }, endDeadlineMs)
    void end()
      .catch((error) => log.error({ err: error }, 'the end was not orderly'))
      .then(() => {
        clearTimeout(deadline)
        state = 'ended'
        app.quit()
      })
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => app.quit())
}
