/** The commands that do something with one run: approve, reject, cancel, terminate, again, and what can be done to a step. */
import { randomUUID } from 'node:crypto'
import type { StepName } from '../../../contract/model.ts'
import type { StepAction } from '../../../contract/operator.ts'
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
    const { approvals } = await host.call('runs.get', { workflowId })
    if (state === 'delivered' && approvals && decision === 'approve' && approvals.given.length < approvals.needed) {
      context.out.line(`${approvals.given.length} of ${approvals.needed} approvals; the run waits for the others.`)
    }
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
    await host.call('runs.cancel', { workflowId, reason, requestId: randomUUID() })
    context.out.data({ workflowId, cancelled: true, reason })
    context.out.line(
      `Asked ${fileName} (${workflowId}) to end: ${reason}. Its dataset is kept; "gatehouse again" starts it anew.`,
    )
    return exitCodes.done
  })
}

export async function terminateRun(context: Context, wanted: string, { reason }: { reason: string }): Promise<ExitCode> {
  return withHost(context, async (host) => {
    const { workflowId, fileName } = await findRun(host, wanted)
    await host.call('runs.terminate', { workflowId, reason, requestId: randomUUID() })
    context.out.data({ workflowId, terminated: true, reason })
    context.out.line(`Terminated ${fileName} (${workflowId}): ${reason}. Its dataset is kept; "gatehouse again" starts it anew.`)
    return exitCodes.done
  })
}

const stepDeeds: Record<StepAction, string> = {
  retryNow: 'is tried now',
  pause: 'is paused',
  resume: 'goes on',
  restart: 'is made anew, and what comes after it',
}

export interface StepOptions {
  step: StepName
  reason: string
}

export async function actOnStep(
  context: Context,
  action: StepAction,
  wanted: string,
  { step, reason }: StepOptions,
): Promise<ExitCode> {
  return withHost(context, async (host) => {
    const { workflowId, fileName } = await findRun(host, wanted)
    await host.call('runs.actOnStep', { workflowId, step, action, reason, requestId: randomUUID() })
    context.out.data({ workflowId, step, action, reason })
    context.out.line(`${step} of ${fileName} (${workflowId}) ${stepDeeds[action]}: ${reason}`)
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
