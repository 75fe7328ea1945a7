/** One archive for whoever helps. What is in it and what never is: docs/decisions/178-diagnostics.md. */
import { rm } from 'node:fs/promises'
import { arch, platform, release } from 'node:os'
import { dirname } from 'node:path'
import type { DiagnosticsContents, DiagnosticsReport } from '../../../contract/diagnostics.ts'
import { refused } from '../../../contract/errors.ts'
import type { RunSummary, StackHealth } from '../../../contract/model.ts'
import { isDiskFull } from '../../../temporal/diskFull.ts'
import { type ArchiveSource, writeArchive } from '../backup/archive.ts'
import { archivePlace, unwritable } from '../backup/place.ts'
import type { Home } from '../home.ts'
import { type Cover, createCover } from './cover.ts'
import { readConfig, readDisk, readLedger, readLogs, secretsInFiles } from './readFolder.ts'

export interface DiagnosticsSources {
  home: Home
  appVersion: string
  /** Values beside those in the data folder's files that may stand nowhere. */
  secrets(): Promise<readonly string[]>
  /** What `gatehouse doctor` finds; `health` is null when no host answers. */
  examine(): Promise<{ checks: readonly unknown[]; health: StackHealth | null }>
  /** The latest runs that failed, newest first. @throws when nobody can tell */
  failures(limit: number): Promise<readonly RunSummary[]>
  /** In Prometheus' text format. @throws when nobody can tell */
  metrics(): Promise<string>
}

const lastFailures = 50
const readMe = `Diagnostics of Gatehouse, for whoever helps.

versions.json   Gatehouse, Node and the operating system
doctor.json     what "gatehouse doctor" finds, with how to mend it
health.json     the state of each part of the stack
failures.json   the latest runs that failed or timed out, and why
metrics.txt     as Prometheus would read them
ledger.json     rows in each table, refused files, what waits to be sent
disk.json       bytes free, and bytes in each part of the data folder
config/         settings, pipelines, profiles, drills
logs/           the end of each log
missing.json    what could not be had, and why; not there when nothing is missing

Never in it: keys, passwords, tokens, rows of a CSV, payloads of a run, models, the ledger itself.
Names of files, runs, machines and operators are in it: look through it before you hand it on.
`

/** Entries without secrets. Whatever cannot be had is left out with its reason: what is broken is why somebody asks. */
async function gather(sources: DiagnosticsSources) {
  const { home } = sources
  const missing: DiagnosticsContents['missing'] = []
  const found: (ArchiveSource & { from: Buffer })[] = []
  const add = (name: string, text: string): void => {
    found.push({ name, from: Buffer.from(text.endsWith('\n') ? text : `${text}\n`) })
  }
  const attempt = async (name: string, work: () => Promise<void> | void) => {
    try {
      await work()
    } catch (error) {
      missing.push({ name, why: cover.text((error as Error).message) })
    }
  }
  let known: readonly string[] = []
  let cover: Cover = createCover(home.root, [])
  await attempt('some secrets, to be covered by their values', async () => {
    known = await secretsInFiles(home)
    known = [...known, ...(await sources.secrets())]
  })
  cover = createCover(home.root, known)
  add('README.txt', readMe)
  add(
    'versions.json',
    cover.value({
      ...{ gatehouse: sources.appVersion, node: process.versions.node, electron: process.versions.electron ?? null },
      ...{ platform: platform(), release: release(), arch: arch(), at: new Date().toISOString() },
    }),
  )
  await attempt('doctor.json', async () => {
    const { checks, health } = await sources.examine()
    add('doctor.json', cover.value(checks))
    if (health === null) missing.push({ name: 'health.json', why: 'No host answers.' })
    else add('health.json', cover.value(health))
  })
  await attempt('failures.json', async () => {
    const runs = await sources.failures(lastFailures)
    add('failures.json', cover.value(runs))
  })
  await attempt('metrics.txt', async () => add('metrics.txt', cover.text(await sources.metrics())))
  await attempt('ledger.json', () => add('ledger.json', cover.value(readLedger(home))))
  await attempt('disk.json', async () => add('disk.json', cover.value(await readDisk(home))))
  await attempt('config', async () => {
    for (const { name, text } of await readConfig(home)) add(`config/${name}`, configText(cover, text))
  })
  await attempt('logs', async () => {
    for (const { name, text } of await readLogs(home)) add(`logs/${name}`, cover.text(text))
  })
  if (missing.length > 0) add('missing.json', cover.value(missing))
  return { found, missing }
}

/** By the names of its fields where it is JSON; else as the text that it is. */
function configText(cover: Cover, text: string): string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return cover.text(text)
  }
  return cover.value(value)
}

const contentsOf = ({ found, missing }: Awaited<ReturnType<typeof gather>>): DiagnosticsContents => ({
  entries: found.map(({ name, from }) => ({ name, sizeBytes: from.length })),
  missing,
})

/** What an archive would hold now; writes nothing. */
export const listDiagnostics = async (sources: DiagnosticsSources): Promise<DiagnosticsContents> =>
  contentsOf(await gather(sources))

/**
 * @param wanted where the archive goes, as `archivePlace` takes it
 * @throws CallFailed `invalid`, `refused` when it cannot be written; then nothing of it is left
 */
export async function writeDiagnostics(sources: DiagnosticsSources, wanted: string | null): Promise<DiagnosticsReport> {
  const { home } = sources
  const file = await archivePlace(home, wanted, { folder: home.diagnostics, prefix: diagnosticsPrefix })
  const gathered = await gather(sources)
  try {
    await rm(`${file}.partial`, { force: true }) // of one that a crash cut off
    const { sizeBytes } = await writeArchive({ path: file, sources: gathered.found })
    return { file, sizeBytes, ...contentsOf(gathered) }
  } catch (error) {
    if (!isDiskFull(error)) throw unwritable(error, file)
    throw refused(`The disk of ${dirname(file)} is full. Nothing was kept; free some space, or name a folder on another disk.`)
  }
}

export const diagnosticsPrefix = 'gatehouse-diagnostics-'
