import { describe, expect, it } from 'vitest'
import { diffJson } from './diffJson.ts'

const told = (left: string | null, right: string | null, reveal = false) =>
  diffJson(left, right, { reveal }).entries.map(({ path, kind, left: a, right: b }) => `${kind} ${path}: ${a} ${b}`)

describe('diffJson', () => {
  it('tells what differs first, then what is the same', () => {
    expect(told('{"a":1,"b":{"c":"x","d":true}}', '{"b":{"d":true,"c":"y"},"a":1,"e":[]}')).toEqual([
      'changed b.c: "x" "y"',
      'added e: null []',
      'same a: 1 1',
      'same b.d: true true',
    ])
  })

  it('knows list items by their name, wherever they stand, else by their place', () => {
    expect(told('[{"name":"sex","n":1},{"name":"len","n":2}]', '[{"name":"len","n":3},{"name":"sex","n":1}]')).toEqual([
      'changed [len].n: 2 3',
      'same [sex].name: "sex" "sex"',
      'same [sex].n: 1 1',
      'same [len].name: "len" "len"',
    ])
    expect(told('[1,2]', '[2,2,3]')).toEqual(['changed [0]: 1 2', 'added [2]: null 3', 'same [1]: 2 2'])
  })

  it('is exact to the digit, and says by how much and whether that is better', () => {
    const { entries } = diffJson(
      '{"id":9007199254740993,"mae":2,"zero":0,"f":1.0}',
      '{"id":9007199254740995,"mae":1.5,"zero":4,"f":1}',
      {
        reveal: false,
        higherIsBetter: (path) => (path === 'mae' ? false : null),
      },
    )
    expect(entries.map(({ path, kind, change }) => [path, kind, change])).toEqual([
      ['id', 'changed', { by: '2', share: 2 / 9007199254740992, better: null }],
      ['mae', 'changed', { by: '-0.5', share: -0.25, better: true }],
      ['zero', 'changed', { by: '4', share: null, better: null }],
      ['f', 'same', null],
    ])
  })

  it.each([
    ['1e400', '1e500', 'changed', null],
    ['1e-400', '0', 'changed', null],
    ['1e9999999999999999999', '2', 'changed', null],
    ['1.000000000000000000000', '1', 'same', null],
    ['1E+2', '100.0', 'same', null],
    ['-0', '0', 'same', null],
    ['0.1', '0.3', 'changed', '0.2'],
    ['0.1234567890123456789012345', '0.1234567890123456789012346', 'changed', '0.0000000000000000000000001'],
    ['2e3', '-1', 'changed', '-2001'],
  ])('%s and %s: %s, by %s', (left, right, kind, by) => {
    expect(diffJson(left, right, { reveal: false }).entries).toMatchObject([{ kind, change: by === null ? null : { by } }])
  })

  it('cuts paths that are longer than anybody reads, in the middle', () => {
    const key = 'k'.repeat(1_000_000)
    const { entries } = diffJson(`{"${key}":[1,2]}`, `{"${key}":[1,3]}`, { reveal: false })
    expect(entries[0]?.path).toMatch(/^k+…k+\[1\]$/)
    expect(entries[0]?.path.length).toBeLessThan(400)
  })

  it('says whether a secret differs, and what it is only when asked', () => {
    const [left, right] = ['{"api_token":{"v":"one"},"x":1}', '{"api_token":{"v":"two"},"proprietary_config":{"y":[7]},"x":1}']
    expect(told(left, right)).toEqual([
      'changed api_token.v: null null',
      'added proprietary_config.y[0]: null null',
      'same x: 1 1',
    ])
    expect(told(left, right, true)[0]).toBe('changed api_token.v: "one" "two"')
  })

  it('keeps apart names that stand there twice, and values of unlike kinds', () => {
    expect(told('{"a":1,"a":2}', '{"a":1,"a":3}')).toEqual(['changed ["a (2)"]: 2 3', 'same a: 1 1'])
    expect(told('{"a":1,"a":2,"a (2)":3}', '{"a":1,"a":5,"a (2)":3}')).toEqual([
      'changed ["a (3)"]: 2 5',
      'same a: 1 1',
      'same ["a (2)"]: 3 3',
    ])
    expect(told('{"a":{"b":1}}', '{"a":"text"}')).toEqual(['removed a.b: 1 null', 'added a: null "text"'])
    expect(told(null, '{"a":1}')).toEqual(['added a: null 1'])
    expect(told('null', null)).toEqual(['removed : null null'])
  })

  it('counts what is too much to be told, and is broken by no depth', () => {
    const list = (from: number) => `[${Array.from({ length: 20_000 }, (_, i) => i + from)}]`
    const many = diffJson(list(0), list(1), { reveal: false })
    expect([many.entries.length, many.differing, many.same]).toEqual([500, 20_000, 0])
    const deep = (leaf: number) => `${'['.repeat(10_000)}${leaf}${']'.repeat(10_000)}`
    expect(diffJson(deep(1), deep(2), { reveal: false }).differing).toBe(1)
  })
})
