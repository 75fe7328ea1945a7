import { indexJson, type JsonIndex, pathOf, stringOf } from '../../../contract/exactJson.ts'
import { isSecretName } from '../../../contract/secretNames.ts'
import { cutPath } from './cutPath.ts'

export interface JsonMatch {
  /** Of the first key or value that holds the text, such as `a.b[3]`, cut where it is long; '' for the value as a whole. */
  path: string
  /** What holds it, cut around it. */
  excerpt: string
}

/** Characters of an excerpt on each side of what was found. */
const around = 60

const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
/** How JSON may write one character: as it is, by a short escape, by its number; some writers do so with `<`, `/` or all but ASCII. */
function spellings(letter: string): string {
  const short = JSON.stringify(letter).slice(1, -1)
  const numbers = [...new Set([letter, letter.toLowerCase(), letter.toUpperCase()])].map((each) =>
    Array.from(each.split(''), (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
  )
  return `(?:${[...new Set([letter, short, ...(letter === '/' ? ['\\/'] : []), ...numbers])].map(literal).join('|')})`
}

export interface Wanted {
  /** Finds the text where it stands as it is. */
  plain: RegExp
  /** Finds JSON text that may hold it, however it is escaped there; quick, as most holds it nowhere. */
  json: RegExp
}

/** What is looked for: the text as it is, without regard to case. */
export function wantedText(text: string): Wanted {
  return { plain: new RegExp(literal(text), 'iu'), json: new RegExp(Array.from(text, spellings).join(''), 'iu') }
}

/**
 * The first key or value of a JSON text that holds the wanted text; null where none does. Values under a name that says
 * that they are secret are passed by, unless `reveal`: then `covered` tells whether one of them would have been it.
 */
export function matchJson(json: string, wanted: Wanted, reveal: boolean): { match: JsonMatch | null; covered: boolean } {
  if (!wanted.json.test(json)) return { match: null, covered: false }
  const index = indexOf(json)
  if (index === null) return { match: matchText(json, wanted), covered: false }
  let covered = false
  for (let node = 0; node < index.count; ) {
    const key = index.key(node)
    const secret = key !== null && isSecretName(key)
    if (key !== null && wanted.plain.test(key)) {
      return { match: { path: cutPath(pathOf(index, node)), excerpt: excerptOf(key, wanted.plain) }, covered }
    }
    if (secret && !reveal) {
      covered ||= wanted.json.test(index.raw(node))
      node = index.after(node)
      continue
    }
    const text = ownText(index, node)
    if (text !== null && wanted.plain.test(text)) {
      return { match: { path: cutPath(pathOf(index, node)), excerpt: excerptOf(text, wanted.plain) }, covered }
    }
    node++
  }
  return { match: null, covered }
}

/** null where it calls itself JSON and is none: a text all the same. */
function indexOf(json: string): JsonIndex | null {
  try {
    return indexJson(json)
  } catch {
    return null
  }
}

/** The wanted text in one that is no JSON. */
export const matchText = (text: string, wanted: Wanted): JsonMatch | null =>
  wanted.plain.test(text) ? { path: '', excerpt: excerptOf(text, wanted.plain) } : null

/** The part of a text around what was found in it. */
export function excerptOf(text: string, wanted: RegExp): string {
  const found = wanted.exec(text)
  const from = Math.max(0, (found?.index ?? 0) - around)
  const to = (found?.index ?? 0) + (found?.[0].length ?? 0) + around
  return `${from > 0 ? '…' : ''}${text.slice(from, to)}${to < text.length ? '…' : ''}`
}

const ownText = (index: JsonIndex, node: number): string | null => {
  if (index.isBranch(node)) return null
  return index.kind(node) === 'string' ? stringOf(index.raw(node)) : index.raw(node)
}
