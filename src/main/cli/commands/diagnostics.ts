/** `gatehouse diagnostics`: one archive for whoever helps, without secrets; also when parts are down or no host runs. */
import { existsSync } from 'node:fs'
import { arch, platform, release } from 'node:os'
import { dirname, resolve } from 'node:path'
import { type ArchiveSource, writeArchive } from '../../backend/backup/archive.ts'
import { createCover } from '../../backend/diagnostics/cover.ts'
import { knownSecrets, readConfig, readDisk, readLedger, readLogs } from '../../backend/diagnostics/readFolder.ts'
import { isDiskFull } from '../../backend/diskFull.ts'
import type { Home } from '../../backend/home.ts'
import { connectToHost } from '../../control/connectToHost.ts'
import { appPaths, appVersion } from '../../paths.ts'
import type { Context } from '../context.ts'
import { type ExitCode, exitCodes, UsageError } from '../exitCodes.ts'
import { runChecks } from './doctor.ts'

export interface DiagnosticsFlags {
  out: string
  /** Say what would be in it, and write nothing. */
  list?: boolean
}

const lastFailures = 50
const scrapeMs = 5_000

export async function collectDiagnostics({ home, out }: Context, flags: DiagnosticsFlags): Promise<ExitCode> {
  const file = resolve(flags.out)
  if (!existsSync(home.root)) throw new UsageError(`There is no data folder at ${home.root}. Nothing was written.`)
  if (!flags.list && existsSync(file)) throw new UsageError(`${file} is there already. Nothing was written.`)
  if (!flags.list && !existsSync(dirname(file)))
    throw new UsageError(`The folder ${dirname(file)} is not there. Nothing was written.`)
  const sources = await gather(home)
  const entries = sources.map(({ name, from }) => ({ name, sizeBytes: from.length }))
  out.table(entries.map(({ name, sizeBytes }) => [name, `${sizeBytes.toLocaleString('en')} bytes`]))
  if (flags.list) {
    out.data({ file: null, entries })
    return exitCodes.done
  }
  try {
    await writeArchive({ path: file, sources })
  } catch (error) {
    if (isDiskFull(error))
      throw new Error(`The disk of ${dirname(file)} is full. Nothing was written; name a file on another disk.`)
    throw error
  }
  out.data({ file, entries })
  out.line(
    `${file} holds this, without secrets. Look through it before you hand it on: names of files, runs and operators are in it.`,
  )
  return exitCodes.done
}

/** Whatever cannot be had is left out with its reason: what is broken is why somebody asks. */
async function gather(home: Home): Promise<(ArchiveSource & { from: Buffer })[]> {
  const cover = createCover(home.root, await knownSecrets(home))
  const sources: (ArchiveSource & { from: Buffer })[] = []
  const missing: { name: string; why: string }[] = []
  const add = (name: string, text: string): void => {
    sources.push({ name, from: Buffer.from(`${text}\n`) })
  }
  const attempt = async (name: string, work: () => Promise<void> | void) => {
    try {
      await work()
    } catch (error) {
      missing.push({ name, why: (error as Error).message })
    }
  }
  await attempt('versions.json', () =>
    add(
      'versions.json',
      cover.value({
        ...{ gatehouse: appVersion(appPaths().root), node: process.versions.node, platform: platform(), release: release() },
        ...{ arch: arch(), at: new Date().toISOString() },
      }),
    ),
  )
  await attempt('doctor.json', async () => {
    const { checks, health } = await runChecks(home)
    add('doctor.json', cover.value(checks))
    if (health === null) missing.push({ name: 'health.json', why: 'No host answers.' })
    else add('health.json', cover.value(health))
  })
  await attempt('config', async () => {
    for (const { name, text } of await readConfig(home)) add(`config/${name}`, configText(cover, text))
  })
  await attempt('ledger.json', () => add('ledger.json', cover.value(readLedger(home))))
  await attempt('disk.json', async () => add('disk.json', cover.value(await readDisk(home))))
  await attempt('logs', async () => {
    for (const { name, text } of await readLogs(home)) add(`logs/${name}`, cover.text(text))
  })
  await attempt('failures.json and metrics.txt', async () => {
    const host = await connectToHost(home)
    try {
      await attempt('failures.json', async () => {
        const { runs } = await host.call('runs.list', { stages: ['Failed', 'TimedOut'], limit: lastFailures })
        const shown = runs.map(({ workflowId, stage, problem, endedAt }) => ({ workflowId, stage, problem, endedAt }))
        add('failures.json', cover.value(shown))
      })
      await attempt('metrics.txt', async () => {
        const { url, problem } = await host.call('metrics.get', {})
        if (url === null) throw new Error(problem ?? 'Metrics are off.')
        const answer = await fetch(url, { signal: AbortSignal.timeout(scrapeMs) })
        add('metrics.txt', cover.text(await answer.text()))
      })
    } finally {
      host.close()
    }
  })
  if (missing.length > 0) add('missing.json', cover.value(missing))
  return sources
}

/** By the names of its fields where it is JSON; else as the text that it is. */
function configText(cover: ReturnType<typeof createCover>, text: string): string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return cover.text(text)
  }
  return cover.value(value)
}
