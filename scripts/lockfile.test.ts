/** What `npm install` may quietly change in the lock file, and what then breaks `npm ci` on a fresh machine (docs/decisions/003). */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

interface Entry {
  gypfile?: boolean
  resolved?: string
  optionalDependencies?: Record<string, string>
}
const lock = JSON.parse(readFileSync(resolve(import.meta.dirname, '..', 'package-lock.json'), 'utf8')) as {
  packages: Record<string, Entry>
}

describe('the lock file', () => {
  it('tells npm that better-sqlite3 brings its binaries', () => {
    // The package says so itself, but `npm ci` looks only here, and would run node-gyp: Python, headers and a compiler.
    expect(lock.packages['node_modules/better-sqlite3']?.gypfile).toBe(false)
  })

  it('holds the package of every platform', () => {
    const missing = Object.values(lock.packages)
      .flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}))
      .filter((name) => !Object.keys(lock.packages).some((path) => path.endsWith(`node_modules/${name}`)))
    expect(missing).toEqual([])
  })

  it('names no place to download from', () => {
    expect(Object.entries(lock.packages).filter(([, entry]) => entry.resolved)).toEqual([])
  })
})
