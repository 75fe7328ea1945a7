import { app, powerMonitor } from 'electron'
import type { ShellLog } from './log.ts'

/** An orderly end has this long, in milliseconds; then the app ends anyway. */
const endDeadlineMs = 10_000

export interface EndOptions {
  /** Asked when a person wants to quit; false keeps the app running. */
  mayEnd(): Promise<boolean>
  /** May take its time up to a deadline: children that hang must not keep a closed window's process alive. */
  end(): Promise<void>
  log: ShellLog
}

export interface Ending {
  /** true once the end has begun: windows may close now. */
  begun(): boolean
  /** Ends in order without asking, for whoever is not a person at this window. */
  now(): void
}

/** Holds back every way of quitting (menu, tray, last window, signal, the system's own end) until `end` is done, once. */
export function endInOrder({ mayEnd, end, log }: EndOptions): Ending {
  let state: 'running' | 'asking' | 'ending' | 'ended' = 'running'

  function begin(): void {
    if (state === 'ending' || state === 'ended') return
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
  }

  app.on('before-quit', (event) => {
    if (state === 'ended') return
    event.preventDefault()
    if (state !== 'running') return
    state = 'asking'
    void mayEnd()
      .catch((error) => {
        log.error({ err: error }, 'nobody could be asked before the end')
        return true
      })
      .then((yes) => {
        if (yes) begin()
        else if (state === 'asking') state = 'running'
      })
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, begin)
  // The system waits for us a little while, but not for an answer.
  powerMonitor.on('shutdown', (event?: { preventDefault(): void }) => {
    event?.preventDefault()
    begin()
  })
  return { begun: () => state === 'ending' || state === 'ended', now: begin }
}
