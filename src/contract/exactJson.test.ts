import { describe, expect, it } from 'vitest'
import { indexingJson, indexJson, type JsonIndex, pathOf, stringOf } from './exactJson.ts'

/** Every leaf with its path, as the text has it. */
const leaves = (index: JsonIndex) =>
  Array.from({ length: index.count }, (_, node) => node)
    .filter((node) => !index.isBranch(node) || index.size(node) === 0)
    .map((node) => `${pathOf(index, node)} = ${index.raw(node)}`)

describe('indexJson', () => {
  it.each(['9007199254740993', '-0.10', '1e400', '0.1000000000000000055511151231257827', '123456789012345678901234567890'])(
    'keeps the number %s to the digit',
    (raw) => {
      const index = indexJson(` ${raw}\n`)
      expect([index.kind(0), index.raw(0)]).toEqual(['number', raw])
    },
  )

  it('keeps the order of keys, and keys that stand there twice', () => {
    const index = indexJson('{"b":1,"10":2,"2":3,"b":4,"__proto__":5}')
    expect([1, 2, 3, 4, 5].map((node) => index.key(node))).toEqual(['b', '10', '2', 'b', '__proto__'])
    expect(index.size(0)).toBe(5)
  })

  it('reads escapes, nesting and white space, and says where each value stands', () => {
    const index = indexJson(' { "a" : [ true , null , "\\u00e9\\n\\"" , [ ] , { } ] , "b c" : { "d:\\"x" : 1 } } ')
    expect(leaves(index)).toEqual([
      'a[0] = true',
      'a[1] = null',
      'a[2] = "\\u00e9\\n\\""',
      'a[3] = [ ]',
      'a[4] = { }',
      '["b c"]["d:\\"x"] = 1',
    ])
    expect(stringOf(index.raw(4))).toBe('é\n"')
    expect(index.raw(1)).toBe('[ true , null , "\\u00e9\\n\\"" , [ ] , { } ]')
    expect([index.after(1), index.parent(4), index.place(4), index.level(4)]).toEqual([7, 1, 2, 2])
  })

  it('reads 10,000 levels', () => {
    const index = indexJson(`${'{"a":['.repeat(5_000)}7${']}'.repeat(5_000)}`)
    expect([index.count, index.level(10_000), index.raw(10_000)]).toEqual([10_001, 10_000, '7'])
    expect(pathOf(index, 10_000)).toBe('a[0]'.concat('.a[0]'.repeat(4_999)))
  })

  it('reads a string of 3 MB, one of a million escapes, and a million numbers', () => {
    for (const value of [`${'x'.repeat(3_000_000)}"\\`, '\n'.repeat(1_000_000)]) {
      const index = indexJson(JSON.stringify(value))
      expect(stringOf(index.raw(0))).toBe(value)
    }
    const many = indexJson(`[${Array.from({ length: 1_000_000 }, (_, i) => i).join()}]`)
    expect([many.count, many.raw(999_999), many.size(0)]).toEqual([1_000_001, '999998', 1_000_000])
  })

  it.each([
    '',
    ' ',
    '{',
    '[1,]',
    '{"a":1,}',
    '01',
    'tru',
    '1 2',
    '"\n"',
    '"\\x"',
    '"\\u12g4"',
    '"open',
    '{"a" 1}',
    '{1:2}',
    '[1 2]',
    '[1}',
    '[}',
    'NaN',
    '-',
    '1.',
    ']',
  ])('refuses %j', (text) => expect(() => indexJson(text)).toThrow(SyntaxError))

  it('lets others go first while it reads much', () => {
    const slices = [...indexingJson(`[${'1,'.repeat(50_000)}1]`)]
    expect(slices.length).toBeGreaterThan(20)
  })
})
