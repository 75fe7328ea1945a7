/** Which port each environment has, so that its address stays the same over restarts. */
import { join } from 'node:path'
import { z } from 'zod'
import type { UnusableFile } from '../../../contract/model.ts'
import type { Environment } from '../../../temporal/types.ts'
import { keepBeforeWriting, readText, setAsideInWords } from '../configFile.ts'
import { writeWhole } from '../disk/writeWhole.ts'
import { firstLine } from '../settings/firstLine.ts'

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

const none = (): Ports => ({ own: {}, now: {} })

/** @throws Error in words, or ZodError */
function read(file: string): Ports {
  const text = readText(file)
  if (text === null) return none()
  const value: unknown = JSON.parse(text)
  // Until 0.1 the file held one port per environment.
  const before = byEnvironment.safeParse(value)
  return before.success && Object.keys(before.data).length > 0 ? { own: before.data, now: before.data } : remembered.parse(value)
}

/** What the host wrote there; none where that cannot be read. */
export function readPorts(folder: string): Ports {
  try {
    return read(fileIn(folder))
  } catch {
    return none()
  }
}

/** The file as the host keeps it: one that cannot be used is set aside, and the usual ports are tried. */
export function createPortsFile(folder: string) {
  const file = fileIn(folder)
  let problem: string | null = null
  return {
    read(): Ports {
      try {
        return read(file)
      } catch (error) {
        problem = `The ports of dev and production in ${file} could not be used: ${firstLine(error)}. ${setAsideInWords(file)} The usual ports were tried: see under Deployments whether the addresses are the same.`
        return none()
      }
    },
    /** @throws CallFailed `refused` when what lies there could not be used and has no copy */
    write(ports: Ports): void {
      if (problem !== null) keepBeforeWriting(file, 'The ports')
      writeWhole(file, `${JSON.stringify(ports)}\n`)
    },
    unusable: (): UnusableFile[] => (problem === null ? [] : [{ file, problem }]),
  }
}

/**
 * The ports to try, in order: the environment's own, the usual one, the next ones (never another environment's), and at
 * last any free one (0).
 */
export function candidates(environment: Environment, usual: Record<Environment, number>, own: Ports['own']): number[] {
  const others = [...Object.entries(usual), ...Object.entries(own)].flatMap(([name, p]) => (name === environment ? [] : [p]))
  const next = Array.from({ length: 50 }, (_, i) => usual[environment] + 1 + i).filter((p) => p <= 65_535 && !others.includes(p))
  return [...new Set([own[environment] ?? usual[environment], usual[environment], ...next, 0])]
}
