import { CallFailed } from '../../contract/errors.ts'
import type { RunSummary } from '../../contract/model.ts'
import { describeRun } from '../../contract/sentence.ts'
import type { Connection } from '../../contract/wire.ts'
import type { Home } from '../backend/home.ts'
import { connectToHost } from '../control/connectToHost.ts'
import { UsageError } from './exitCodes.ts'
import type { Output } from './output.ts'
import { resolveRun } from './resolveRun.ts'

/** What every command gets. */
export interface Context {
  home: Home
  out: Output
}

/** Runs a command against the host of the data folder. @throws NoHostError when none runs. */
export async function withHost<T>({ home }: Context, work: (host: Connection) => Promise<T>): Promise<T> {
  const host = await connectToHost(home)
  try {
    return await work(host)
  } finally {
    host.close()
  }
}

/** As many runs as one call gives. */
const listLimit = 5000

/** @throws UsageError when no run is meant, or several could be; then they are named. */
export async function findRun(host: Connection, wanted: string): Promise<RunSummary> {
  // Every name begins with nothing: an unset shell variable must not decide about whatever run is there.
  if (wanted.trim() === '') throw new UsageError('RUN is empty. Give a workflow id, a file name, or the beginning of one.')
  const exact = await host.call('runs.get', { workflowId: wanted }).catch((error: unknown) => {
    if (error instanceof CallFailed && (error.error.kind === 'notFound' || error.error.kind === 'invalid')) return null
    throw error
  })
  if (exact !== null) return exact
  const { runs } = await host.call('runs.list', { text: wanted.slice(0, 200), limit: listLimit })
  const resolved = resolveRun(wanted, runs)
  if (resolved.kind === 'one') return resolved.run
  if (resolved.kind === 'none') {
    throw new UsageError(
      `No run is named "${wanted}". Give a workflow id, a file name, or the beginning of one; "gatehouse runs" lists them.`,
    )
  }
  const now = new Date()
  const shown = resolved.runs.slice(0, 20).map((run) => `  ${run.workflowId}  ${run.fileName}  ${describeRun(run, now)}`)
  const more = resolved.runs.length > shown.length ? [`  and ${resolved.runs.length - shown.length} more`] : []
  throw new UsageError(
    [
      `"${wanted}" could be any of ${resolved.runs.length} runs. Nothing was done. Name one by its workflow id:`,
      ...shown,
      ...more,
    ].join('\n'),
  )
}
