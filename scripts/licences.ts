/**
 * npm run licences: writes docs/licences.md, the packages that the app has in it with their licences. A test fails when the
 * page is not what this would write, or when a licence is not one that the app may ship.
 *
 * usage: node scripts/licences.ts
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findAppRoot } from '../src/main/paths.ts'
import { type LockedPackages, nameOf, shippedPackages } from './packaging/runtimePackages.ts'

/** Licences (SPDX) under which a part may be in the app: they ask for a notice and no more. */
export const allowed: readonly string[] = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'PostgreSQL',
  'Python-2.0',
  'Unlicense',
]

export interface Licensed {
  name: string
  version: string
  licence: string
}

/** true when the SPDX expression leaves a choice that is allowed. Anything that is not understood is not allowed. */
export function isAllowed(expression: string): boolean {
  const text = expression.replace(/^\((.*)\)$/, '$1')
  if (/\bAND\b|\bWITH\b|[()]/.test(text)) return false
  return text.split(' OR ').some((each) => allowed.includes(each.trim()))
}

/** Shipped packages by name. Those for other systems count too, where the lockfile knows their licence. */
export function licencesOf(root: string): Licensed[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: LockedPackages }
  const found = shippedPackages(packages).map(({ path }) => ({
    name: nameOf(path),
    version: packages[path]?.version ?? '',
    licence: packages[path]?.license ?? licenceOnDisk(join(root, path)) ?? 'unknown',
  }))
  const unique = new Map(found.map((each) => [`${each.name}@${each.version}`, each]))
  return [...unique.values()].sort((a, b) => a.name.localeCompare(b.name, 'en') || a.version.localeCompare(b.version, 'en'))
}

/** Old packages say it as an object or a list. */
function licenceOnDisk(folder: string): string | undefined {
  const file = join(folder, 'package.json')
  if (!existsSync(file)) return undefined
  const { license, licenses } = JSON.parse(readFileSync(file, 'utf8')) as {
    license?: string | { type: string }
    licenses?: { type: string }[]
  }
  if (typeof license === 'string') return license
  return license?.type ?? licenses?.map(({ type }) => type).join(' OR ')
}

/** The page as it stands in docs/. */
export function licencesPage(list: readonly Licensed[]): string {
  return `# Licences

What the packaged app has in it beside our own code (Apache-2.0), written by \`npm run licences\`. Each package brings its own
text; Electron and Chromium bring theirs in \`LICENSE.electron.txt\` and \`LICENSES.chromium.html\`.

| package | version | licence |
|---|---|---|
${list.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`).join('\n')}
`
}

if (import.meta.main) {
  const root = findAppRoot(import.meta.dirname)
  writeFileSync(join(root, 'docs', 'licences.md'), licencesPage(licencesOf(root)))
}
