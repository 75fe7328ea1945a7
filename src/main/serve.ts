import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { StackHealth } from '../contract/model.ts'
import type { Home } from './backend/home.ts'
import type { HostConnection } from './control/connectToHost.ts'
import { joinHost } from './control/joinHost.ts'
import { acquireLock } from './control/lock.ts'
import { type CreateBackend, type Host, isUp, startHost } from './control/startHost.ts'
import { type AppPaths, appPaths } from './paths.ts'
import { createProgressLines } from './progressLines.ts'
import { consolePorts } from './web/listen.ts'
import { openInBrowser } from './web/openInBrowser.ts'

export interface ServeOptions {
  home: Home
  /** Opens the default browser on the link. */
  open?: boolean
  /** Standard output carries the one JSON line of readiness and nothing else; what is going on goes to standard error. */
  json?: boolean
  paths?: AppPaths
  createBackend?: CreateBackend
}

/** An orderly end has this long, in milliseconds; then the process ends anyway. SIGKILL is safe for everything that we keep. */
const endDeadlineMs = 9_000

/**
 * Runs the backend behind the loopback web shell until it is told to end (SIGINT, SIGTERM, or from the console); gives
 * the exit code. A second start on the same data folder prints a fresh link of the first one and ends with 0.
 * @throws when the console is not built, or the data folder cannot be used.
 */
export async function serve(options: ServeOptions): Promise<number> {
  const { home, json = false, open = false, paths = appPaths() } = options
  const out = (line: string) => void process.stdout.write(`${line}\n`)
  const say = json ? (line: string) => void process.stderr.write(`${line}\n`) : out
  const { stopped, stop, release } = listenForEnd(say)

  if (!existsSync(join(paths.renderer, 'index.html'))) {
    throw new Error(`The console is not built: ${paths.renderer} has no index.html. Run "npm run build" first.`)
  }
  const createBackend = options.createBackend ?? (await import('./backend/createBackend.ts')).createBackend
  const start = () => startHost({ home, paths, shell: 'web', createBackend, ports: consolePorts, onStop: stop })
  try {
    let host = await start()
    while (!host) {
      const first = await joinHost(home, () => isFree(home))
      if (first) return await useFirst(first, say, out)
      host = await start()
    }
    return await runHost(host, { home, open, say, out, stopped })
  } finally {
    release()
  }
}

interface Terminal {
  say(line: string): void
  out(line: string): void
}

async function runHost(
  host: Host,
  { home, open, say, out, stopped }: Terminal & { home: Home; open: boolean; stopped: Promise<void> },
) {
  const link = host.server.issueLink()
  say(`Gatehouse runs on the data folder ${home.root}`)
  say('Open the console with this link. It lets one browser in, once:')
  say('')
  say(`  ${link}`)
  say('')
  const closePage = open ? openInBrowser(link, home) : () => {}
  const tell = createProgressLines(say)
  tell(host.backend.health())
  const quiet = host.backend.onEvent((name, payload) => {
    if (name === 'stack.changed') tell((payload as { health: StackHealth }).health)
  })
  void host.ready.then((health) => {
    say('All parts are up. Drop CSV files on the console, or into the inbox. Ctrl+C ends Gatehouse; nothing is lost.')
    out(readyLine(host.server.issueLink(), health))
  })

  await stopped
  quiet()
  closePage()
  say('Ending: work under way is given back to Temporal and continues at the next start.')
  const ended = await Promise.race([host.close().then(() => true), wait(endDeadlineMs, false, { ref: false })])
  if (!ended) say(`Not everything ended within ${endDeadlineMs / 1000} s; it is cut off now. What was accepted is kept.`)
  const code = ended ? 0 : 1
  // The caller ends by itself within this time, unless something that did not end keeps the process alive.
  setTimeout(() => process.exit(code), 500).unref()
  return code
}

async function useFirst(first: HostConnection, say: Terminal['say'], out: Terminal['out']): Promise<number> {
  try {
    const { url } = await first.call('host.focus', {})
    const health = await first.call('stack.health', {})
    say(`Gatehouse runs on this data folder already (process ${first.host.pid}).`)
    if (url) say(`Open it with this link. It lets one browser in, once:\n\n  ${url}\n`)
    else say('Its window was brought to the front.')
    out(readyLine(url, health))
    return 0
  } finally {
    first.close()
  }
}

const readyLine = (url: string | null, health: StackHealth) =>
  JSON.stringify({ ready: isUp(health), url, temporal: health.temporal.address, postgres: health.postgres.address })

function isFree(home: Home): boolean {
  const lock = acquireLock(home)
  lock?.release()
  return lock !== null
}

/** One Ctrl+C reaches us several times: from the terminal itself and from each launcher that forwards it. */
const sameKeyPressMs = 1_000

/** The first signal asks for an orderly end; a second one means at once. */
function listenForEnd(say: (line: string) => void) {
  let stop = () => {}
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  let askedAt: number | null = null
  const onSignal = (signal: NodeJS.Signals) => {
    if (askedAt === null) {
      askedAt = performance.now()
      stop()
    } else if (performance.now() - askedAt > sameKeyPressMs) {
      say('Ended at once.')
      process.exit(signal === 'SIGINT' ? 130 : 143)
    }
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, onSignal)
  return {
    stopped,
    stop,
    release() {
      for (const signal of signals) process.off(signal, onSignal)
    },
  }
}
