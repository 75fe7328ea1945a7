import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { locateRows } from './locateRows.ts'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-rows-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'f.csv')
const { signal } = new AbortController()
const lf = { delimiter: ',', newline: 'lf', skip: 0, hasHeader: true } as const

test('quoted line ends, empty lines, a title and a header are counted as lines and not as rows', async () => {
  writeFileSync(path, 'Sales\r\n\r\na,b\r\n1,x\r\n\r\n2,"two\r\nlines, ""quoted"""\r\n \r\n3,5" pipe\r\n4,last')
  const found = await locateRows(path, { ...lf, skip: 2 }, { wanted: [0, 1, 2, 3], rejected: [], rows: 4, signal })
  expect(found).toEqual([
    { line: 4, text: '1,x' },
    { line: 6, text: '2,"two\r\nlines, ""quoted"""' },
    { line: 9, text: '3,5" pipe' },
    { line: 10, text: '4,last' },
  ])
})

test('rejected rows are passed over, also one with a quote that nothing closes', async () => {
  const text = 'a,b\n1,2,3\n1,x\n"2,y\n3,z\n'
  writeFileSync(path, text)
  const rejected = [
    { offset: text.indexOf('1,2,3'), openQuote: false },
    { offset: text.indexOf('"2'), openQuote: true },
  ]
  const found = await locateRows(path, lf, { wanted: [1], rejected, rows: 2, signal })
  expect(found).toEqual([{ line: 5, text: '3,z' }])
})

test('lines of files that end them by a carriage return alone', async () => {
  writeFileSync(path, 'a;b\r1;x\r2;y')
  const found = await locateRows(path, { ...lf, delimiter: ';', newline: 'cr' }, { wanted: [1], rejected: [], rows: 2, signal })
  expect(found).toEqual([{ line: 3, text: '2;y' }])
})

test('a count that differs from DuckDB’s guesses no line', async () => {
  writeFileSync(path, 'a,b\n1,x\n2,y\n')
  expect(await locateRows(path, lf, { wanted: [1], rejected: [], rows: 3, signal })).toBeNull()
})

test('whatever the cells hold, each row is found where DuckDB has it', async () => {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const db = await instance.connect()
  const cell = fc.string({ unit: fc.constantFrom('a', '7', ',', '"', '\n', ' ', 'é'), maxLength: 6 })
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 20 }), async (rows) => {
      const text = `a,b\n${rows.map(([a, b], i) => `${i},${quoted(`${a}${b}`)}`).join('\n')}\n`
      writeFileSync(path, text)
      const read = await db.runAndReadAll(
        `SELECT c0 FROM read_csv('${path}', auto_detect = false, delim = ',', quote = '"', escape = '"', header = true, columns = {'c0': 'VARCHAR', 'c1': 'VARCHAR'})`,
      )
      const ids = read.getRowsJS().map(([id]) => id as string)
      const found = await locateRows(path, lf, { wanted: ids.map((_, i) => i), rejected: [], rows: ids.length, signal })
      const lines = text.split('\n')
      expect(found?.map(({ text: row, line }) => [row.split(',')[0], lines[line - 1]?.split(',')[0]])).toEqual(
        ids.map((id) => [id, id]),
      )
    }),
    { numRuns: 60 },
  )
  db.closeSync()
  instance.closeSync()
})
