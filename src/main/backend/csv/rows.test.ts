import { parse } from 'csv-parse/sync'
import { describe, expect, it } from 'vitest'
import { createRowReader, csvParseOptions, splitLine } from './rows.ts'

describe('splitLine', () => {
  it.each([
    ['a,b', ['a', 'b']],
    ['', ['']],
    ['"a",b', ['a', 'b']],
    ['"a","",""', ['a', '', '']],
    ['a,"b', null],
    ['"a,b",c', null],
    ['"a""b",c', null],
    ['5" pipe,1', null],
    ['"a" ,b', null],
    ['",b', null],
  ])('%s', (line, cells) => {
    expect(splitLine(line, ',')).toEqual(cells)
  })
})

describe('createRowReader reads what csv-parse reads', () => {
  it.each([
    ['plain', 'a,b\n1,2\n\n3,4'],
    ['CRLF', 'a,b\r\n1,2\r\n\r\n3,4\r\n'],
    ['quotes that need no parser', '"a",b\n1,"2"\n"",4\n'],
    ['a parser from the second line on', 'a,b\n"1,1",2\n3,"4\n5"\n6,7'],
    ['quotes inside of cells', 'a,b\n5" pipe,2\n"x" y,3\n6,7\n'],
    ['ragged', 'a,b\n1\n1,2,3\n"x\ny"\n4,5\n'],
    ['doubled quotes', 'a,b\n"""",2\n"x""y","""z"""\n'],
  ])('%s', async (_, text) => {
    const expected = parse(text, csvParseOptions(',', 'lf'))
    for (const size of [1, 2, 5, text.length]) {
      const rows: string[][] = []
      const reader = createRowReader({ delimiter: ',', newline: 'lf', onRow: (cells) => rows.push(cells) })
      for (let at = 0; at < text.length; at += size) await reader.write(Buffer.from(text.slice(at, at + size)))
      await reader.end()
      expect(rows).toEqual(expected)
    }
  })

  it('names the line on which each row starts', async () => {
    const lines: number[] = []
    const reader = createRowReader({ delimiter: ',', newline: 'lf', onRow: (_, line) => lines.push(line) })
    await reader.write(Buffer.from('a,b\r\n1,2\r\n\r\n"x\r\ny, ""z""",2\r\n\r\n\r\n3,4\r\n"p\nq",1\r\n9,9'))
    await reader.end()
    expect(lines).toEqual([1, 2, 4, 8, 9, 11])
  })
})
