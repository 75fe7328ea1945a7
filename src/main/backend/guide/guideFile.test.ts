import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createGuideFile, type GuideRecord } from './guideFile.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-guide-'))
  file = join(folder, 'guide.json')
})
afterEach(() => rmSync(folder, { recursive: true }))

const record: GuideRecord = {
  version: 1,
  begunAt: '2026-11-30T00:00:00.000Z',
  suffix: '0123abcd',
  runs: {},
  again: {},
  left: [],
  approve: null,
  reject: null,
  seen: {},
  switched: [],
  productionBefore: null,
  replayed: null,
}

it('is there after a restart, and gone once it is removed', () => {
  expect(createGuideFile(file).read()).toBeNull()
  createGuideFile(file).write(record)
  expect(createGuideFile(file).read()).toEqual(record)
  createGuideFile(file).remove()
  expect(createGuideFile(file).read()).toBeNull()
})

it.each([
  ['half written', '{"version": 1,'],
  ['empty', ''],
  ['of a newer version', '{"version": 2}'],
])('%s, it is named, kept beside, and written anew by the next demonstration', (_, text) => {
  writeFileSync(file, text)
  const guide = createGuideFile(file)
  expect(guide.read()).toBeNull()
  const [told] = guide.unusable()
  expect(told?.problem).toContain(file)
  guide.write(record)
  expect(guide.unusable()).toEqual([])
  const aside = readdirSync(folder).find((name) => name.startsWith('guide.json.broken-')) as string
  expect(told?.problem).toContain(aside)
  expect(readFileSync(join(folder, aside), 'utf8')).toBe(text)
  expect(createGuideFile(file).read()).toEqual(record)
})
