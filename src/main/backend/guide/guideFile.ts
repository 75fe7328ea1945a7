/** `guide.json`: how far the demonstration is, so that it goes on after the host was ended in the middle of it. */
import { rmSync } from 'node:fs'
import { z } from 'zod'
import { drillName } from '../../../contract/drills.ts'
import { timestamp, type UnusableFile } from '../../../contract/model.ts'
import { keepBeforeWriting, newerVersion, readText, setAsideInWords, writeJson } from '../configFile.ts'
import { firstLine } from '../settings/firstLine.ts'

export const subjectNames = ['good', 'failing', 'outage', 'password', 'first', 'second', 'plain', 'sealed'] as const
const subjectName = z.enum(subjectNames)
export type SubjectName = z.infer<typeof subjectName>

const guideRecord = z
  .object({
    version: z.literal(1),
    begunAt: timestamp,
    /** Part of each file's name and the seed of its content. */
    suffix: z.string().regex(/^[0-9a-f]{8}$/),
    /** The run that each file became. */
    runs: z.partialRecord(subjectName, z.string()),
    /** How often a phase was begun anew, per file of it. */
    again: z.partialRecord(subjectName, z.number().int()),
    /** Runs of phases that were begun anew. */
    left: z.array(z.string()),
    /** The run that is to be approved, and the one that is not. */
    approve: z.string().nullable(),
    reject: z.string().nullable(),
    /** What each step saw, by phase and id. */
    seen: z.record(z.string(), z.object({ detail: z.string(), at: timestamp, seconds: z.number() })),
    /** Switched by the demonstration and not put back yet. */
    switched: z.array(z.union([drillName, z.literal('encryption')])),
    /** What production served before the demonstration approved a model; null for nothing. */
    productionBefore: z.string().nullable(),
    replayed: z.object({ workflowId: z.string(), events: z.number().int() }).nullable(),
  })
  .strict()
export type GuideRecord = z.infer<typeof guideRecord>

export interface GuideFile {
  /** null when no demonstration is under way, or its file is not right: that one is kept aside. */
  read(): GuideRecord | null
  /** Says so until the next demonstration writes it anew. */
  unusable(): UnusableFile[]
  /** @throws when it cannot be written */
  write(record: GuideRecord): void
  remove(): void
}

export function createGuideFile(file: string): GuideFile {
  let problem: string | null = null
  return {
    read() {
      try {
        const text = readText(file)
        return text === null ? null : parse(text)
      } catch (error) {
        problem = `How far the demonstration was, in ${file}, could not be used: ${firstLine(error)}. ${setAsideInWords(file)} The next demonstration begins anew; what this one had switched on stays on until you switch it off.`
        return null
      }
    },
    unusable: () => (problem === null ? [] : [{ file, problem }]),
    write(record) {
      if (problem !== null) keepBeforeWriting(file, 'The demonstration')
      writeJson(file, record, 'The demonstration')
      problem = null
    },
    remove: () => rmSync(file, { force: true }),
  }
}

function parse(text: string): GuideRecord {
  const json = JSON.parse(text) as { version?: unknown } | null
  if (typeof json?.version === 'number' && json.version > 1) throw new Error(newerVersion(json.version, 1))
  return guideRecord.parse(json)
}
