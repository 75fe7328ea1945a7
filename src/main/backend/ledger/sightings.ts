import { sep } from 'node:path'
import type { Ledger } from './openLedger.ts'

/** What tells one state of a file from another without reading it. Times in milliseconds since 1970. */
export interface Stamp {
  size: number
  mtimeMs: number
  /** Changes also with permissions, so that a file that was made readable is looked at again. */
  ctimeMs: number
  inode: number
}

export const sameStamp = (a: Stamp, b: Stamp) => sameContentStamp(a, b) && a.ctimeMs === b.ctimeMs
/** Equal but for what a change of permissions or a move alters. */
export const sameContentStamp = (a: Stamp, b: Stamp) => a.size === b.size && a.mtimeMs === b.mtimeMs && a.inode === b.inode

export interface Sightings {
  get(path: string): Stamp | null
  put(path: string, stamp: Stamp): void
  /** true when the same file was dealt with under another path: it was renamed. */
  isElsewhere(path: string, stamp: Stamp): boolean
  /** true when anything below this folder was ever dealt with. */
  anyBelow(folder: string): boolean
}

/** What each path held when it was last dealt with, so that a launch does not read everything again. */
export function createSightings(ledger: Ledger): Sightings {
  const get = ledger.prepare<[string], Stamp>(
    'SELECT size_bytes AS size, mtime_ms AS mtimeMs, ctime_ms AS ctimeMs, inode FROM sighting WHERE path = ?',
  )
  const put = ledger.prepare<[string, number, number, number, number]>(
    `INSERT INTO sighting (path, size_bytes, mtime_ms, ctime_ms, inode) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (path) DO UPDATE SET
       size_bytes = excluded.size_bytes, mtime_ms = excluded.mtime_ms, ctime_ms = excluded.ctime_ms, inode = excluded.inode`,
  )
  const elsewhere = ledger.prepare<[number, number, number, string]>(
    'SELECT 1 FROM sighting WHERE inode = ? AND size_bytes = ? AND mtime_ms = ? AND path <> ?',
  )
  const below = ledger.prepare<[string, string]>('SELECT 1 FROM sighting WHERE substr(path, 1, length(?)) = ? LIMIT 1')
  return {
    get: (path) => get.get(path) ?? null,
    put(path, stamp) {
      put.run(path, stamp.size, stamp.mtimeMs, stamp.ctimeMs, stamp.inode)
    },
    isElsewhere: (path, { inode, size, mtimeMs }) => elsewhere.get(inode, size, mtimeMs, path) !== undefined,
    anyBelow(folder) {
      const prefix = folder.endsWith(sep) ? folder : folder + sep
      return below.get(prefix, prefix) !== undefined
    },
  }
}
