import { once } from 'node:events'
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defaultPipelines, type Pipeline } from '../../../contract/pipelines.ts'
import { CsvProblem } from '../../../temporal/activities/deps.ts'
import { findAppRoot, sourcePaths } from '../../paths.ts'
import { type CsvJobOptions, createCsvReader } from './createCsvReader.ts'

const threadFile = sourcePaths(findAppRoot(import.meta.dirname)).threads.csv
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-csv-'))
const reader = createCsvReader(threadFile)
const never = () => new AbortController().signal
const pipeline = defaultPipelines[0] as Pipeline
const read = (path: string, { signal, onProgress }: CsvJobOptions) =>
  reader
    .run(
      { kind: 'profile', path, fileName: basename(path), scratch: mkdtempSync(join(folder, 'run-')), pipeline },
      { signal, onProgress },
    )
    .then(({ profile }) => profile)
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
  it('reads in a thread, with progress', async () => {
    const progress: number[] = []
    const facts = await read(big, { signal: never(), onProgress: (fraction) => progress.push(fraction) })
    expect(facts).toMatchObject({ rows: 4_000_000, hasHeader: false })
    expect(progress.length).toBeGreaterThan(3)
    expect(progress).toEqual([...progress].sort((a, b) => a - b))
  })

  it('reads many files at once, each with its own answer', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => read(good, { signal: never(), onProgress: () => {} })))
    expect(answers.map((a) => a.rows)).toEqual(new Array(20).fill(40))
  })

  it('throws a CsvProblem with its code, and goes on afterwards', async () => {
    const bad = join(folder, 'bad.csv')
    writeFileSync(bad, 'a,b\n')
    const error = await read(bad, { signal: never(), onProgress: () => {} }).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(CsvProblem)
    expect((error as CsvProblem).code).toBe('tooFewRows')
    expect(await read(good, { signal: never(), onProgress: () => {} })).toMatchObject({ rows: 40 })
  })

  it('throws the error of the system for a file that is not there', async () => {
    const missing = read(join(folder, 'none.csv'), { signal: never(), onProgress: () => {} })
    await expect(missing).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('stops at once when cancelled, also while waiting its turn, and others go on', async () => {
    const abort = new AbortController()
    const started = new AbortController()
    const begun = once(started.signal, 'abort')
    const cancelled = Array.from({ length: 4 }, () => read(big, { signal: abort.signal, onProgress: () => started.abort() }))
    const settled = Promise.allSettled(cancelled)
    const other = read(good, { signal: never(), onProgress: () => {} })
    await begun
    abort.abort(new Error('cancelled by the operator'))
    for (const outcome of await settled) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'cancelled by the operator' } })
    }
    expect(await other).toMatchObject({ rows: 40 })
  })

  it('refuses a read that was cancelled before it began', async () => {
    const signal = AbortSignal.abort(new Error('too late'))
    await expect(read(good, { signal, onProgress: () => {} })).rejects.toThrow('too late')
  })
})
