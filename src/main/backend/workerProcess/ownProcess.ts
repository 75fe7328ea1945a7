import { fork } from 'node:child_process'
import { systemEnvironment } from '../stack/processes.ts'

/** How a process ended: `code` as the system tells it, `signal` where that is told too. */
export interface ProcessEnd {
  code: number | null
  signal: string | null
}

/** A process of the app's own code, and the channel that only it and the host have. */
export interface OwnProcess {
  /** undefined until the system has made it. */
  pid(): number | undefined
  /** Does nothing once it has ended. */
  send(message: object): void
  onMessage(listener: (message: unknown) => void): void
  /** Text that it writes beside the channel: what a native library says before it aborts. */
  onText(listener: (text: string) => void): void
  /** Settles when it has ended, or could not be started; never rejects. */
  ended: Promise<ProcessEnd>
  /** At once. */
  kill(): void
}

/**
 * Starts a script of ours in a process of its own, which sees that its channel closes when this process is gone. Plain Node
 * by default; Electron brings its utility process, as the packaged app cannot run as Node (decision 140).
 */
export type StartProcess = (script: string, options: { name: string; env: Record<string, string> }) => OwnProcess

/** What the dynamic loader, TLS and the clock read before any of our code runs; no secrets. */
const namesForRuntime = [
  'LD_LIBRARY_PATH',
  'DYLD_LIBRARY_PATH',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'TZ',
  'LC_ALL',
]

/** The environment that a process of ours is started with; what else the host's holds is handed over by the channel. */
export function processEnvironment(): Record<string, string> {
  const env = systemEnvironment()
  for (const name of namesForRuntime) {
    const value = process.env[name]
    if (value !== undefined) env[name] = value
  }
  return env
}

export const startNodeProcess: StartProcess = (script, { env }) => {
  const child = fork(script, [], {
    env,
    // Not those of the host: a debugger's port can be opened once.
    execArgv: [],
    // A group of its own: a Ctrl+C in our terminal is ours to pass on.
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
    child.once('error', (error) => {
      if (child.pid === undefined) resolve({ code: null, signal: error.message })
    })
  })
  return {
    pid: () => child.pid,
    send(message) {
      // It may end at any moment; `ended` tells.
      if (child.connected) child.send(message, () => {})
    },
    onMessage: (listener) => void child.on('message', listener),
    onText(listener) {
      for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', listener)
    },
    ended,
    kill: () => void child.kill('SIGKILL'),
  }
}
