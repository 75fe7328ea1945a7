/** The host is killed again and again while files arrive; then each file must have exactly one run, in the ledger and in Temporal. */
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { launchHost, newHome, removeHome, sampleCsv, startHost } from '../e2e/support/host.ts'
import { workflowType } from '../src/temporal/names.ts'
import { type Row, seconds } from './table.ts'

const kills = 30
const files = 100

export async function run(seed = Number(process.env.BENCH_SEED ?? 1)): Promise<Row[]> {
  const random = mulberry32(seed)
  const home = await newHome({ demoTrainer: { minSeconds: 0, maxSeconds: 1 }, settleSeconds: 0.5 })
  const began = performance.now()
  try {
    let written = 0
    const writeSome = async (upTo: number) => {
      for (; written < Math.min(upTo, files); written++) {
        await writeFile(join(home.inbox, `good_${written}.csv`), sampleCsv(written))
      }
    }
    let whileStarting = 0
    for (let kill = 0; kill < kills; kill++) {
      const launched = launchHost(home)
      // Every third kill, about, comes while the host is still starting.
      const early = random() < 1 / 3
      const gone = early ? launched.ready.catch(() => null) : launched.ready
      if (!early) await gone
      const arriving = writeSome(Math.ceil(((kill + 1) / kills) * files))
      await new Promise((resolve) => setTimeout(resolve, random() * 2_500))
      await launched.kill()
      if (early) whileStarting++
      await Promise.all([arriving, gone])
    }
    const last = await startHost(home)
    const names = Array.from({ length: files }, (_, i) => `good_${i}.csv`)
    const waiting = new Set(names)
    await new Promise<void>((done) => {
      const look = (runs: { fileName: string; stage: string }[]) => {
        for (const run of runs) if (run.stage === 'AwaitingApproval') waiting.delete(run.fileName)
        if (waiting.size === 0) done()
      }
      last.connection.subscribe('runs.changed', ({ runs }) => look(runs))
      last.connection.call('runs.list', { limit: 5000 }).then(({ runs }) => look(runs))
      setTimeout(done, 180_000)
    })
    const { runs } = await last.connection.call('runs.list', { limit: 5000 })
    const inTemporal = await countInTemporal((await last.connection.call('stack.health', {})).temporal.address)
    const perFile = new Map<string, number>()
    for (const { fileName } of runs) perFile.set(fileName, (perFile.get(fileName) ?? 0) + 1)
    const once = names.filter((name) => perFile.get(name) === 1).length
    const doubled = names.filter((name) => (perFile.get(name) ?? 0) > 1).length
    const missing = names.filter((name) => !perFile.has(name)).length
    const leftovers = (await readdir(home.inbox)).length - files
    await last.stop()
    return [
      {
        what: `${kills} kills by SIGKILL (${whileStarting} of them while starting), ${files} files: files with exactly one run in the ledger (seed ${seed})`,
        measured: `${once} of ${files}; ${missing} missing, ${doubled} doubled`,
        toReach: `${files}`,
        reached: once === files,
      },
      { what: 'workflows in Temporal', measured: String(inTemporal), toReach: `${files}`, reached: inTemporal === files },
      {
        what: 'runs that reached the approval gate afterwards',
        measured: String(files - waiting.size),
        toReach: `${files}`,
        reached: waiting.size === 0,
      },
      { what: 'left over in the inbox beside the files', measured: String(leftovers), toReach: '0', reached: leftovers === 0 },
      { what: 'duration', measured: seconds(performance.now() - began), toReach: 'reported', reached: null },
    ]
  } finally {
    await removeHome(home)
  }
}

/** Runs of the pipeline that a Temporal server knows. */
export async function countInTemporal(address: string | null): Promise<number> {
  const connection = await Connection.connect({ address: address ?? '127.0.0.1:7233' })
  try {
    const client = new Client({ connection })
    const seen = new Set<string>()
    for await (const run of client.workflow.list({ query: `WorkflowType='${workflowType}'` }))
      seen.add(`${run.workflowId} ${run.runId}`)
    return seen.size
  } finally {
    await connection.close()
  }
}

/** A small seeded generator (Tommy Ettinger's mulberry32), so that a failing run can be repeated. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
