import { exportAudit } from '../../../contract/auditExport.ts'
import type { AuditKind } from '../../../contract/operator.ts'
import { type Context, findRun, withHost } from '../context.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'

export interface AuditOptions {
  limit: number
  kind?: AuditKind
  operator?: string
  text?: string
  /** As CSV, for a spreadsheet, instead of a table. */
  csv?: true
}

/** Lists what operators changed, newest first; of one run where that is named. */
export async function listAudit(context: Context, wanted: string | undefined, options: AuditOptions): Promise<ExitCode> {
  return withHost(context, async (host) => {
    const { limit, kind, operator, text } = options
    const workflowId = wanted === undefined ? undefined : (await findRun(host, wanted)).workflowId
    const filter = { workflowId, operator, text, kinds: kind && [kind] }
    const { entries, total } = await host.call('audit.list', { limit, ...filter })
    context.out.data({ entries, total })
    if (options.csv) {
      context.out.line(exportAudit(entries, 'csv').trimEnd())
      return exitCodes.done
    }
    if (entries.length === 0) context.out.line('Nothing of that is on record.')
    context.out.table(
      entries.map((entry) => [
        entry.at,
        `${entry.operator}@${entry.host}`,
        `${entry.name} ${entry.event}`,
        entry.workflowId ?? '',
        [entry.step, entry.detail, entry.reason, entry.problem].filter(Boolean).join(': '),
      ]),
    )
    if (entries.length < total) context.out.line(`${entries.length} of ${total}; --limit shows more.`)
    return exitCodes.done
  })
}
