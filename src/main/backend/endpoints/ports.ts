/** Which port each environment had the last time, so that its address stays the same over restarts. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import { z } from 'zod'
import type { Environment } from '../../../temporal/types.ts'

const port = z.number().int().min(1).max(65_535)
const remembered = z.partialRecord(z.enum(['dev', 'prod']), port)
export type Ports = z.infer<typeof remembered>

const fileIn = (folder: string) => join(folder, 'ports.json')

export async function readPorts(folder: string): Promise<Ports> {
  try {
    return remembered.parse(JSON.parse(await readFile(fileIn(folder), 'utf8')))
  } catch {
    return {} // never written, or damaged: the usual ports are tried
  }
}

export const writePorts = (folder: string, ports: Ports): Promise<void> =>
  writeFileAtomic(fileIn(folder), `${JSON.stringify(ports)}\n`, { mode: 0o600 })

/**
 * The ports to try, in order: the one of the last time, the usual one, the next ones (never another environment's
 * usual one), and at last any free one (0).
 */
export function candidates(environment: Environment, usual: Record<Environment, number>, last: Ports): number[] {
  const others = Object.entries(usual).flatMap(([name, value]) => (name === environment ? [] : [value]))
  const next = Array.from({ length: 50 }, (_, i) => usual[environment] + 1 + i).filter((p) => p <= 65_535 && !others.includes(p))
  return [...new Set([last[environment] ?? usual[environment], usual[environment], ...next, 0])]
}
