/** `gatehouse diagnostics`: one archive for whoever helps, without secrets; also when parts are down or no host runs. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { DiagnosticsContents, DiagnosticsReport } from '../../../contract/diagnostics.ts'
import { CallFailed } from '../../../contract/errors.ts'
import { type DiagnosticsSources, listDiagnostics, writeDiagnostics } from '../../backend/diagnostics/collect.ts'
import type { Home } from '../../backend/home.ts'
import { connectToHost } from '../../control/connectToHost.ts'
import { appPaths, appVersion } from '../../paths.ts'
import type { Context } from '../context.ts'
import { runChecks } from '../doctor/runChecks.ts'
import { type ExitCode, exitCodes, UsageError } from '../exitCodes.ts'

export interface DiagnosticsFlags {
  out?: string
  /** Say what would be in it, and write nothing. */
  list?: boolean
}

export async function collectDiagnostics({ home, out }: Context, flags: DiagnosticsFlags): Promise<ExitCode> {
  if (!existsSync(home.root)) throw new UsageError(`There is no data folder at ${home.root}. Nothing was written.`)
  const wanted = flags.out === undefined ? null : resolve(flags.out)
  const answer = await (flags.list ? list(home) : make(home, wanted))
  out.data({ file: null, ...answer })
  out.table(answer.entries.map(({ name, sizeBytes }) => [name, `${sizeBytes.toLocaleString('en')} bytes`]))
  for (const { name, why } of answer.missing) out.line(`Not in it: ${name}. ${why}`)
  if ('file' in answer)
    out.line(
      `${answer.file} holds this, without secrets. Look through it before you hand it on: names of files, runs and operators are in it.`,
    )
  return exitCodes.done
}

/** The host knows more secrets to cover than its files do: those in the keychain. */
async function byHost<T>(home: Home, ask: (host: Awaited<ReturnType<typeof connectToHost>>) => Promise<T>): Promise<T> {
  const host = await connectToHost(home)
  try {
    return await ask(host)
  } finally {
    host.close()
  }
}

/** A host that does not answer, or answers with a fault, is what the archive is wanted for; what it refuses is refused. */
const isRefusal = (error: unknown): boolean =>
  error instanceof CallFailed && (error.error.kind === 'invalid' || error.error.kind === 'refused')

const list = (home: Home): Promise<DiagnosticsContents> =>
  byHost(home, (host) => host.call('diagnostics.list', {})).catch(() => listDiagnostics(withoutHost(home)))

const make = (home: Home, wanted: string | null): Promise<DiagnosticsReport> =>
  byHost(home, (host) => host.call('diagnostics.make', { file: wanted })).catch((error) => {
    if (isRefusal(error)) throw error
    return writeDiagnostics(withoutHost(home), wanted)
  })

const withoutHost = (home: Home): DiagnosticsSources => ({
  ...{ home, appVersion: appVersion(appPaths().root) },
  secrets: async () => [],
  examine: () => runChecks(home),
  failures: (limit) =>
    byHost(home, async (host) => (await host.call('runs.list', { stages: ['Failed', 'TimedOut'], limit })).runs),
  async metrics() {
    const { url, problem } = await byHost(home, (host) => host.call('metrics.get', {}))
    if (url === null) throw new Error(problem ?? 'Metrics are off.')
    return (await fetch(url, { signal: AbortSignal.timeout(scrapeMs) })).text()
  },
})

const scrapeMs = 5_000
