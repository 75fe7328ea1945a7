import { execFile } from 'node:child_process'
import { z } from 'zod'
import type { AppPaths } from '../paths.ts'
import { checksOf, type Starters } from './checks.ts'
import { type Outcome, runHere } from './runSelfTest.ts'

/**
 * Runs a check in a process of its own: a native module that was made for another runtime does not throw when it is
 * loaded there, it aborts. Never rejects.
 *
 * @param command what starts it; it prints its outcome as one line of JSON, see `runNamed`
 * @param limitMs after this many milliseconds it is ended
 */
export function runApart([file = '', ...args]: readonly string[], limitMs: number): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(file, args, { timeout: limitMs, killSignal: 'SIGKILL' }, (error, stdout) => {
      const told = stdout.split('\n').flatMap(outcomeIn).at(-1)
      if (told) return resolve(told)
      if (!error) return resolve({ ok: false, detail: 'it ended without a result' })
      const { code, signal, killed } = error
      if (killed) return resolve({ ok: false, detail: `no result after ${limitMs / 1000} s` })
      if (typeof code === 'string') return resolve({ ok: false, detail: error.message })
      resolve({ ok: false, detail: `it ended its process with ${signal ?? code}` })
    })
  })
}

const outcome = z.object({ ok: z.boolean(), detail: z.string() })

function outcomeIn(line: string): Outcome[] {
  if (!line.startsWith('{')) return []
  try {
    return [outcome.parse(JSON.parse(line))]
  } catch {
    return []
  }
}

/** The other side: runs the one check of this name here. */
export async function runNamed(
  paths: AppPaths,
  name: string,
  scratch: string,
  limitMs: number,
  starters?: Starters,
): Promise<Outcome> {
  const check = checksOf(paths, starters).find((each) => each.name === name)
  return check ? runHere(check, scratch, limitMs) : { ok: false, detail: `there is no check "${name}"` }
}
