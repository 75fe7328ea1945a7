/** Where new keys come from: `config/keys.json`, read and checked. It holds no secret. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { type KeySettings, keySettings } from '../../../contract/keys.ts'
import { KeysUnavailable } from '../../../temporal/codec/keySource.ts'
import { readText, setAsideInWords } from '../configFile.ts'
import { writeWhole } from '../disk/writeWhole.ts'
import { firstLine } from '../settings/firstLine.ts'

/**
 * A file that is not right is left as it is and a copy of it is made: a guess could seal with keys that nobody meant.
 * @throws KeysUnavailable that names the file and what is wrong in it
 */
export function readKeySettings(file: string): KeySettings {
  let wrong: string
  try {
    const text = readText(file)
    return text === null ? {} : keySettings.parse(JSON.parse(text))
  } catch (error) {
    // The parser's own message quotes the file, and somebody may have put a secret there.
    wrong = error instanceof SyntaxError ? 'it is not JSON' : firstLine(error)
  }
  throw new KeysUnavailable(
    `${file} is not right: ${wrong}. No key is guessed, and nothing is written in clear. ${setAsideInWords(file)}`,
    'Correct the file; then try again.',
  )
}

export const writeKeySettings = (file: string, settings: KeySettings): void =>
  writeWhole(file, `${JSON.stringify(settings, null, 2)}\n`)

/**
 * Remembers the file as it lies there, right or not.
 * @returns what puts it back
 */
export function keepKeySettings(file: string): () => void {
  const before = existsSync(file) ? readFileSync(file) : null
  return () => (before === null ? rmSync(file, { force: true }) : writeWhole(file, before))
}
