/** `guide.json`: how far the demonstration is, so that it goes on after the host was ended in the middle of it. */
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { z } from 'zod'
import { drillName } from '../../../contract/drills.ts'
import { timestamp } from '../../../contract/model.ts'
import { writeWhole } from '../disk/writeWhole.ts'

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
  /** @throws when it cannot be written */
  write(record: GuideRecord): void
  remove(): void
}

export function createGuideFile(file: string, warn: (details: object, message: string) => void): GuideFile {
  return {
    read() {
      if (!existsSync(file)) return null
      try {
        return guideRecord.parse(JSON.parse(readFileSync(file, 'utf8')))
      } catch (error) {
        const aside = `${file}.malformed-${Date.now()}`
        try {
          renameSync(file, aside)
        } catch {
          // It stays where it is, and the next demonstration writes it anew.
        }
        warn({ err: error, aside }, 'how far the demonstration was cannot be read; it is kept aside')
        return null
      }
    },
    write: (record) => writeWhole(file, `${JSON.stringify(record, null, 2)}\n`),
    remove: () => rmSync(file, { force: true }),
  }
}
