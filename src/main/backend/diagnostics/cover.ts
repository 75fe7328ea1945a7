import { homedir } from 'node:os'
import { sep } from 'node:path'
import { redact, redactText } from '../redact.ts'

export interface Cover {
  /** JSON of a value without secrets and without the user's folders. */
  value(value: unknown): string
  /** The same for a text; lines that are JSON are covered by the names of their fields. */
  text(text: string): string
}

/**
 * Takes out of what leaves the machine: secrets by their names (`redact.ts`), the secrets of this data folder by their
 * values, and the user's name where it stands in a path.
 * @param dataFolder its path
 * @param secrets values that may stand nowhere, whatever they are called there
 */
export function createCover(dataFolder: string, secrets: readonly string[]): Cover {
  const places: [string, string][] = [
    [dataFolder, '[data folder]'],
    [homedir(), '~'],
  ]
  // Shorter ones would take words apart, and protect nothing.
  const values = secrets.filter((secret) => secret.length >= 8)
  const paths = (whole: string): string => {
    let text = whole
    for (const value of values) text = text.replaceAll(value, '[secret]')
    for (const [path, name] of places) {
      if (path === sep || path === '') continue
      // In JSON every backslash of a Windows path is doubled.
      text = text.replaceAll(path.replaceAll('\\', '\\\\'), name).replaceAll(path, name)
    }
    // Of other users too: a trainer or an inbox may lie anywhere.
    return text.replaceAll(/((?:\/home|\/Users|[A-Za-z]:(?:\\{1,4}|\/)Users)(?:\\{1,4}|\/))[^\\/\s"':,;)]+/g, '$1[user]')
  }
  const line = (text: string): string => {
    if (text.startsWith('{')) {
      try {
        return JSON.stringify(redact(JSON.parse(text)))
      } catch {
        // Cut off, or only looks like it.
      }
    }
    return redactText(text)
  }
  return {
    value: (value) => paths(JSON.stringify(redact(value), null, 2)),
    text: (text) => paths(text.split('\n').map(line).join('\n')),
  }
}
