/** Through the real thread and the real DuckDB. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { defaultPipelines, type Pipeline } from '../../../contract/pipelines.ts'
import { CsvProblem } from '../../../temporal/activities/deps.ts'
import { findAppRoot, sourcePaths } from '../../paths.ts'
import { createDataChecks } from './createDataChecks.ts'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-profile-'))
const data = createDataChecks({
  folder: join(folder, 'work'),
  threadFile: sourcePaths(findAppRoot(import.meta.dirname)).threads.csv,
})
afterAll(async () => {
  await data.close()
  rmSync(folder, { recursive: true })
})
// The demo trainer needs no column to learn from, so that each test may look at one thing.
const demonstration = defaultPipelines[0] as Pipeline

let files = 0
const profile = async (content: Buffer | string, over: Partial<Pipeline> = {}) => {
  const runId = `run-${++files}`
  const path = join(folder, `${runId}.csv`)
  writeFileSync(path, content)
  const options = { signal: new AbortController().signal, onProgress: () => {} }
  return data.profile({ path, fileName: 'f.csv', runId }, { ...demonstration, ...over }, options)
}
const read = async (content: Buffer | string, over: Partial<Pipeline> = {}) => {
  const { profile: found, plan, notes } = await profile(content, over)
  return {
    ...{ rows: found.rows, target: plan.names[plan.target], has_header: found.hasHeader, delimiter: found.delimiter },
    ...{
      encoding: found.encoding,
      skipped_rows: found.quarantined.count,
      notes: notes.filter((note) => !/^Task: | was left out: /.test(note)),
    },
    columns: found.columns.map(({ name, type }) => ({ name, type })),
  }
}
const bytes = (text: string) => Buffer.from(text)
const utf16 = (text: string, order: 'le' | 'be') => {
  const body = Buffer.from(`\ufeff${text}`, 'utf16le')
  return order === 'le' ? body : body.swap16()
}
const rows = (count: number, row: (i: number) => string) => Array.from({ length: count }, (_, i) => row(i)).join('\n')
const problem = async (content: Buffer | string, over: Partial<Pipeline> = {}): Promise<CsvProblem> => {
  const error = await read(content, over).catch((e: unknown) => e)
  expect(error).toBeInstanceOf(CsvProblem)
  return error as CsvProblem
}
const plain = `a,b\n${rows(30, (i) => `${i},${i % 7}`)}\n`

describe('what is read', () => {
  it('tells rows, columns, types and the target', async () => {
    expect(await read(`id,name,gap,y\n${rows(25, (i) => `${i},n${i},NA,${i % 3}`)}\n`)).toEqual({
      rows: 25,
      columns: [
        { name: 'id', type: 'number' },
        { name: 'name', type: 'text' },
        { name: 'gap', type: 'empty' },
        { name: 'y', type: 'number' },
      ],
      target: 'y',
      has_header: true,
      delimiter: ',',
      encoding: 'utf-8',
      skipped_rows: 0,
      notes: [],
    })
  })

  it.each([
    ['comma', ','],
    ['semicolon', ';'],
    ['tab', '\t'],
    ['bar', '|'],
  ])('separated by %s', async (_, delimiter) => {
    const table = [['x', 'y', 'z'].join(delimiter), rows(30, (i) => [i, i * 2, `t${i}`].join(delimiter))].join('\n')
    expect(await read(table)).toMatchObject({ delimiter, rows: 30, columns: [{ name: 'x' }, { name: 'y' }, { name: 'z' }] })
  })

  it.each([
    ['decimal commas between semicolons', `x;y\n${rows(30, (i) => `1,${i};2,${i}`)}`, ';', 2],
    ['decimal commas without a header', rows(30, (i) => `1,${i};2,${i};3,${i}`), ';', 3],
    ['text with commas between tabs', `x\ty\n${rows(30, (i) => `Hello, you, ${i}\t${i}`)}`, '\t', 2],
    ['quoted text with semicolons', `x,y\n${rows(30, (i) => `"a;b;c",${i}`)}`, ',', 2],
    ['bars inside of commas', `x,y\n${rows(30, (i) => `a|b,${i}`)}`, ',', 2],
  ])('the right delimiter: %s', async (_, table, delimiter, width) => {
    const facts = await read(table)
    expect(facts.delimiter).toBe(delimiter)
    expect(facts.columns).toHaveLength(width)
  })

  it('reads decimal commas as numbers and says so', async () => {
    const facts = await read(`x;y\n${rows(30, (i) => `1,${i};2,${i}`)}`)
    expect(facts.columns.map((c) => c.type)).toEqual(['number', 'number'])
    expect(facts.notes).toContain('Numbers are written with a decimal comma.')
  })

  it.each([
    ['LF', plain],
    ['CRLF', plain.replaceAll('\n', '\r\n')],
    ['CR', plain.replaceAll('\n', '\r')],
    ['no line end at the end', plain.trimEnd()],
    ['empty lines between and after', `${plain.replaceAll('\n', '\n\n')}\n\n   \n`],
    ['empty CRLF lines', plain.replaceAll('\n', '\r\n\r\n')],
    ['quoted, CRLF', plain.replaceAll('\n', '\r\n').replaceAll(/(\d+),/g, '"$1",')],
    ['quotes in quotes, CRLF', plain.replaceAll('\n', '\r\n').replaceAll(/,(\d+)/g, ',"$1 "')],
  ])('line ends: %s', async (_, table) => {
    const facts = await read(table)
    expect(facts).toMatchObject({ rows: 30, skipped_rows: 0, target: 'b' })
    expect(facts.columns).toEqual([
      { name: 'a', type: 'number' },
      { name: 'b', type: 'number' },
    ])
  })

  it('keeps line ends, delimiters and quotes inside of quotes together', async () => {
    const facts = await read(`text,y\n${rows(40, (i) => `"line ${i}\nmore, and ""more""\r\nend",${i}`)}`)
    expect(facts).toMatchObject({ rows: 40, skipped_rows: 0, columns: [{ type: 'text' }, { type: 'number' }] })
  })

  it('finds rows that only begin beyond the first read', async () => {
    const facts = await read(`x,y\n${rows(60_000, (i) => `${i},"${i % 5}"`)}`)
    expect(facts).toMatchObject({ rows: 60_000, has_header: true })
  })
})

describe('encoding', () => {
  const table = `größe,名前,🐟\n${rows(30, (i) => `ä${i},${i},${i}`)}`
  it.each([
    ['utf-8', bytes(table), []],
    ['utf-8', bytes(`\ufeff${table}`), ['The file starts with a byte order mark; it was left out.']],
    ['utf-16le', utf16(table, 'le'), ['The file is UTF-16LE; it was converted while reading.']],
    ['utf-16be', utf16(table, 'be'), ['The file is UTF-16BE; it was converted while reading.']],
  ] as const)('%s', async (encoding, content, notes) => {
    const facts = await read(content)
    expect(facts).toMatchObject({ encoding, notes, rows: 30 })
    expect(facts.columns.map((c) => c.name)).toEqual(['größe', '名前', '🐟'])
  })

  it('falls back to Windows-1252 and says so, also when the only accent stands at the end', async () => {
    const late = Buffer.concat([
      bytes(`größe,y\n`).subarray(0, 0),
      Buffer.from(`gr\xf6\xdfe,y\n${rows(30, (i) => `${i},${i}`)}`, 'latin1'),
    ])
    const facts = await read(late)
    expect(facts).toMatchObject({ encoding: 'windows-1252', columns: [{ name: 'größe' }, { name: 'y' }] })
    expect(facts.notes[0]).toMatch(/not valid UTF-8/)
    const atEnd = await read(Buffer.from(`price,y\n${rows(30, (i) => `${i},${i}`)}\n1,5 \x80`, 'latin1'))
    expect(atEnd.encoding).toBe('windows-1252')
  })
})

describe('header', () => {
  it.each([
    ['names above numbers', `a,b\n${rows(30, (i) => `${i},${i}`)}`, true],
    ['numbers in the first row', rows(30, (i) => `${i},${i}`), false],
    ['one number in the first row', `a,1\n${rows(30, (i) => `b,${i}`)}`, false],
    ['names above text', `first,second\n${rows(30, (i) => `x${i},${i % 2 ? 'yes' : 'no'}`)}`, true],
    ['text whose first row comes again', `x0,no\n${rows(30, (i) => `x${i},${i % 2 ? 'yes' : 'no'}`)}`, false],
    ['an unnamed first column', `,a\n${rows(30, (i) => `${i},${i}`)}`, true],
  ])('%s', async (_, table, hasHeader) => {
    expect((await read(table)).has_header).toBe(hasHeader)
  })

  it('names columns by number where there is none', async () => {
    const facts = await read(rows(30, (i) => `${i},x,${i}`))
    expect(facts.columns.map((c) => c.name)).toEqual(['column0', 'column1', 'column2'])
    expect(facts).toMatchObject({ target: 'column2', rows: 30 })
    expect(facts.notes).toEqual(['There is no header line; the columns are named column0 to column2.'])
  })

  it('knows the Abalone table', async () => {
    const facts = await read(rows(30, (i) => `${'MFI'[i % 3]},0.4${i},0.3,0.09,0.5,0.2,0.1,0.15,${5 + (i % 9)}`))
    expect(facts.columns.map((c) => c.name).join()).toBe(
      'sex,length,diameter,height,whole_weight,shucked_weight,viscera_weight,shell_weight,rings',
    )
    expect(facts).toMatchObject({ target: 'rings', has_header: false, rows: 30 })
  })

  it('leaves nine other columns alone', async () => {
    const facts = await read(rows(30, (i) => `X,0.4${i},0.3,0.09,0.5,0.2,0.1,0.15,${i}`))
    expect(facts.target).toBe('column8')
  })

  it('makes empty and repeated names unique and says so', async () => {
    const facts = await read(`a,,a,a_2, a ,\n${rows(30, (i) => `${i},${i},${i},${i},${i},${i}`)}`)
    expect(facts.columns.map((c) => c.name)).toEqual(['a', 'column1', 'a_3', 'a_2', 'a_4', 'column5'])
    expect(facts.notes).toEqual([
      'The header leaves 2 columns without a name; named column1, column5.',
      'The header repeats column names; renamed a → a_3, a → a_4.',
    ])
  })

  it('takes 255 columns', async () => {
    const names = Array.from({ length: 255 }, (_, c) => `c${c}`)
    const facts = await read(`${names.join()}\n${rows(30, (i) => names.map((_, c) => i * c).join())}`)
    expect(facts.columns).toHaveLength(255)
    expect(facts.target).toBe('c254')
  })

  it('skips a title above the header as a ragged row', async () => {
    const facts = await read(`Report of May\na,b\n${rows(30, (i) => `${i},${i}`)}`)
    expect(facts).toMatchObject({ has_header: true, target: 'b', rows: 30, skipped_rows: 1 })
  })
})

describe('ragged rows', () => {
  it('are skipped, counted and named by line', async () => {
    const lines = ['a,b', ...Array.from({ length: 100 }, (_, i) => `${i},${i}`)]
    lines.splice(10, 0, '1,2,3')
    lines.splice(20, 0, '1')
    const facts = await read(lines.join('\n'))
    expect(facts).toMatchObject({ rows: 100, skipped_rows: 2 })
    expect(facts.notes).toEqual([
      '2 malformed rows were set aside (lines 11, 21); the quarantine file has every one with its reason.',
    ])
  })

  it('what stands in a row of too few cells tells nothing about the columns that it happens to stand in', async () => {
    const lines = rows(400, (i) => (i % 100 === 7 ? 'broken,row' : `${i},${i % 50},${i % 7}`))
    const { profile: found } = await profile(bytes(`name,age,y\n${lines}\n`))
    expect(found).toMatchObject({ rows: 396, quarantined: { count: 4 } })
    expect(found.columns.find(({ name }) => name === 'age')).toMatchObject({ type: 'number', missing: 0 })
    expect(found.notes.join(' ')).not.toContain('"row"')
  })

  it('are named by their own line also below quoted line ends and empty lines', async () => {
    const lines = [
      'a,b',
      '',
      '"x\r\ny","1"',
      '"x,\n\nz",2',
      '',
      '1,2,3',
      ...Array.from({ length: 100 }, (_, i) => `t${i},${i}`),
      '7',
    ]
    const text = lines.join('\r\n')
    const lineOf = (needle: string) => text.slice(0, text.indexOf(needle)).split(/\n/).length
    const facts = await read(text)
    expect(facts).toMatchObject({ rows: 102, skipped_rows: 2 })
    expect(facts.notes[0]).toContain(`(lines ${lineOf('1,2,3')}, ${text.split('\n').length})`)
  })

  it('make another kind of file when there are many', async () => {
    const error = await problem(`a,b\n${rows(40, (i) => (i % 10 === 9 ? `${i}` : `${i},${i}`))}`)
    expect(error.code).toBe('tooManyBadRows')
    expect(error.message).toContain('4 of 40 rows (10 %, and 5 % are allowed); the first is line 11: 1 cell where 2 are expected')
  })
})

describe('files that cannot be used', () => {
  it.each([
    ['empty', '', 'tooFewRows', ' 0 data rows, and 25 are needed'],
    ['a byte order mark alone', '\ufeff', 'tooFewRows', ' 0 data rows, and 25 are needed'],
    ['white space only', ' \n\t\r\n  \n', 'tooFewRows', ' 0 data rows, and 25 are needed'],
    ['header only', 'a,b\n', 'tooFewRows', ' 0 data rows, and 25 are needed'],
    ['24 rows', `a,b\n${rows(24, (i) => `${i},${i}`)}`, 'tooFewRows', ' 24 data rows, and 25 are needed'],
    ['24 rows without a header', rows(24, (i) => `${i},${i}`), 'tooFewRows', ' 24 data rows, and 25 are needed'],
    ['one column', `a\n${rows(30, (i) => `${i}`)}`, 'noUsableTarget', 'one column only (a)'],
    ['target without values', `a,b\n${rows(30, (i) => `${i},`)}`, 'noUsableTarget', 'the last column (b) holds no values'],
    [
      'target of one value',
      `a,b\n${rows(30, (i) => `${i},7`)}`,
      'noUsableTarget',
      'the last column (b) holds one value only (7)',
    ],
    ['target of one number', `a,b\n${rows(30, (i) => `${i},${i % 2 ? '7' : '7.0'}`)}`, 'noUsableTarget', 'one value only'],
    ['unclosed quote', `a,b\n${rows(30, (i) => (i === 20 ? `"${i},${i}` : `${i},${i}`))}`, 'notACsv', 'starts at line 22'],
    ['zero bytes', `a,b\n${rows(30, (i) => `${i},\0`)}`, 'notACsv', 'zero byte'],
    [
      'prose',
      Array.from({ length: 40 }, (_, i) => (i % 3 ? 'Words without a table.' : 'One, two, three.')).join('\n'),
      'notACsv',
      'do not divide into columns',
    ],
    ['HTML', `<!DOCTYPE html>\n${rows(30, (i) => `<p>${i}</p>`)}`, 'notACsv', 'HTML'],
  ])('%s', async (_, content, code, words) => {
    const error = await problem(content)
    expect(error.code).toBe(code)
    expect(error.message).toContain(words)
    expect(error.message).toContain('f.csv')
    expect(error.message).toContain('The file stays in the dataset store.')
    expect(error.message).toMatch(/drop the file again\.$/)
  })

  it.each([
    ['xlsx', Buffer.concat([Buffer.from('PK\x03\x04\x14\0'), Buffer.alloc(5000, 7)]), 'Excel workbook'],
    ['png', Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1'), 'PNG image'],
    ['noise', Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251 || 1)), 'control characters'],
    ['UTF-16 without a mark', utf16(plain, 'le').subarray(2), 'UTF-16 text without a byte order mark'],
  ])('binary content: %s', async (_, content, words) => {
    const error = await problem(content)
    expect(error.code).toBe('notACsv')
    expect(error.message).toContain(words)
  })

  it('names the byte of a zero far below', async () => {
    const start = plain + 'x,y\n'.repeat(400_000)
    expect((await problem(`${start}\0,1\n`)).message).toContain(`at byte ${start.length}`)
  })

  it('sets a last row aside whose quote is never closed', async () => {
    const facts = await profile(`a,b\n${rows(30, (i) => (i === 29 ? `"${i},${i}` : `"x\n${i}",${i}`))}`)
    expect(facts.profile).toMatchObject({ rows: 29, quarantined: { count: 1, examples: [{ line: 60 }] } })
  })

  it('gives up on a row without end instead of keeping it', async () => {
    const error = await problem(`a,b\n"${'x'.repeat(5_000_000)}`)
    expect(error.message).toMatch(/line 2.*never closed/)
  })

  it('accepts 25 rows', async () => {
    expect(await read(`a,b\n${rows(25, (i) => `${i},${i}`)}`)).toMatchObject({ rows: 25 })
    expect(await read(rows(25, (i) => `${i},${i}`))).toMatchObject({ rows: 25 })
  })
})

describe('any table that is written reads back with its rows and columns', () => {
  /** A small linear congruential generator (Numerical Recipes), so that a failing case can be run again. */
  const random = (seed: number) => {
    let state = seed
    return (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
  }
  const alphabet = ['a', 'é', '🐟', ' ', '"', ',', ';', '\t', '|', '\n', '\r\n', '\r', '1', '.', "'", '名']

  it.each(Array.from({ length: 60 }, (_, i) => i + 1))('table %i', async (seed) => {
    const pick = random(seed)
    const delimiter = [',', ';', '\t', '|'][pick(4)] as string
    const lineEnd = ['\n', '\r\n'][pick(2)] as string
    const width = 2 + pick(6)
    const height = 25 + pick(60)
    const write = (cell: string, mayQuote: boolean) =>
      /["\r\n,;\t|]/.test(cell) || (mayQuote && pick(3) === 0) ? `"${cell.replaceAll('"', '""')}"` : cell
    const special = pick(3) > 0
    const cell = (row: number) => {
      if (!special || pick(2) === 0) return `${row}.${pick(1000)}`
      return `t${Array.from({ length: pick(8) }, () => alphabet[pick(alphabet.length)]).join('')}`
    }
    const names = Array.from({ length: width }, (_, c) => `name ${c}`)
    const body = Array.from({ length: height }, (_, r) => [...Array.from({ length: width - 1 }, () => cell(r)), `${r}`])
    const text = [names, ...body].map((row) => row.map((c) => write(c, true)).join(delimiter)).join(lineEnd)
    const facts = await read(text + (pick(2) ? lineEnd : ''))
    expect({ ...facts, names: facts.columns.map((c) => c.name) }).toMatchObject({
      rows: height,
      names,
      delimiter,
      skipped_rows: 0,
    })
  })
})

describe('cells that do not fit their column', () => {
  const quarantineOf = async (content: Buffer | string) => {
    const { profile: found, quarantine } = await profile(content)
    return { found, file: quarantine === null ? '' : readFileSync(quarantine, 'utf8') }
  }

  it.each([
    ['a date', 'day', (i: number) => `2024-03-${String(1 + (i % 28)).padStart(2, '0')}`, 'soon', 'is not a date'],
    ['a decimal comma', 'weight', (i: number) => `${i},5`, '3.5.1', 'is not a number'],
    ['thousands', 'price', (i: number) => `${1 + i}.${String(100 + i).slice(0, 3)},25`, 'about ten', 'is not a number'],
    ['a plain number', 'size', (i: number) => `${i}.25`, 'big', 'is not a number'],
  ])('set their row aside with line, column and reason: %s', async (_, name, fits, bad, why) => {
    // A quoted line end and an empty line before it, so that lines and rows are not the same.
    const body = Array.from(
      { length: 60 },
      (__, i) => `${i === 3 ? '"two\r\nlines"' : `n${i}`};${i === 40 ? bad : fits(i)};${i % 7}`,
    )
    const lines = [`note;${name};y`, ...body.slice(0, 10), '', ...body.slice(10)]
    const { found, file } = await quarantineOf(`${lines.join('\r\n')}\r\n`)
    expect(found).toMatchObject({ rows: 59, quarantined: { count: 1, examples: [{ line: 44 }] } })
    expect(found.quarantined.examples[0]?.reason).toBe(`column ${name}: ${JSON.stringify(bad)} ${why}`)
    expect(file).toContain(`"f.csv","44","column ${name}: ""${bad}"" ${why}"`)
    expect(found.columns.find((column) => column.name === name)?.missing).toBe(0)
  })

  it('are told apart from missing ones, and several in one row are one row', async () => {
    const body = rows(100, (i) => {
      if (i === 10) return `sometime;x;${i % 7}`
      return `${i === 20 ? 'NA' : `2024-03-0${1 + (i % 9)}`};${i === 30 ? '' : `${i},5`};${i % 7}`
    })
    const { found, file } = await quarantineOf(`day;weight;y\n${body}\n`)
    expect(found).toMatchObject({ rows: 99, quarantined: { count: 1, examples: [{ line: 12 }] } })
    expect(found.columns.map(({ missing }) => missing)).toEqual([1, 1, 0])
    expect(file.trim().split('\n')).toHaveLength(2)
  })

  it('beside rejected rows are listed in the order of the file', async () => {
    const body = rows(100, (i) =>
      i === 5 ? 'soon;1' : i === 3 ? '1;2;3' : i === 9 ? '2024-01-01;x;1' : `2024-03-0${1 + (i % 9)};${i % 7}`,
    )
    const { found } = await quarantineOf(`day;y\n${body}\n`)
    expect(found.quarantined.examples.map(({ line }) => line)).toEqual([5, 7, 11])
  })
})
