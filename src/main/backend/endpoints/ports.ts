/** Which port each environment has, so that its address stays the same over restarts. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Environment } from '../../../temporal/types.ts'
import { writeWhole } from '../disk/writeWhole.ts'

const port = z.number().int().min(1).max(65_535)
const byEnvironment = z.partialRecord(z.enum(['dev', 'prod']), port)
const remembered = z.object({
  /** The port that an environment got when it was first opened: its own, to which it goes back whenever that is free. */
  own: byEnvironment,
  /** Where it was opened the last time; processes beside the host find it there. */
  now: byEnvironment,
})
export type Ports = z.infer<typeof remembered>

const fileIn = (folder: string) => join(folder, 'ports.json')

export async function readPorts(folder: string): Promise<Ports> {
  try {
    const value: unknown = JSON.parse(await readFile(fileIn(folder), 'utf8'))
    // Until 0.1 the file held one port per environment.
    const before = byEnvironment.safeParse(value)
    return before.success && Object.keys(before.data).length > 0
      ? { own: before.data, now: before.data }
      : remembered.parse(value)
  } catch {
    return { own: {}, now: {} } // never written, or damaged: the usual ports are tried
  }
}

export const writePorts = (folder: string, ports: Ports): void => writeWhole(fileIn(folder), `${JSON.stringify(ports)}\n`)

/**
 * The ports to try, in order: the environment's own, the usual one, the next ones (never another environment's), and at
 * last any free one (0).
 */
export function candidates(environment: Environment, usual: Record<Environment, number>, own: Ports['own']): number[] {
  const others = [...Object.entries(usual), ...Object.entries(own)].flatMap(([name, p]) => (name === environment ? [] : [p]))
  const next = Array.from({ length: 50 }, (_, i) => usual[environment] + 1 + i).filter((p) => p <= 65_535 && !others.includes(p))
  return [...new Set([own[environment] ?? usual[environment], usual[environment], ...next, 0])]
}
