import { lstat, opendir } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { Stamp } from '../ledger/sightings.ts'
import { isPassedOver } from './names.ts'
import { codeOf, stampOf } from './takeFile.ts'

export type Found =
  /** `stamp` is null for a link: what counts is what it points to. */
  | { kind: 'file'; path: string; stamp: Stamp | null }
  /** A name whose bytes are not valid UTF-8: no path in JavaScript can say it. `path` shows the odd bytes as \xNN. */
  | { kind: 'oddName'; path: string; stamp: Stamp }

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The name as text; null when its bytes are not valid UTF-8. */
const decoded = (name: Buffer) => {
  try {
    return utf8.decode(name)
  } catch {
    return null
  }
}

const escaped = (name: Buffer) =>
  name.toString('latin1').replace(/[^\x20-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)

/**
 * Every file below a folder, hidden ones and hidden folders left out, links not followed. Folders that cannot be read or
 * that vanish meanwhile are passed over, but for the folder itself.
 * @throws when the folder itself cannot be read.
 */
export async function* walk(folder: string): AsyncGenerator<Found> {
  const pending = [folder]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    try {
      for await (const entry of await opendir(next, { encoding: 'buffer' as BufferEncoding, bufferSize: 256 })) {
        // With this encoding the name is a Buffer, whatever its declared type says.
        const found = await foundAt(next, entry.name as unknown as Buffer).catch((error) => {
          if (codeOf(error) === 'unknown') throw error
          return null // gone again, or not to be looked at
        })
        if (found === null) continue
        if (found.kind === 'folder') pending.push(found.path)
        else yield found
      }
    } catch (error) {
      if (next === folder || codeOf(error) === 'unknown') throw error
    }
  }
}

async function foundAt(folder: string, raw: Buffer): Promise<Found | { kind: 'folder'; path: string } | null> {
  const name = decoded(raw)
  if (name === null) {
    // A folder with such a name is told of too: what is in it cannot be reached.
    const stats = await lstat(Buffer.concat([Buffer.from(join(folder, sep)), raw]))
    return { kind: 'oddName', path: join(folder, escaped(raw)), stamp: stampOf(stats) }
  }
  if (isPassedOver(name)) return null
  const path = join(folder, name)
  const stats = await lstat(path)
  if (stats.isDirectory()) return { kind: 'folder', path }
  return { kind: 'file', path, stamp: stats.isSymbolicLink() ? null : stampOf(stats) }
}
