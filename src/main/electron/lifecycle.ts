import { app, powerMonitor } from 'electron'
import type { ShellLog } from './log.ts'
import { argumentsOfRestart } from './shellArguments.ts'

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
  /** Quits as a person would, with the question, and starts anew once all has ended; a person who stays stays. */
  restart(): void
}

/** Holds back every way of quitting (menu, tray, last window, signal, the system's own end) until `end` is done, once. */
export function endInOrder({ mayEnd, end, log }: EndOptions): Ending {
  let state: 'running' | 'asking' | 'ending' | 'ended' = 'running'
  let startsAnew = false

  function begin(): void {
    if (state === 'ending' || state === 'ended') return
    state = 'ending'
    const deadline = setTimeout(() => {
      log.error({ ms: endDeadlineMs }, 'not everything ended in time; it is cut off')
      if (startsAnew) startAnew()
      app.exit(1)
    }, endDeadlineMs)
    void end()
      .catch((error) => log.error({ err: error }, 'the end was not orderly'))
      .then(() => {
        clearTimeout(deadline)
        state = 'ended'
        if (startsAnew) startAnew()
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
        if (yes) return begin()
        startsAnew = false
        if (state === 'asking') state = 'running'
      })
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, begin)
  // The system waits for us a little while, but not for an answer.
  powerMonitor.on('shutdown', (event?: { preventDefault(): void }) => {
    event?.preventDefault()
    begin()
  })
  return {
    begun: () => state === 'ending' || state === 'ended',
    now: begin,
    restart() {
      if (state !== 'running') return
      startsAnew = true
      app.quit()
    },
  }
}

/** Without the files and links of this start, which are not to be handed in again. */
function startAnew(): void {
  app.relaunch({
    args: argumentsOfRestart(process.argv.slice(1), app.getAppPath(), process.cwd()),
    // What runs is inside the image, which is gone with this process.
    ...(process.env.APPIMAGE ? { execPath: process.env.APPIMAGE } : {}),
  })
}
