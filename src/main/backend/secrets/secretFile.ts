import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { writeWhole } from '../disk/writeWhole.ts'
import type { SecretPlace } from './keychain.ts'

const contents = z.record(z.string(), z.string())

/** Secrets in a JSON file that only this user can read; for machines without a keychain. */
export function createSecretFile(file: string): SecretPlace {
  let queue: Promise<unknown> = Promise.resolve()
  /** One after another, so that two writers never lose each other's name. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(work, work)
    queue = turn.catch(() => {})
    return turn
  }
  const read = async (): Promise<Record<string, string>> => {
    let text: string
    try {
      text = await readFile(file, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
      throw new Error(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`)
    }
    try {
      return contents.parse(JSON.parse(text))
    } catch {
      // The parser's own message would quote the file.
      throw new Error(
        `${file} is damaged: it is not a JSON object of strings; restore it from a copy, or move it away to begin with new secrets`,
      )
    }
  }
  const write = (values: Record<string, string>) => writeWhole(file, `${JSON.stringify(values, null, 2)}\n`)
  return {
    get: (name) => inTurn(async () => (await read())[name] ?? null),
    set: (name, value) => inTurn(async () => write({ ...(await read()), [name]: value })),
    remove: (name) =>
      inTurn(async () => {
        const values = await read()
        if (!(name in values)) return
        delete values[name]
        write(values)
      }),
  }
}
