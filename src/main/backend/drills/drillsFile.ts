/** `config/drills.json`: the drills that are on, so that they outlive the host. */
import { join } from 'node:path'
import { z } from 'zod'
import { activeDrill, drillName } from '../../../contract/drills.ts'
import { keepBeforeWriting, newerVersion, readText, setAsideInWords, writeJson } from '../configFile.ts'
import { firstLine } from '../settings/firstLine.ts'

const content = z.object({ version: z.literal(1), drills: z.partialRecord(drillName, activeDrill) }).strict()
export type ActiveDrills = z.infer<typeof content>['drills']

export interface DrillsFile {
  readonly path: string
  /** What is on. A file that is not right switches nothing on: it is kept aside, and `problem` says so in a sentence. */
  read(): { drills: ActiveDrills; problem: string | null }
  /** @throws when it cannot be written; the file is then as it was */
  write(drills: ActiveDrills): void
}

export function createDrillsFile(folder: string): DrillsFile {
  const file = join(folder, 'drills.json')
  /** What lies there could not be used, and is not written over without a copy. */
  let toKeep = false
  return {
    path: file,
    read() {
      try {
        const text = readText(file)
        return { drills: text === null ? {} : parse(text), problem: null }
      } catch (error) {
        toKeep = true
        return {
          drills: {},
          problem: `${file} could not be used: ${firstLine(error)}. No drill was switched on by it. ${setAsideInWords(file)} The next switch writes it anew.`,
        }
      }
    },
    write(drills) {
      if (toKeep) keepBeforeWriting(file, 'The drills')
      writeJson(file, { version: 1, drills } satisfies z.input<typeof content>, 'The drills')
      toKeep = false
    },
  }
}

function parse(text: string): ActiveDrills {
  const value: unknown = JSON.parse(text)
  const version = (value as { version?: unknown } | null)?.version
  if (typeof version === 'number' && version > 1) throw new Error(newerVersion(version, 1))
  return content.parse(value).drills
}
