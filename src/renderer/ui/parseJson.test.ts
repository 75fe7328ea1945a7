import { describe, expect, it } from 'vitest'
import { parseJson, printJson } from './parseJson.ts'

describe('parseJson', () => {
  it.each(['9007199254740993', '-0.10', '1e400', '0.1000000000000000055511151231257827', '123456789012345678901234567890'])(
    'keeps the number %s to the digit',
    (raw) => expect(parseJson(raw)).toEqual({ kind: 'number', raw }),
  )

  it('keeps the order of keys, and keys that stand there twice', () => {
    const node = parseJson('{"b":1,"10":2,"2":3,"b":4,"__proto__":5}')
    expect(node.kind === 'object' && node.entries.map((e) => e.key)).toEqual(['b', '10', '2', 'b', '__proto__'])
  })

  it('reads escapes, nesting and white space', () => {
    expect(parseJson(' { "a" : [ true , null , "\\u00e9\\n\\"" , [ ] , { } ] } ')).toEqual({
      kind: 'object',
      entries: [
        {
          key: 'a',
          value: {
            kind: 'array',
            items: [
              { kind: 'literal', raw: 'true' },
              { kind: 'literal', raw: 'null' },
              { kind: 'string', value: 'é\n"' },
              { kind: 'array', items: [] },
              { kind: 'object', entries: [] },
            ],
          },
        },
      ],
    })
  })

  it('reads a long string', () => {
    const text = JSON.stringify(`${'x'.repeat(3_000_000)}"\\`)
    expect(parseJson(text)).toEqual({ kind: 'string', value: JSON.parse(text) })
  })

  it.each(['', '{', '[1,]', '{"a":1,}', '01', 'tru', '1 2', '"\n"', '{"a" 1}', '{1:2}', '[1 2]', 'NaN'])('refuses %j', (text) =>
    expect(() => parseJson(text)).toThrow(SyntaxError),
  )

  it('prints what it read', () => {
    expect(printJson(parseJson('{"id":9007199254740993,"list":[1.50,{}],"s":"a\\"b"}'))).toBe(
      '{\n  "id": 9007199254740993,\n  "list": [\n    1.50,\n    {}\n  ],\n  "s": "a\\"b"\n}',
    )
  })
})
