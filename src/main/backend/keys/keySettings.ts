/** Where new keys come from: `config/keys.json`, read and checked. It holds no secret. */
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { sync as writeFileAtomic } from 'write-file-atomic'
import { type KeySettings, keySettings } from '../../../contract/keys.ts'
import { KeysUnavailable } from '../../../temporal/codec/keySource.ts'

/**
 * A file that is not right is left as it is and a copy of it is made: a guess could seal with keys that nobody meant.
 * @throws KeysUnavailable that names the file and what is wrong in it
 */
export function readKeySettings(file: string): KeySettings {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new KeysUnavailable(
      `${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`,
      'Make it readable; then try again.',
    )
  }
  let wrong: string
  try {
    const result = keySettings.safeParse(JSON.parse(text))
    if (result.success) return result.data
    const issue = result.error.issues[0]
    wrong = `${issue?.path.join('.') || 'the whole'}: ${issue?.message}`
  } catch {
    wrong = 'not JSON'
  }
  const copy = `${file}.malformed-${createHash('sha256').update(text).digest('hex').slice(0, 8)}`
  if (!existsSync(copy)) copyFileSync(file, copy)
  throw new KeysUnavailable(
    `${file} is not right: ${wrong}. No key is guessed, and nothing is written in clear; a copy is ${copy}.`,
    'Correct the file; then try again.',
  )
}

export const writeKeySettings = (file: string, settings: KeySettings): void =>
  writeFileAtomic(file, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 })

/**
 * Remembers the file as it lies there, right or not.
 * @returns what puts it back
 */
export function keepKeySettings(file: string): () => void {
  const before = existsSync(file) ? readFileSync(file) : null
  return () => (before === null ? rmSync(file, { force: true }) : writeFileAtomic(file, before, { mode: 0o600 }))
}
