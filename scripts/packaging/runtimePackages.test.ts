import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type LockedPackages, nameOf, reachablePackages, unneededPackages } from './runtimePackages.ts'

const packages: LockedPackages = {
  '': { dependencies: { a: '1', react: '1' } },
  'node_modules/a': { dependencies: { b: '1', tool: '1' }, optionalDependencies: { 'a-linux': '1' } },
  'node_modules/a-linux': {},
  'node_modules/a/node_modules/b': { dependencies: { c: '1' } },
  'node_modules/b': {},
  'node_modules/c': { peerDependencies: { a: '1' } },
  'node_modules/tool': { dependencies: { 'tool-part': '1' } },
  'node_modules/tool-part': {},
  'node_modules/react': {},
  'node_modules/only-dev': { dev: true },
}

describe('what of node_modules is reached', () => {
  it('is found as Node finds it: the nearest copy, then those above', () => {
    expect(reachablePackages(packages)).toEqual([
      'node_modules/a',
      'node_modules/a-linux',
      'node_modules/a/node_modules/b',
      'node_modules/c',
      'node_modules/react',
      'node_modules/tool',
      'node_modules/tool-part',
    ])
  })

  it('leaves out whole roots and single edges, with all that only they need', () => {
    expect(reachablePackages(packages, { without: ['react'], skip: { a: ['tool'] } })).toEqual([
      'node_modules/a',
      'node_modules/a-linux',
      'node_modules/a/node_modules/b',
      'node_modules/c',
    ])
  })
})

describe('of this checkout', () => {
  const lock = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'package-lock.json'), 'utf8')) as {
    packages: LockedPackages
  }
  it('the packaged app loads neither what bundles workflows nor what the console is made of, and all the rest', () => {
    const unneeded = unneededPackages(lock.packages).map(nameOf)
    expect(unneeded).toEqual(
      expect.arrayContaining(['webpack', '@swc/core', 'memfs', 'react', 'lucide-react', 'node-pg-migrate']),
    )
    for (const name of [
      '@temporalio/core-bridge',
      'better-sqlite3',
      'pg',
      'protobufjs',
      'rxjs',
      'zod',
      'long',
      'electron-updater',
    ]) {
      expect(unneeded).not.toContain(name)
    }
  })
})
