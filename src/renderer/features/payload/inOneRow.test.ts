import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nameInRow, stringInRow } from './inOneRow.ts'

test.each([
  ['as it is', '"größe שלום مرحبا 😀"', '"größe שלום مرحبا 😀"'],
  ['escaped for ASCII', '"gr\\u00f6\\u00DFe \\ud83d\\ude00 \\u003cb\\u003e"', '"größe 😀 <b>"'],
  ['quotes and line ends', '"a\\"b\\\\c\\n\\u000a\\u0022\\u005c\\/"', '"a\\"b\\\\c\\n\\u000a\\u0022\\u005c\\/"'],
  ['what turns the direction', '"a\u202eb\\u202cc"', '"a\\u202eb\\u202cc"'],
  ['of no width', '"a\u200bb\ufeffc\u200dd\u00ade"', '"a\\u200bb\\ufeffc\\u200dd\\u00ade"'],
  ['odd spaces', '"a\u00a0b\u2028c"', '"a\\u00a0b\\u2028c"'],
  ['a family', '"👩‍👧 नमस्‍ते"', '"👩‍👧 नमस्‍ते"'],
  ['halves', '"\\ud800 \\udc00x"', '"\\ud800 \\udc00x"'],
])('a string %s is shown so that all of it is seen', (_, raw, shown) => expect(stringInRow(raw, 300)).toBe(shown))

test('what is shown is JSON of the same string', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.boolean(), (text, ascii) => {
      const raw = JSON.stringify(text)
      const escaped = ascii ? raw.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`) : raw
      expect(JSON.parse(stringInRow(escaped, 300))).toBe(text)
    }),
  )
})

test('a long one is cut at a letter, and its end is not looked at', () => {
  expect(stringInRow(`"${'\\u00e9'.repeat(1_000_000)}"`, 4)).toBe('"ééé…')
  expect(stringInRow(`"${'x'.repeat(10)}"`, 4)).toBe('"xxx…')
  expect(stringInRow('"ab"', 4)).toBe('"ab"')
})

test.each([
  ['plain', 'plain'],
  ['two words', 'two words'],
  ['größe', 'größe'],
  ['', '""'],
  [' x', '" x"'],
  ['n\nl', '"n\\nl"'],
  ['a: b', '"a: b"'],
  ['"q"', '"\\"q\\""'],
  ['\u202eabc', '"\\u202eabc"'],
  ['k'.repeat(11), 'kkkkkkkkkk…'],
])('the name %j is shown as %s', (name, shown) => expect(nameInRow(name, 10)).toBe(shown))
