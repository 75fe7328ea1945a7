/** Tables as people have them, through the real thread, the real DuckDB and the real trees. */

import { once } from 'node:events'
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { defaultPipelines, type Pipeline } from '../../../contract/pipelines.ts'
import { testPart, trainingPart, validationPart } from '../../../training/table.ts'
import { readTableFile } from '../../../training/tableFile.ts'
import { findAppRoot, sourcePaths } from '../../paths.ts'
import { createBoostingTrainer } from '../training/createBoostingTrainer.ts'
import { createDataChecks } from './createDataChecks.ts'

const { threads } = sourcePaths(findAppRoot(import.meta.dirname))
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bad-input-'))
const data = createDataChecks({ folder: join(folder, 'work'), threadFile: threads.csv })
const trainer = createBoostingTrainer({ threadFile: threads.training })
afterAll(async () => {
  await data.close()
  rmSync(folder, { recursive: true })
})

const standard = defaultPipelines.at(-1) as Pipeline
const options = { signal: new AbortController().signal, onProgress: () => {} }
let files = 0
const fileOf = (content: string) => {
  const runId = `run-${++files}`
  const path = join(folder, `${runId}.csv`)
  writeFileSync(path, content)
  return { path, fileName: 'f.csv', runId }
}
const profile = async (content: string, over: Partial<Pipeline> = {}) => {
  const file = fileOf(content)
  return { file, ...(await data.profile(file, { ...standard, ...over }, options)) }
}
const rolesOf = ({ profile: { columns } }: Awaited<ReturnType<typeof profile>>) =>
  Object.fromEntries(columns.map(({ name, role }) => [name, role]))
/** From the file to the report. */
async function train(content: string, over: Partial<Pipeline> = {}, rounds = 30) {
  const { file, plan } = await profile(content, over)
  const { tablePath, schema, checkpoints } = await data.prepare(file, plan, options)
  const made = await trainer.train({ modelId: 'm', tablePath, schema, checkpoints, settings: { rounds }, ...options })
  const { loss, curve, bestRound, importance, settings } = made
  const trained = { modelId: 'm', trainer: 'boosting', loss, curve, bestRound, importance, settings }
  const report = await data.report(file, plan, { predictions: made.testPredictions, trained, tolerance: null }, options)
  return { file, plan, schema, report, tablePath, artifact: made.artifact }
}

/** Numbers by mulberry32, a public-domain generator. */
function randomOf(seed: number) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
const random = randomOf(7)
const rows = (count: number, row: (i: number) => (string | number)[], separator = ',') =>
  Array.from({ length: count }, (_, i) => row(i).join(separator)).join('\n')
const noise = () => random().toFixed(4)

describe('no usable target', () => {
  test.each([
    ['one class only', `a,y\n${rows(40, () => [noise(), 'yes'])}`, {}, 'NoUsableTarget', 'holds one value only (yes)'],
    ['all missing', `a,y\n${rows(40, () => [noise(), 'NA'])}`, {}, 'NoUsableTarget', 'holds no values'],
    [
      'not there',
      `a,y\n${rows(40, () => [noise(), noise()])}`,
      { target: 'z' },
      'NoUsableTarget',
      'learns z, and there is no such column (there are a, y)',
    ],
    ['dates', `a,y\n${rows(40, (i) => [noise(), `2024-01-${1 + (i % 28)}`])}`, {}, 'NoUsableTarget', 'holds dates'],
    [
      'texts for a regression',
      `a,y\n${rows(40, (i) => [noise(), `t${i % 3}`])}`,
      { task: 'regression' },
      'NoUsableTarget',
      'asks for a regression',
    ],
    ['too many classes', `a,y\n${rows(400, (i) => [noise(), `t${i % 150}`])}`, {}, 'NoUsableTarget', '150 different texts'],
    [
      'nothing to learn from',
      `a,b,y\n${rows(40, (i) => [1, '', i % 7])}`,
      {},
      'NoUsableTarget',
      'no column is left to learn y from',
    ],
    [
      'too few rows where it is known',
      `a,y\n${rows(60, (i) => [noise(), i < 20 ? noise() : ''])}`,
      {},
      'TooFewRows',
      'where y is known there are 20',
    ],
  ] as const)('%s', async (_, content, over, code, words) => {
    const error = await profile(content, over as Partial<Pipeline>).catch((e) => e)
    expect(error).toMatchObject({ name: 'CsvProblem', code: `${code.charAt(0).toLowerCase()}${code.slice(1)}` })
    expect(error.message).toContain(words)
  })
})

describe('columns that are not used are said', () => {
  test('constant, empty, ids, row numbers, free text, ignored, the target in disguise', async () => {
    const found = await profile(
      `row,name,remark,one,none,secret,age,a,rings\n${rows(200, (i) => {
        const rings = 1 + ((i * 7) % 29)
        return [i + 1, `id${i}`, `free text ${Math.floor(i / 1.2)}`, 5, '', noise(), rings + 1.5, noise(), rings]
      })}`,
      { ignore: ['secret', 'not there'] },
    )
    expect(rolesOf(found)).toEqual({
      ...{ row: 'ignored', name: 'ignored', remark: 'ignored', one: 'constant', none: 'empty', secret: 'ignored' },
      ...{ age: 'leak', a: 'feature', rings: 'target' },
    })
    expect(found.notes).toContain('age was left out: it is the target shifted by 1.5.')
    const { schema } = await data.prepare(found.file, found.plan, options)
    expect(schema.featureNames).toEqual(['a'])
  })
})

describe('how cells are written', () => {
  test('decimal commas, thousands, dates and words for "unknown" become numbers', async () => {
    const found = await profile(
      `price;pieces;day;weight;y\n${rows(120, (i) => [`${1 + (i % 9)}.${String(100 + i)},5${i % 10}`, `${i % 40}`, `${1 + (i % 28)}.0${1 + (i % 9)}.2024`, i % 11 === 3 ? 'unknown' : `${i % 7},25`, `0,${i % 83}`], ';')}`,
    )
    expect(found.profile.columns.map(({ type }) => type)).toEqual(['number', 'number', 'date', 'number', 'number'])
    expect(found.profile.columns[0]).toMatchObject({ min: 1100.5, missing: 0 })
    expect(found.profile.columns[3]).toMatchObject({ missing: 11, max: 6.25 })
    expect(found.profile.columns[2]?.histogram?.[0]?.from).toBe('2024-01-01T00:00:00.000Z')
    expect(found.profile.quarantined.count).toBe(0)
    expect(found.notes).toEqual(
      expect.arrayContaining([
        'Numbers are written with a decimal comma.',
        'Numbers are written with thousands separators in price.',
        'Taken for missing in columns of numbers: "unknown".',
      ]),
    )
  })

  test('thousands between quotes in a table of commas', async () => {
    const found = await profile(`price,y\n${rows(60, (i) => [`"${1 + (i % 5)},${String(200 + i)}"`, noise()])}`)
    expect(found.profile.columns[0]).toMatchObject({ type: 'number', min: 1200 })
  })

  test('a cell that is no number sends its row to quarantine, with its line and the reason', async () => {
    const lines = rows(200, (i) => [i === 120 ? '12..5' : noise(), 'x,"two\nlines"', noise()]).replaceAll('x,"', '"')
    const found = await profile(`a,b,y\n${lines}`)
    expect(found.profile).toMatchObject({ rows: 199, quarantined: { count: 1 } })
    expect(found.profile.quarantined.examples).toEqual([{ line: 242, reason: 'column a: "12..5" is not a number' }])
    expect(readFileSync(found.quarantine as string, 'utf8')).toBe(
      'file,line,reason,row\n"f.csv","242","column a: ""12..5"" is not a number",' +
        JSON.stringify(readQuarantined(lines)).replaceAll('\\"', '""').replaceAll('\\n', '\n') +
        '\n',
    )
  })
  const readQuarantined = (lines: string) => /12\.\.5,"two\nlines",[\d.]+/.exec(lines)?.[0] as string

  test('more malformed rows than the pipeline allows end the run; a higher limit lets it go on', async () => {
    const content = `a,b,y\n${rows(100, (i) => (i % 10 === 4 ? [noise(), noise()] : [noise(), noise(), noise()]))}`
    await expect(profile(content)).rejects.toMatchObject({ code: 'tooManyBadRows' })
    expect((await profile(content, { quarantineLimit: 0.1 })).profile).toMatchObject({
      rows: 90,
      quarantined: { count: 10, share: 0.1 },
    })
  })
})

describe('trained on', () => {
  test('three classes, one of them rare: each is in every part, and the model knows them apart', async () => {
    const { report, schema, tablePath } = await train(
      `a,b,kind\n${rows(600, (i) => {
        const kind = i % 100 === 7 ? 2 : i % 2
        return [(kind + random() * 0.8).toFixed(3), noise(), ['oak', 'pine', 'yew'][kind] as string]
      })}`,
    )
    expect(schema).toMatchObject({ task: 'multiclass', classes: ['oak', 'pine', 'yew'] })
    const { table } = await readTableFile(tablePath)
    for (const part of [trainingPart, validationPart, testPart]) {
      expect([...table.label].filter((label, row) => label === 2 && table.part[row] === part).length).toBeGreaterThan(0)
    }
    expect(report.metrics.accuracy).toBeGreaterThan(0.9)
    expect(report.confusion?.classes).toEqual(['oak', 'pine', 'yew'])
  })

  test('10,000 categories are learned as means of the target, none of a row’s own', async () => {
    const { schema, report, tablePath } = await train(
      `town,a,y\n${rows(30_000, (i) => {
        const town = i % 10_000
        return [`t${town}`, noise(), (town % 10) + random()].map(String)
      })}`,
    )
    expect(schema.featureNames).toEqual(['town', 'a'])
    expect(schema.encoders[0]).toMatchObject({ kind: 'targetMean' })
    expect(report.metrics.r2).toBeGreaterThan(0.05)
    // What a training row's feature would be with its own target in it is known: no single row may have it.
    const { table } = await readTableFile(tablePath)
    const encoder = schema.encoders[0] as { categories: Record<string, number[]> }
    const own = new Set(Object.values(encoder.categories).map(([mean]) => Math.fround(mean as number)))
    const training = [...(table.features[0] as Float32Array)].filter((_, row) => table.part[row] === trainingPart)
    expect(training.filter((value) => own.has(value)).length / training.length).toBeLessThan(0.05)
  })

  test('many categories that say nothing pass for nothing', async () => {
    const { report } = await train(`town,y\n${rows(4000, (i) => [`t${(i * 7919) % 1500}`, noise()])}`)
    expect(report.metrics.mae as number).toBeGreaterThan((report.baseline.mae as number) * 0.95)
  })

  test('a column named like a property, and values that mean something to others', async () => {
    const { report, schema } = await train(
      `__proto__,[a<b],y\n${rows(300, (i) => [['constructor', '__proto__', "'; DROP TABLE t; --"][i % 3] as string, noise(), (i % 3) + random()])}`,
    )
    expect(schema.encoders.map(({ column }) => column)).toEqual(['__proto__', '[a<b]'])
    expect(report.metrics.r2).toBeGreaterThan(0.5)
  })

  test('a model judges the test rows of a later file just as it did its own', async () => {
    const content = `sex,length,y\n${rows(800, (i) => [['M', 'F', 'I'][i % 3] as string, noise(), (i % 3) + random()])}`
    const { file, plan, report, artifact } = await train(content)
    const path = join(folder, 'model.json')
    writeFileSync(path, artifact)
    const given = { model: { path, modelId: 'm' }, tolerance: report.tolerance as number }
    expect(await data.compare(file, plan, given, options)).toEqual({ state: 'measured', modelId: 'm', metrics: report.metrics })
    const other = await profile(`length,y\n${rows(100, () => [noise(), noise()])}`)
    expect(await data.compare(other.file, other.plan, given, options)).toMatchObject({
      state: 'nothingToCompare',
      reason: expect.stringContaining('needs the column sex'),
    })
  })
})

test('a large file sets its unfit dates aside too, and the table that is kept of it is without them', {
  timeout: 120_000,
}, async () => {
  const day = (i: number) => (i === 500_000 ? '2024-02-31' : `2024-01-${String(1 + (i % 28)).padStart(2, '0')}`)
  const found = await profile(
    `day,words,y\n${rows(600_000, (i) => [day(i), `words of some length ${i % 500}, and more`.replace(',', ''), (i % 1000) / 10])}`,
  )
  expect(found.profile).toMatchObject({ rows: 599_999, quarantined: { count: 1, examples: [{ line: 500_002 }] } })
  const { tablePath } = await data.prepare(found.file, found.plan, options)
  expect((await readTableFile(tablePath)).table.rows).toBe(599_999)
})

test('rows that repeat but for their target are learned for what they are', { timeout: 60_000 }, async () => {
  // 63 ages with two answers each: told apart by their answer, whole answers would go to one part, and the rare one be learned.
  const content = `age,note,churn\n${rows(700, (i) => {
    const age = 18 + (i % 63)
    return [age, i % 50 === 0 ? 'left' : 'ok', age < 40 !== random() < 0.1 ? 'yes' : 'no']
  })}\n`
  const { plan, report, tablePath } = await train(content)
  expect(plan.splitBy).toBe('rows')
  expect(report.metrics.accuracy).toBeGreaterThan(0.82)
  // The same rows in another order fall into the same parts.
  const [header, ...lines] = content.trim().split('\n')
  const other = await train(`${[header, ...lines.reverse()].join('\n')}\n`)
  const count = async (path: string) => {
    const { table } = await readTableFile(path)
    return [0, 1, 2].map((part) => table.part.filter((one) => one === part).length)
  }
  expect(await count(other.tablePath)).toEqual(await count(tablePath))
})

test('duplicates never stand on both sides, whatever their answer is', async () => {
  const half = Array.from({ length: 400 }, (_, i) => [i * 3 + (i % 7), noise()])
  const both = rows(800, (i) => [...(half[i % 400] as string[]), i < 400 ? i % 2 : (i + 1) % 2])
  const { file, plan } = await profile(`a,b,y\n${both}\n`)
  expect(plan.splitBy).toBe('features')
  const { tablePath } = await data.prepare(file, plan, options)
  const { table } = await readTableFile(tablePath)
  expect([...table.part.subarray(0, 400)]).toEqual([...table.part.subarray(400)])
})

test('a million rows of fifty columns are profiled and prepared', { timeout: 900_000 }, async () => {
  const path = join(folder, 'million.csv')
  const out = createWriteStream(path)
  out.write(`${Array.from({ length: 49 }, (_, c) => `x${c}`).join()},y\n`)
  const block = rows(10_000, (i) => [...Array.from({ length: 48 }, (_, c) => ((i * (c + 3)) % 997) / 10), `s${i % 7}`, noise()])
  for (let i = 0; i < 100; i++) if (!out.write(`${block}\n`)) await once(out, 'drain')
  out.end()
  await once(out, 'finish')
  const file = { path, fileName: 'million.csv', runId: 'million' }
  const before = process.memoryUsage().rss
  const { profile: found, plan } = await data.profile(file, standard, options)
  expect(found).toMatchObject({ rows: 1_000_000, duplicates: 990_000 })
  const { tablePath, schema } = await data.prepare(file, plan, options)
  expect(schema.featureNames).toHaveLength(55)
  // The table itself has 220 MB; DuckDB may take 400 MB.
  expect(process.memoryUsage().rss - before).toBeLessThan(1.5e9)
  const { table } = await readTableFile(tablePath)
  expect(table.rows).toBe(1_000_000)
  await data.forget('million')
})
