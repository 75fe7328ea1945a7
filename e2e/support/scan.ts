/** Looks for values in everything on a disk, in each form in which a value can lie there. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

export interface Needle {
  name: string
  /** Whichever of these is found in a file, the value is in it. */
  forms: { how: string; bytes: Buffer }[]
}

/** UTF-8, UTF-16 in both byte orders, hex in both cases, and base64 wherever in a longer text the value begins. */
export function needleOf(name: string, text: string): Needle {
  const utf8 = Buffer.from(text, 'utf8')
  const utf16 = Buffer.from(text, 'utf16le')
  const hex = utf8.toString('hex')
  const forms = [
    { how: 'utf-8', bytes: utf8 },
    { how: 'utf-16le', bytes: utf16 },
    { how: 'utf-16be', bytes: Buffer.from(utf16).swap16() },
    { how: 'hex', bytes: Buffer.from(hex) },
    { how: 'HEX', bytes: Buffer.from(hex.toUpperCase()) },
  ]
  for (const before of [0, 1, 2]) {
    // What a neighbour shares a character with is cut off: it is not the value's alone.
    const encoded = Buffer.concat([Buffer.alloc(before), utf8])
      .toString('base64')
      .replace(/=+$/, '')
    const from = Math.ceil((before * 8) / 6)
    const to = Math.floor(((before + utf8.length) * 8) / 6)
    forms.push({ how: `base64 at ${before}`, bytes: Buffer.from(encoded.slice(from, to)) })
    forms.push({
      how: `base64url at ${before}`,
      bytes: Buffer.from(encoded.slice(from, to).replaceAll('+', '-').replaceAll('/', '_')),
    })
  }
  return { name, forms }
}

/** A number as a binary record holds it. */
export function numberForms(name: string, value: number): Needle {
  const little = Buffer.alloc(8)
  little.writeDoubleLE(value)
  const big = Buffer.alloc(8)
  big.writeDoubleBE(value)
  return {
    name,
    forms: [
      { how: 'float64 little-endian', bytes: little },
      { how: 'float64 big-endian', bytes: big },
    ],
  }
}

/** `name in path as form`, for each file below the folders that holds one. Files that go while it looks are no finding. */
export function scan(
  folders: readonly string[],
  needles: readonly Needle[],
  skip: (path: string) => boolean = () => false,
): string[] {
  const found: string[] = []
  for (const folder of folders) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name)
      if (!entry.isFile() || skip(path)) continue
      let content: Buffer
      try {
        content = readFileSync(path)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue
        throw error
      }
      found.push(...findIn(content, needles).map((what) => `${what.name} in ${relative(folder, path)} as ${what.how}`))
    }
  }
  return found
}

export const findIn = (content: Buffer, needles: readonly Needle[]) =>
  needles.flatMap(({ name, forms }) => forms.filter(({ bytes }) => content.includes(bytes)).map(({ how }) => ({ name, how })))
