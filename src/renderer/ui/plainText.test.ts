import { expect, it } from 'vitest'
import { plainText } from './plainText.ts'

it.each([
  ['evil\u202egnp.exe', 'evil⟨U+202E⟩gnp.exe'],
  ['a\u0000b\u0085', 'a⟨U+0000⟩b⟨U+0085⟩'],
  ['\u2066x\u2069', '⟨U+2066⟩x⟨U+2069⟩'],
  ['آخر 🐚 <b>é</b>\tline\n', 'آخر 🐚 <b>é</b>\tline\n'],
  ['', ''],
])('%j is shown as %j', (text, shown) => expect(plainText(text)).toBe(shown))
