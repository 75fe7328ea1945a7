import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AppPaths } from '../paths.ts'
import { type Check, checksOf } from './checks.ts'

export interface SelfTestRow {
  name: string
  ok: boolean
  /** What was seen, or why it does not work. One line. */
  detail: string
  milliseconds: number
}

/** How one check is carried out: in this process, or apart from it where a part that does not load would end it. */
export type RunCheck = (check: Check, scratch: string, limitMs: number) => Promise<Outcome>

export interface Outcome {
  ok: boolean
  detail: string
}

export interface SelfTestResult {
  ok: boolean
  rows: SelfTestRow[]
}

/** A part that takes longer does not work, in milliseconds. The slowest, a replay, takes about a second. */
const limitMs = 60_000

/**
 * Tries every part of the app that does not need a server, in a temporary folder: no data folder is touched, nothing is
 * left running. Never rejects; a part that does not load or hangs is a row that failed.
 *
 * @param paths where the app's own files are
 * @param report told each row as soon as it is known
 * @param runCheck where each check runs; in this process unless said otherwise
 */
export async function runSelfTest(
  paths: AppPaths,
  report: (row: SelfTestRow) => void = () => {},
  runCheck: RunCheck = runHere,
  checks: readonly Check[] = checksOf(paths),
): Promise<SelfTestResult> {
  const scratch = await mkdtemp(join(tmpdir(), 'gatehouse-self-test-'))
  const rows: SelfTestRow[] = []
  try {
    // One after the other, so that each time is its own.
    for (const check of checks) {
      const began = performance.now()
      const seen = await runCheck(check, scratch, limitMs)
      const row = { name: check.name, ...seen, milliseconds: Math.round(performance.now() - began) }
      rows.push(row)
      report(row)
    }
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 5 })
  }
  return { ok: rows.every(({ ok }) => ok), rows }
}

/** Runs one check in this process. Never rejects. */
export async function runHere({ run }: Check, scratch: string, limit: number): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no result after ${limit / 1000} s`)), limit)
  })
  try {
    return { ok: true, detail: await Promise.race([run(scratch), tooLong]) }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { ok: false, detail: message.split('\n', 1)[0]?.trim() || 'failed without a message' }
  } finally {
    clearTimeout(timer)
  }
}
