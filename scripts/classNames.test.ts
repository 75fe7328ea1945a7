import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const renderer = resolve(import.meta.dirname, '..', 'src', 'renderer')

/** The class that each selector of a file begins with. */
function classesOf(file: string): Set<string> {
  const css = readFileSync(join(renderer, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, '')
  const selectors = [...css.matchAll(/([^{}]+)\{/g)].flatMap(([, list = '']) => list.split(','))
  return new Set(selectors.flatMap((selector) => /^\s*\.([\w-]+)/.exec(selector)?.[1] ?? []))
}

test('no two features of the console style one class: whichever was looked at last would change the other', () => {
  const common = new Set(globSync('{app,ui,styles}/**/*.css', { cwd: renderer }).flatMap((file) => [...classesOf(file)]))
  const owners = new Map<string, Set<string>>()
  for (const file of globSync('features/*/*.css', { cwd: renderer })) {
    for (const name of classesOf(file)) owners.set(name, (owners.get(name) ?? new Set()).add(basename(dirname(file))))
  }
  expect(owners.size).toBeGreaterThan(100)
  expect([...owners].filter(([name, features]) => features.size > 1 && !common.has(name))).toEqual([])
})
