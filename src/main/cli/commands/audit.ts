import { type Context, findRun, withHost } from '../context.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'

/** Lists what operators changed, newest first; of one run where that is named. */
export async function listAudit(context: Context, wanted: string | undefined, { limit }: { limit: number }): Promise<ExitCode> {
  return withHost(context, async (host) => {
    const workflowId = wanted === undefined ? undefined : (await findRun(host, wanted)).workflowId
    const { entries } = await host.call('audit.list', { limit, workflowId })
    context.out.data({ entries })
    if (entries.length === 0) context.out.line('Nothing is on record yet.')
    context.out.table(
      entries.map((entry) => [
        entry.at,
        `${entry.operator}@${entry.host}`,
        `${entry.name} ${entry.event}`,
        entry.workflowId ?? '',
        [entry.step, entry.detail].filter(Boolean).join(': '),
      ]),
    )
    return exitCodes.done
  })
}
