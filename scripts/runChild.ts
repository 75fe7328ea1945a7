import { type ChildProcess, spawn } from 'node:child_process'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Hands the signals that this process gets to whatever child is its current one. */
export function forwardSignals(): { track(child: ChildProcess): void; asked(): NodeJS.Signals | null } {
  let current: ChildProcess | null = null
  let asked: NodeJS.Signals | null = null
  for (const signal of signals) {
    process.on(signal, () => {
      asked ??= signal
      current?.kill(signal)
    })
  }
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
