/**
 * A CSV of 700 MB profiled as preprocess_data does it, through the same thread; the peer reads it with pandas and asks for the
 * same figures. The peak is that of the whole process, sampled.
 */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { promisify } from 'node:util'
import { pythonPeer } from '../scripts/pythonPeer.ts'
import { defaultPipelines, type Pipeline } from '../src/contract/pipelines.ts'
import { createDataChecks } from '../src/main/backend/csv/createDataChecks.ts'
import { findAppRoot, sourcePaths } from '../src/main/paths.ts'
import { megabytes, type Row, seconds } from './table.ts'

const wantedBytes = 700_000_000
const wantedMs = 15_000
const wantedPeakBytes = 1_000_000_000
const wantedLagMs = 50
const sampleEveryMs = 50

export async function run(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-profile-'))
  try {
    const path = join(folder, 'sales.csv')
    const rows = await writeSales(path)
    const ours = await profileOnce(path, folder, rows)
    const peer = await profileWithPandas(path)
    const bytes = statSync(path).size
    return [
      row(`${megabytes(bytes)}, ${rows} rows of 20 columns profiled`, seconds(ours.ms), '15 s', ours.ms <= wantedMs),
      row('peak memory of the whole process', megabytes(ours.peakBytes), '1 GB', ours.peakBytes <= wantedPeakBytes),
      row('main-thread lag meanwhile, 99th percentile', `${ours.lagMs.toFixed(1)} ms`, '50 ms', ours.lagMs <= wantedLagMs),
      row('main-thread lag meanwhile, longest', `${ours.longestMs.toFixed(1)} ms`, '', null),
      peer === null
        ? row('pandas', 'not measured: there is no Python here', '', null)
        : row(
            'pandas: read_csv, describe and duplicates',
            `${seconds(peer.ms)}, ${(peer.ms / ours.ms).toFixed(1)} times as long; ${megabytes(peer.peakBytes)}`,
            '',
            null,
          ),
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const row = (what: string, measured: string, toReach: string, reached: boolean | null): Row => ({
  what,
  measured,
  toReach,
  reached,
})

/** Sales of no one: numbers, dates, texts, some cells missing. */
async function writeSales(path: string): Promise<number> {
  const out = createWriteStream(path)
  out.write(`id,town,day,${Array.from({ length: 15 }, (_, c) => `x${c}`).join()},segment,price\n`)
  let state = 1
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  let rows = 0
  for (let bytes = 0; bytes < wantedBytes; ) {
    const lines: string[] = []
    for (let i = 0; i < 5_000; i++, rows++) {
      const figures = Array.from({ length: 15 }, () => (random() < 0.01 ? '' : (random() * 10 - 5).toFixed(5)))
      const day = `2024-${String(1 + (rows % 12)).padStart(2, '0')}-${String(1 + (rows % 28)).padStart(2, '0')}`
      lines.push(`${rows},town ${rows % 500},${day},${figures.join()},s${rows % 7},${(random() * 100).toFixed(2)}`)
    }
    const block = `${lines.join('\n')}\n`
    bytes += block.length
    if (!out.write(block)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'finish')
  return rows
}

async function profileOnce(path: string, folder: string, rows: number) {
  const data = createDataChecks({
    folder: join(folder, 'work'),
    threadFile: sourcePaths(findAppRoot(import.meta.dirname)).threads.csv,
  })
  const lag = monitorEventLoopDelay({ resolution: 5 })
  let peakBytes = 0
  const sampler = setInterval(() => {
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss())
  }, sampleEveryMs)
  try {
    lag.enable()
    const begun = performance.now()
    const options = { signal: new AbortController().signal, onProgress: () => {} }
    const file = { path, fileName: 'sales.csv', runId: 'bench' }
    const { profile } = await data.profile(file, defaultPipelines.at(-1) as Pipeline, options)
    const ms = performance.now() - begun
    lag.disable()
    if (profile.rows !== rows) throw new Error(`${profile.rows} of ${rows} rows were profiled`)
    // The monitor reports its own resolution as lag.
    return { ms, peakBytes, lagMs: lag.percentile(99) / 1e6 - 5, longestMs: lag.max / 1e6 - 5 }
  } finally {
    clearInterval(sampler)
    await data.close()
  }
}

const pandasScript = `
import json, resource, sys, time
import pandas
begun = time.perf_counter()
table = pandas.read_csv(sys.argv[1])
table.describe(include="all")
table.nunique()
table.isna().sum()
table.duplicated().sum()
print(json.dumps({"ms": (time.perf_counter() - begun) * 1000, "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
`

async function profileWithPandas(path: string): Promise<{ ms: number; peakBytes: number } | null> {
  const python = await pythonPeer(['pandas==2.3.3'])
  if (python === null) return null
  const { stdout } = await promisify(execFile)(python, ['-c', pandasScript, path], { maxBuffer: 1 << 20 })
  return JSON.parse(stdout)
}
