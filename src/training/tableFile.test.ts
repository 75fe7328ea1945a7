import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FeatureSchema } from './featureSchema.ts'
import type { SliceColumn, TrainingTable } from './table.ts'
import { BadTableFile, readTableFile, viewTable, writeTableFile } from './tableFile.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-table-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const schema: FeatureSchema = {
  version: 1,
  task: 'multiclass',
  target: 'kind',
  classes: ['a', 'b', 'ü'],
  encoders: [
    { kind: 'number', column: 'size', decimal: '.', thousands: '' },
    { kind: 'oneHot', column: 'sex', categories: ['M'] },
  ],
  featureNames: ['size', 'sex=M'],
}
const table: TrainingTable = {
  rows: 5,
  featureNames: schema.featureNames,
  features: [Float32Array.of(1.5, Number.NaN, -0, 3e38, 7), Float32Array.of(1, 0, 0, 1, 1)],
  label: Float32Array.of(0, 1, 2, 1, 0),
  part: Uint8Array.of(0, 0, 1, 2, 0),
}
const slices: SliceColumn[] = [{ column: 'sex', categories: ['M', 'F', ''], index: Uint32Array.of(0, 1, 2, 0, 0) }]

describe('a training table as a file', () => {
  it('comes back as it was, with and without weights', async () => {
    const path = join(folder, 'whole')
    const { sha256, bytes } = await writeTableFile(path, { table, schema, slices })
    expect(readFileSync(path)).toHaveLength(bytes)
    expect(await readTableFile(path)).toMatchObject({ table, schema, slices, sha256 })
    const weighted = { ...table, weight: Float32Array.of(1, 2, 0.5, 1, 1) }
    await writeTableFile(path, { table: weighted, schema, slices: [] })
    const again = await readTableFile(path)
    expect(again.table).toEqual(weighted)
    expect(again.sha256).not.toBe(sha256)
    expect(readdirSync(folder)).toEqual(['whole'])
  })

  it('may have no rows and no features', async () => {
    const path = join(folder, 'empty')
    const none = { ...schema, encoders: [], featureNames: [] }
    const empty = { rows: 0, featureNames: [], features: [], label: new Float32Array(), part: new Uint8Array() }
    await writeTableFile(path, { table: empty, schema: none, slices: [] })
    expect((await readTableFile(path)).table).toEqual(empty)
  })

  it('is seen by another thread without a copy', async () => {
    const path = join(folder, 'shared')
    await writeTableFile(path, { table, schema, slices })
    const { table: read, buffer } = await readTableFile(path)
    const code = `const { workerData } = require('node:worker_threads'); new Float32Array(workerData.buffer, workerData.at, 1)[0] = 42`
    const worker = new Worker(code, { eval: true, workerData: { buffer, at: read.features[0]?.byteOffset } })
    await new Promise((resolve) => worker.once('exit', resolve))
    expect(read.features[0]?.[0]).toBe(42)
    expect(viewTable(buffer).table.features[0]?.[0]).toBe(42)
  })

  it('is refused when any of its bytes was changed or is missing', async () => {
    const path = join(folder, 'changed')
    await writeTableFile(path, { table, schema, slices })
    const whole = readFileSync(path)
    for (let at = 0; at < whole.length; at += 3) {
      const changed = Buffer.from(whole)
      changed[at] = (changed[at] as number) ^ 1
      writeFileSync(path, changed)
      await expect(readTableFile(path), `byte ${at}`).rejects.toThrow(BadTableFile)
    }
    for (const length of [0, 10, 47, 48, whole.length - 1]) {
      writeFileSync(path, whole.subarray(0, length))
      await expect(readTableFile(path), `${length} bytes`).rejects.toThrow(BadTableFile)
    }
  })

  it.each<[string, Partial<TrainingTable>]>([
    ['the target of row 1 is NaN', { label: Float32Array.of(0, Number.NaN, 2, 1, 0) }],
    ['the target of row 2 is 3', { label: Float32Array.of(0, 1, 3, 1, 0) }],
    ['a row belongs to no known part', { part: Uint8Array.of(0, 0, 1, 3, 0) }],
    ['a feature has not one value per row', { features: [new Float32Array(5), new Float32Array(4)] }],
    ['two features have the same name', { featureNames: ['size', 'size'] }],
    ['its features are not those of its schema', { featureNames: ['size', 'sex'] }],
    ['a weight is missing or not above 0', { weight: new Float32Array(5) }],
  ])('is not written when %s', async (problem, change) => {
    const path = join(folder, 'never')
    await expect(writeTableFile(path, { table: { ...table, ...change }, schema, slices })).rejects.toThrow(problem)
    expect(readdirSync(folder)).not.toContain('never')
  })
})
