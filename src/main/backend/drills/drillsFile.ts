/** `config/drills.json`: the drills that are on, so that they outlive the host. */
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { sync as writeFileAtomic } from 'write-file-atomic'
import { z } from 'zod'
import { activeDrill, drillName } from '../../../contract/drills.ts'

const content = z.object({ version: z.literal(1), drills: z.partialRecord(drillName, activeDrill) }).strict()
export type ActiveDrills = z.infer<typeof content>['drills']

export interface DrillsFile {
  /** What is on. A file that is not right switches nothing on: it is kept aside, and `problem` says so in a sentence. */
  read(): { drills: ActiveDrills; problem: string | null }
  /** @throws when it cannot be written; the file is then as it was */
  write(drills: ActiveDrills): void
}

export function createDrillsFile(folder: string): DrillsFile {
  const file = join(folder, 'drills.json')
  const unusable = (what: string, aside: string) => ({
    drills: {},
    problem: `${file} ${what}. No drill was switched on by it; it is kept as ${aside}, and the next switch writes it anew.`,
  })
  return {
    read() {
      let text: string
      try {
        text = readFileSync(file, 'utf8')
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'ENOENT') return { drills: {}, problem: null }
        const aside = `${file}.unreadable-${Date.now()}`
        try {
          renameSync(file, aside)
        } catch {
          return { drills: {}, problem: `${file} cannot be read (${code}). No drill was switched on by it.` }
        }
        return unusable(`cannot be read (${code})`, aside)
      }
      const wrong = whatIsWrong(text)
      if ('drills' in wrong) return { drills: wrong.drills, problem: null }
      // Named after its content, so that many starts with the same broken file make one copy.
      const aside = `${file}.malformed-${createHash('sha256').update(text).digest('hex').slice(0, 8)}`
      if (!existsSync(aside)) copyFileSync(file, aside)
      return unusable(wrong.problem, aside)
    },
    write(drills) {
      const value = { version: 1, drills } satisfies z.input<typeof content>
      writeFileAtomic(file, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })
    },
  }
}

function whatIsWrong(text: string): { drills: ActiveDrills } | { problem: string } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return { problem: `is not JSON (${(error as Error).message})` }
  }
  const version = (value as { version?: unknown } | null)?.version
  if (typeof version === 'number' && version > 1) return { problem: `was written by a newer Gatehouse (version ${version})` }
  const read = content.safeParse(value)
  if (read.success) return { drills: read.data.drills }
  const issue = read.error.issues[0]
  return { problem: `is not right (${issue?.path.join('.') || 'the whole'}: ${issue?.message})` }
}
