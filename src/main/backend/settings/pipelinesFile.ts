import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { sync as writeFileAtomic } from 'write-file-atomic'
import { defaultPipelines, type Pipeline, pipelinesFile } from '../../../contract/pipelines.ts'
import { firstLine } from './firstLine.ts'

/** The published schema's name, beside the file, so that an editor checks what somebody types. */
export const pipelinesSchemaName = 'pipelines.schema.json'

/**
 * Pipelines in `config/pipelines.json`, made for people to edit. A file that cannot be used, also one that a newer version
 * wrote, is copied under a new name and stays where it is until pipelines are saved again: nothing of it is lost, and
 * nothing is guessed from it.
 * @param schema text of the JSON Schema, which is put beside the file
 */
export function createPipelinesFile(file: string, schema: { path: string; text: string }) {
  let inForce: Pipeline[] = defaultPipelines

  return {
    /** What the file says; the defaults where there is none, and with `problem` where it cannot be used. */
    read(): { pipelines: Pipeline[]; problem: string | null; setAside: string | null } {
      if (!existsSync(file)) return { pipelines: defaultPipelines, problem: null, setAside: null }
      try {
        inForce = parse(readFileSync(file, 'utf8'))
        return { pipelines: inForce, problem: null, setAside: null }
      } catch (error) {
        const aside = `${file}.broken-${Date.now()}`
        copyFileSync(file, aside)
        const problem = `The pipelines in ${file} could not be used (${firstLine(error)}). They were copied to ${aside}, and the defaults apply until you mend the file and start again, or save pipelines in Settings.`
        return { pipelines: defaultPipelines, problem, setAside: aside }
      }
    },
    /** Writes the file when other pipelines are to be in force: whatever else is saved leaves it alone. @returns whether it did */
    write(pipelines: Pipeline[]): boolean {
      if (isDeepStrictEqual(inForce, pipelines)) return false
      const text = `${JSON.stringify({ $schema: `./${pipelinesSchemaName}`, version: 1, pipelines }, null, 2)}\n`
      writeFileAtomic(schema.path, schema.text, { mode: 0o600 })
      writeFileAtomic(file, text, { mode: 0o600 })
      inForce = pipelines
      return true
    },
  }
}

function parse(text: string): Pipeline[] {
  const json = JSON.parse(text) as { version?: unknown } | null
  if (typeof json?.version === 'number' && json.version > 1) {
    throw new Error(`it is of version ${json.version}, which a newer Gatehouse wrote; this one knows version 1`)
  }
  const read = pipelinesFile.safeParse(json)
  if (read.success) return read.data.pipelines
  const [issue] = read.error.issues
  throw new Error(`${issue?.path.length ? `${issue.path.join('.')}: ` : ''}${issue?.message}`)
}
