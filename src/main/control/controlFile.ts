import { randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { setAside } from '../backend/configFile.ts'
import type { Home } from '../backend/home.ts'

/** How the running host of a data folder is reached. Readable by the user who runs it alone. */
export const control = z.object({
  pid: z.number().int(),
  startedAt: z.iso.datetime(),
  /** Origin of the host's loopback server, e.g. `http://127.0.0.1:4780`. */
  url: z.url(),
  /** Bearer token; made anew at every start and dead with its host. */
  token: z.string().min(1),
  shell: z.enum(['electron', 'web']),
  /** true once every part of the stack has come up. */
  ready: z.boolean(),
})
export type Control = z.infer<typeof control>

export const newToken = () => randomBytes(32).toString('base64url')

/** Replaces the file in one step, so that a reader sees the old one or the new one. */
export function writeControl(home: Pick<Home, 'control'>, value: Control): void {
  const temporary = `${home.control}.${process.pid}.tmp`
  writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })
  // A file left by a crash keeps the mode that it had.
  chmodSync(temporary, 0o600)
  if (statSync(home.control, { throwIfNoEntry: false })?.isDirectory()) setAside(home.control)
  renameSync(temporary, home.control)
}

/** null when there is none, or when it is not one of ours. A crashed host leaves its file behind: being there proves nothing. */
export function readControl(home: Pick<Home, 'control'>): Control | null {
  try {
    return control.parse(JSON.parse(readFileSync(home.control, 'utf8')))
  } catch {
    return null
  }
}

export function removeControl(home: Pick<Home, 'control'>): void {
  rmSync(home.control, { force: true })
}
