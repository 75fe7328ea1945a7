/**
 * vitest's global setup: the tests run against the real Temporal server, so its CLI is had once, before all of them. They
 * share a folder for what a process that is killed cannot remove itself; it goes after them.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultCliCache, ensureTemporalCli } from '../src/main/backend/stack/temporalCli.ts'
import { findAppRoot } from '../src/main/paths.ts'

/** A long build tells how it goes, but not every second. */
const tellEveryMilliseconds = 10_000

export default async function setup(): Promise<() => void> {
  await findTemporal()
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-tests-'))
  process.env.GATEHOUSE_TESTS_FOLDER = folder
  return () => rmSync(folder, { recursive: true, force: true })
}

/** Has the Temporal CLI, and names it for processes that are started from here. */
export async function findTemporal(): Promise<void> {
  let told = 0
  const cli = await ensureTemporalCli({
    cacheDir: defaultCliCache(),
    resources: join(findAppRoot(import.meta.dirname), 'resources'),
    onProgress: ({ message, fraction }) => {
      if (Date.now() - told < tellEveryMilliseconds) return
      told = Date.now()
      process.stderr.write(`${message}${fraction === null ? '' : ` ${Math.round(fraction * 100)} %`}\n`)
    },
  })
  // Workers inherit the environment, and with it the binary that was tried here.
  process.env.GATEHOUSE_TEMPORAL_CLI = cli.path
}
