/** The commands that do something with one run: approve, reject, cancel, again. */
import { randomUUID } from 'node:crypto'
import { type Context, findRun, withHost } from '../context.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'

export interface DecideOptions {
  reason: string
  /** Recorded as who decided; default: the operator named in the settings. */
  as?: string
}

export async function decide(
  context: Context,
  decision: 'approve' | 'reject',
  wanted: string,
  { reason, as }: DecideOptions,
): Promise<ExitCode> {
  return withHost(context, async (host) => {
    const run = await findRun(host, wanted)
    const operator = as ?? (await host.call('settings.get', {})).operator
    const decisionId = randomUUID()
    const { workflowId, fileName } = run
    const { state } = await host.call('runs.decide', { workflowId, decisionId, decision, reason, operator })
    context.out.data({ workflowId, decisionId, decision, reason, operator, state })
    const word = decision === 'approve' ? 'Approved' : 'Rejected'
    context.out.line(`${word} ${fileName} (${workflowId}) as ${operator}: ${reason}`)
    if (state === 'pending') {
      context.out.line(
        'Temporal cannot be reached now. The decision is kept and delivered as soon as it can; the run waits until then.',
      )
    }
    return exitCodes.done
  })
}

export async function cancelRun(context: Context, wanted: string, { reason }: { reason: string }): Promise<ExitCode> {
  return withHost(context, async (host) => {
    const { workflowId, fileName } = await findRun(host, wanted)
    await host.call('runs.cancel', { workflowId, reason })
    context.out.data({ workflowId, cancelled: true, reason })
    context.out.line(
      `Asked ${fileName} (${workflowId}) to end: ${reason}. Its dataset is kept; "gatehouse again" starts it anew.`,
    )
    return exitCodes.done
  })
}

export async function runAgain(context: Context, wanted: string): Promise<ExitCode> {
  return withHost(context, async (host) => {
    const { workflowId, fileName } = await findRun(host, wanted)
    const started = await host.call('runs.again', { workflowId, requestId: randomUUID() })
    context.out.data(started)
    context.out.line(`Runs ${fileName} again as ${started.workflowId}.`)
    return exitCodes.done
  })
}
