import { isDeepStrictEqual } from 'node:util'
import { defaultPipelines, type Pipeline, pipelinesFile } from '../../../contract/pipelines.ts'
import { keepBeforeWriting, newerVersion, readText, setAsideInWords, writeJson } from '../configFile.ts'
import { writeWhole } from '../disk/writeWhole.ts'
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
  /** What lies there could not be used, and is not written over without a copy. */
  let toKeep = false
  /** The file as it was last read or written here; null: none, or not readable. */
  let known: string | null = null
  const textOfFile = () => {
    try {
      return readText(file)
    } catch {
      return null
    }
  }

  function read(otherwise: string): { pipelines: Pipeline[]; problem: string | null } {
    known = textOfFile()
    try {
      const text = readText(file)
      if (text !== null) inForce = parse(text)
      toKeep = false
      return { pipelines: inForce, problem: null }
    } catch (error) {
      toKeep = true
      const problem = `The pipelines in ${file} could not be used: ${firstLine(error)}. ${setAsideInWords(file)} ${otherwise} until you mend the file, or save pipelines in Settings.`
      return { pipelines: inForce, problem }
    }
  }

  return {
    /** What the file says; the defaults where there is none, and with `problem` where it cannot be used. */
    read: () => read('The defaults apply'),
    /** The same when somebody has written the file since; null where nobody has. */
    readEdited() {
      const text = textOfFile()
      return text === null || text === known ? null : read('What held before applies')
    },
    /** Writes the file when other pipelines are to be in force: whatever else is saved leaves it alone. @returns whether it did */
    write(pipelines: Pipeline[]): boolean {
      if (isDeepStrictEqual(inForce, pipelines)) return false
      if (toKeep) keepBeforeWriting(file, 'The pipelines')
      writeJson(file, { $schema: `./${pipelinesSchemaName}`, version: 1, pipelines }, 'The pipelines')
      toKeep = false
      known = textOfFile()
      inForce = pipelines
      try {
        writeWhole(schema.path, schema.text)
      } catch {
        // Editors' help only: the pipelines are saved without it too.
      }
      return true
    },
  }
}

function parse(text: string): Pipeline[] {
  const json = JSON.parse(text) as { version?: unknown } | null
  if (typeof json?.version === 'number' && json.version > 1) {
    throw new Error(newerVersion(json.version, 1))
  }
  const read = pipelinesFile.safeParse(json)
  if (read.success) return read.data.pipelines
  const [issue] = read.error.issues
  throw new Error(`${issue?.path.length ? `${issue.path.join('.')}: ` : ''}${issue?.message}`)
}
