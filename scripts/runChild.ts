import { type ChildProcess, spawn } from 'node:child_process'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** How often a process that npm started looks whether npm's shell is still there, in milliseconds. */
const parentLookMs = 500

/**
 * Calls back once the process that started us is gone, when that is npm or npx: their shell dies of a signal without
 * handing it on, and nobody else would end us then. Started by anything else, outliving the parent may be wanted.
 */
export function onNpmGone(end: () => void, env: NodeJS.ProcessEnv = process.env): void {
  if (!env.npm_command || process.platform === 'win32') return
  const parent = process.ppid
  const looking = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(looking)
    end()
  }, parentLookMs)
  looking.unref()
}

/** Hands the signals that this process gets to whatever child is its current one. */
export function forwardSignals(): { track(child: ChildProcess): void; asked(): NodeJS.Signals | null } {
  let current: ChildProcess | null = null
  let asked: NodeJS.Signals | null = null
  const handOn = (signal: NodeJS.Signals) => {
    asked ??= signal
    current?.kill(signal)
  }
  for (const signal of signals) process.on(signal, handOn)
  onNpmGone(() => handOn('SIGTERM'))
  return {
    track(child) {
      current = child
      // A signal that came between two children would be lost otherwise.
      if (asked) child.kill(asked)
      child.once('close', () => {
        if (current === child) current = null
      })
    },
    asked: () => asked,
  }
}

/** Exit code of a process that a signal ended, as shells count it. */
const codes: Partial<Record<NodeJS.Signals, number>> = { SIGHUP: 129, SIGINT: 130, SIGKILL: 137, SIGTERM: 143 }

/** Runs a command in the foreground; gives its exit code. */
export function runChild(
  command: string,
  args: readonly string[],
  cwd: string,
  track: (child: ChildProcess) => void,
  env = process.env,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: 'inherit' })
    track(child)
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? (signal ? (codes[signal] ?? 1) : 1)))
  })
}
