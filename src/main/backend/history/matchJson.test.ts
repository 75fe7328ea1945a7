import { expect, test } from 'vitest'
import { matchJson, wantedText } from './matchJson.ts'

const find = (value: unknown, text: string, reveal = false) => matchJson(JSON.stringify(value), wantedText(text), reveal)

test('a key, a string and a number are found, with where they stand', () => {
  const value = { metrics: [{ name: 'MAE', value: 1.497 }], 'odd key': true }
  expect(find(value, 'mae').match).toEqual({ path: 'metrics[0].name', excerpt: 'MAE' })
  expect(find(value, '1.49').match).toEqual({ path: 'metrics[0].value', excerpt: '1.497' })
  expect(find(value, 'ODD').match).toEqual({ path: '["odd key"]', excerpt: 'odd key' })
  expect(find(value, 'true').match?.path).toBe('["odd key"]')
  expect(find(value, 'rmse').match).toBe(null)
})

test('64-bit numbers are found to the last digit', () => {
  const json = '{"row":9007199254740993}'
  expect(matchJson(json, wantedText('740993'), false).match?.excerpt).toBe('9007199254740993')
  expect(matchJson(json, wantedText('740992'), false).match).toBe(null)
})

test.each(['say "no"', 'line\nbreak', 'größe', 'back\\slash', '(a+b)*'])('%j is found however it is escaped', (text) => {
  expect(find({ note: `before ${text} after` }, text).match?.path).toBe('note')
  const ascii = JSON.stringify({ note: text }).replace(/[^\x20-\x7e]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)
  expect(matchJson(ascii, wantedText(text), false).match?.path).toBe('note')
})

test.each([
  ['{"h":"\\u003ca\\u003e\\u0026"}', '<a>&'],
  ['{"h":"a\\/b"}', 'a/b'],
  ['{"h":"\\u00C9t\\u00e9 \\uD83D\\ude00"}', 'Été 😀'],
  ['{"h":"\\ud800"}', '\ud800'],
])('in %s of another writer %j is found', (json, text) => {
  expect(matchJson(json, wantedText(text), false).match?.path).toBe('h')
})

test('a path is cut where it is longer than anybody reads', () => {
  expect(find({ ['k'.repeat(1_000_000)]: ['needle'] }, 'needle').match?.path).toMatch(/^k{150}….{0,150}\[0\]$/)
})

test('what calls itself JSON and is none is looked through as a text', () => {
  expect(matchJson('{"loss": NaN, "password": "x"}', wantedText('nan'), false).match).toEqual({
    ...{ path: '', excerpt: '{"loss": NaN, "password": "x"}' },
  })
})

test('a covered value is not told, but that there is one is; its name may be looked for', () => {
  const value = { proprietary_config: { alpha: 'hunter2' }, note: 'nothing' }
  expect(find(value, 'hunter2')).toEqual({ match: null, covered: true })
  expect(find(value, 'hunter2', true).match?.path).toBe('proprietary_config.alpha')
  expect(find(value, 'proprietary').match?.path).toBe('proprietary_config')
})

test('an excerpt is cut around what was found', () => {
  const { match } = find({ text: `${'x'.repeat(500)} needle ${'y'.repeat(500)}` }, 'needle')
  expect(match?.excerpt).toMatch(/^…x+ needle y+…$/)
  expect(match?.excerpt.length).toBeLessThan(140)
})
