import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isAllowed, licencesOf, licencesPage } from './licences.ts'

const root = join(import.meta.dirname, '..')

describe('licences of what the app ships', () => {
  const list = licencesOf(root)

  it('are all ones that it may ship', () => {
    expect(list.filter(({ licence }) => !isAllowed(licence))).toEqual([])
    expect(list.length).toBeGreaterThan(100)
  })

  it('stand in docs/licences.md as they are; npm run licences writes it', () => {
    expect(readFileSync(join(root, 'docs', 'licences.md'), 'utf8')).toBe(licencesPage(list))
  })

  it.each([
    ['MIT', true],
    ['(MIT OR GPL-3.0-only)', true],
    ['GPL-3.0-only', false],
    ['MIT AND GPL-3.0-only', false],
    ['SEE LICENSE IN LICENSE.md', false],
    ['unknown', false],
  ])('%s: %s', (expression, answer) => expect(isAllowed(expression)).toBe(answer))
})
