import { once } from 'node:events'
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CsvProblem } from '../../../temporal/activities/deps.ts'
import { findAppRoot, sourcePaths } from '../../paths.ts'
import { createCsvReader } from './createCsvReader.ts'

const threadFile = sourcePaths(findAppRoot(import.meta.dirname)).threads.csv
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-csv-'))
const reader = createCsvReader(threadFile)
const never = () => new AbortController().signal
const good = join(folder, 'good.csv')
const big = join(folder, 'big.csv')

beforeAll(async () => {
  writeFileSync(good, `a,b\n${Array.from({ length: 40 }, (_, i) => `${i},${i}`).join('\n')}`)
  const out = createWriteStream(big)
  const block = Array.from({ length: 100_000 }, (_, i) => `${i},${i % 13}`).join('\n')
  for (let i = 0; i < 40; i++) out.write(`${block}\n`)
  out.end()
  await once(out, 'finish')
})
afterAll(async () => {
  await reader.close()
  rmSync(folder, { recursive: true })
})

describe('createCsvReader', () => {
  it('reads in a thread, with progress that ends at the size of the file', async () => {
    const progress: [number, number][] = []
    const facts = await reader.read(big, { fileName: 'big.csv', signal: never(), onProgress: (...p) => progress.push(p) })
    expect(facts).toMatchObject({ rows: 4_000_000, has_header: false })
    expect(progress.length).toBeGreaterThan(10)
    const [last, total] = progress.at(-1) as [number, number]
    expect(last).toBe(total)
  })

  it('reads many files at once, each with its own answer', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => reader.read(good, { fileName: 'good.csv', signal: never(), onProgress: () => {} })),
    )
    expect(answers.map((a) => a.rows)).toEqual(new Array(20).fill(40))
  })

  it('throws a CsvProblem with its code, and goes on afterwards', async () => {
    const bad = join(folder, 'bad.csv')
    writeFileSync(bad, 'a,b\n')
    const error = await reader.read(bad, { fileName: 'bad.csv', signal: never(), onProgress: () => {} }).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(CsvProblem)
    expect((error as CsvProblem).code).toBe('tooFewRows')
    expect(await reader.read(good, { fileName: 'good.csv', signal: never(), onProgress: () => {} })).toMatchObject({ rows: 40 })
  })

  it('throws the error of the system for a file that is not there', async () => {
    const missing = reader.read(join(folder, 'none.csv'), { fileName: 'none.csv', signal: never(), onProgress: () => {} })
    await expect(missing).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('stops at once when cancelled, also while waiting its turn, and others go on', async () => {
    const abort = new AbortController()
    const started = new AbortController()
    const begun = once(started.signal, 'abort')
    const cancelled = Array.from({ length: 4 }, () =>
      reader.read(big, { fileName: 'big.csv', signal: abort.signal, onProgress: () => started.abort() }),
    )
    const settled = Promise.allSettled(cancelled)
    const other = reader.read(good, { fileName: 'good.csv', signal: never(), onProgress: () => {} })
    await begun
    abort.abort(new Error('cancelled by the operator'))
    for (const outcome of await settled) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'cancelled by the operator' } })
    }
    expect(await other).toMatchObject({ rows: 40 })
  })

  it('refuses a read that was cancelled before it began', async () => {
    const signal = AbortSignal.abort(new Error('too late'))
    await expect(reader.read(good, { fileName: 'good.csv', signal, onProgress: () => {} })).rejects.toThrow('too late')
  })
})
