/** What never reaches a log line, wherever it stands: in nested objects, in errors and their causes, in JSON inside a text. */
import { isSecretName } from '../../contract/secretNames.ts'

export const censored = '[secret]'

/** Deeper than this nobody reads, and what is not read is not worth a risk. */
const deepest = 8
const longestList = 100

/** A copy without secrets; errors become plain objects with type, message, stack, cause and what else they carry. */
export function redact(value: unknown, depth = 0, above: readonly object[] = []): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value !== 'object' || value === null) return value
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`
  if (value instanceof Date) return value
  if (above.includes(value)) return '[circular]'
  if (depth >= deepest) return '[…]'
  const inside = (inner: unknown) => redact(inner, depth + 1, [...above, value])
  if (Array.isArray(value)) {
    const list = value.slice(0, longestList)
    return list.map((inner, index) => (isSecretFlag(list[index - 1]) ? censored : inside(inner)))
  }
  if (value instanceof Map) return inside(Object.fromEntries([...value].map(([name, inner]) => [String(name), inner])))
  if (value instanceof Set) return inside([...value])
  if (value instanceof URL) return redactText(value.href)
  const fields = Object.entries(value).map(([name, inner]): [string, unknown] => [
    name,
    isSecretName(name) ? censored : inside(inner),
  ])
  if (!(value instanceof Error)) return Object.fromEntries(fields)
  return {
    type: value.name,
    message: redactText(value.message),
    ...(value.stack === undefined ? {} : { stack: redactText(value.stack) }),
    ...(value.cause === undefined ? {} : { cause: inside(value.cause) }),
    ...(value instanceof AggregateError ? { errors: inside(value.errors) } : {}),
    ...Object.fromEntries(fields),
  }
}

/** An argument that names a secret, whose value is the next one: `--api-key`; not one that names its file. */
export const isSecretFlag = (argument: unknown): boolean =>
  typeof argument === 'string' &&
  /^--?[A-Za-z][\w-]*$/.test(argument) &&
  !argument.endsWith('-file') &&
  isSecretName(argument.replace(/^-+/, ''))

/** The same in one text. */
const flagged = /((?:^|\s)(--?[A-Za-z][\w-]{1,60})\s+)(?!-)\S+/g

/** `"name": value` and `name=value`, also where the quotes are escaped because the JSON stands inside a text. */
const named = /(\\*["'])?([A-Za-z][\w-]{1,60})\1?\s*[:=]\s*/g

/** The password in an address: `postgres://user:password@host` (RFC 3986, 3.2.1). */
const inAddress = /\b([a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:@]{0,200}:)[^\s/@]{1,500}@/gi

/** The text without the values of secret names, where it holds JSON, a connection string or the like. */
export function redactText(whole: string): string {
  const text = whole
    .replace(inAddress, `$1${censored}@`)
    .replace(flagged, (found, before: string, flag: string) => (isSecretFlag(flag) ? `${before}${censored}` : found))
  let out = ''
  let at = 0
  for (const match of text.matchAll(named)) {
    const start = match.index + match[0].length
    // A value that was cut out already took this one with it.
    if (match.index < at || !isSecretName(match[2] ?? '')) continue
    const end = endOfValue(text, start, match[1] !== undefined)
    // A bare word is read as a value only where it looks like one: "the key: it is lost" is a sentence.
    if (end === start || (match[1] === undefined && !/\S=\S|[:=]\s*["'{[\d]/.test(text.slice(match.index, start + 1)))) continue
    out += `${text.slice(at, start)}${censored}`
    at = end
  }
  return at === 0 ? text : out + text.slice(at)
}

/** Where the value that begins at `start` is over: a block to its bracket, a string to its quote, else up to a delimiter. */
function endOfValue(text: string, start: number, quotedName: boolean): number {
  const opening = /^\\*["']/.exec(text.slice(start, start + 8))?.[0]
  if (opening) {
    // Inside a text that is escaped once more, a quote ends the string when it has the same number of backslashes before it.
    for (let i = text.indexOf(opening, start + opening.length); i >= 0; i = text.indexOf(opening, i + 1)) {
      if (text[i - 1] !== '\\') return i + opening.length
    }
    return text.length
  }
  const first = text[start]
  if (first === '{' || first === '[') {
    let open = 0
    for (let i = start; i < text.length; i++) {
      if (text[i] === '{' || text[i] === '[') open++
      else if (text[i] === '}' || text[i] === ']') open--
      if (open === 0) return i + 1
    }
    return text.length
  }
  const rest = (quotedName ? /^[^,}\]\s\\]*/ : /^[^,;&}\]\s\\"']*/).exec(text.slice(start))?.[0] ?? ''
  return start + rest.length
}
