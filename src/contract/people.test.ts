import { describe, expect, test } from 'vitest'
import { isSameName, reasonProblem } from './people.ts'

describe('one operator', () => {
  test.each([
    ['Ada', ' ADA '],
    ['Jos\u00e9', 'Jose\u0301'],
    ['Ada Lovelace', 'ada\u00a0 lovelace'],
    ['Ada', '\u202eada\u200b'],
  ])('%j is %j', (one, other) => expect(isSameName(one, other)).toBe(true))

  test.each([
    ['Jose', 'Jos\u00e9'],
    ['Ada L', 'AdaL'],
  ])('%j is not %j', (one, other) => expect(isSameName(one, other)).toBe(false))
})

test('a reason says something that can be seen, in at most 2000 characters', () => {
  for (const blank of ['', ' \n\u00a0', '\u200b\u200d', '\u0000\u202e'])
    expect(reasonProblem(blank)).toBe('A reason is required.')
  for (const good of ['👍🏽', 'שלום', 'a\nb', 'x'.repeat(2000)]) expect(reasonProblem(good)).toBeNull()
  expect(reasonProblem('x'.repeat(2001))).toBe('A reason has at most 2000 characters; this one has 2001.')
})
