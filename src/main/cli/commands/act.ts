/** The commands that do something with runs: approve, reject, cancel, terminate, again, and what can be done to a step. */
import { randomUUID } from 'node:crypto'
import { CallFailed, conflict } from '../../../contract/errors.ts'
import { type RunSummary, type StepName, stepThatWaits } from '../../../contract/model.ts'
import type { StepAction } from '../../../contract/operator.ts'
import type { Connection } from '../../../contract/wire.ts'
import { type Context, findRun, withHost } from '../context.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'

/**
 * Does something to each run, in the order in which they are named, once for each. Nothing is done before every name is
 * understood. What is refused for one of several keeps no other from it.
 * @throws CallFailed when the only run was refused
 */
function onEach(
  context: Context,
  wanted: readonly string[],
  act: (host: Connection, run: RunSummary) => Promise<void>,
): Promise<ExitCode> {
  return withHost(context, async (host) => {
    const runs = new Map<string, RunSummary>()
    for (const name of wanted) {
      const run = await findRun(host, name)
      runs.set(run.workflowId, run)
    }
    let refused = 0
    for (const run of runs.values()) {
      try {
        await act(host, run)
      } catch (error) {
        if (!(error instanceof CallFailed) || runs.size === 1) throw error
        refused++
        const { workflowId, fileName } = run
        context.out.problem({ ...error.error, workflowId, message: `Not ${fileName} (${workflowId}): ${error.message}` })
      }
    }
    if (refused > 0) context.out.line(`${runs.size - refused} of ${runs.size} done, ${refused} not.`)
    return refused > 0 ? exitCodes.failed : exitCodes.done
  })
}

export interface DecideOptions {
  reason: string
  /** Recorded as who decided; default: the operator named in the settings. */
  as?: string
}

export async function decide(
  context: Context,
  decision: 'approve' | 'reject',
  wanted: readonly string[],
  { reason, as }: DecideOptions,
): Promise<ExitCode> {
  return onEach(context, wanted, async (host, { workflowId, fileName }) => {
    const operator = as ?? (await host.call('settings.get', {})).operator
    const decisionId = randomUUID()
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
  })
}

export async function cancelRuns(context: Context, wanted: readonly string[], { reason }: { reason: string }): Promise<ExitCode> {
  return onEach(context, wanted, async (host, { workflowId, fileName }) => {
    await host.call('runs.cancel', { workflowId, reason, requestId: randomUUID() })
    context.out.data({ workflowId, cancelled: true, reason })
    context.out.line(
      `Asked ${fileName} (${workflowId}) to end: ${reason}. Its dataset is kept; "gatehouse again" starts it anew.`,
    )
  })
}

export async function terminateRuns(
  context: Context,
  wanted: readonly string[],
  { reason }: { reason: string },
): Promise<ExitCode> {
  return onEach(context, wanted, async (host, { workflowId, fileName }) => {
    await host.call('runs.terminate', { workflowId, reason, requestId: randomUUID() })
    context.out.data({ workflowId, terminated: true, reason })
    context.out.line(`Terminated ${fileName} (${workflowId}): ${reason}. Its dataset is kept; "gatehouse again" starts it anew.`)
  })
}

const stepDeeds: Record<StepAction, string> = {
  retryNow: 'is tried now',
  pause: 'is paused',
  resume: 'goes on',
  restart: 'is made anew, and what comes after it',
}

export interface StepOptions {
  /** Default: the one that the run is at. */
  step?: StepName
  reason: string
}

export async function actOnStep(
  context: Context,
  action: StepAction,
  wanted: readonly string[],
  { step: named, reason }: StepOptions,
): Promise<ExitCode> {
  return onEach(context, wanted, async (host, { workflowId, fileName, stage }) => {
    const step = named ?? stepThatWaits(stage)
    if (step === null) throw conflict('It is at no step that could wait for another try.')
    await host.call('runs.actOnStep', { workflowId, step, action, reason, requestId: randomUUID() })
    context.out.data({ workflowId, step, action, reason })
    context.out.line(`${step} of ${fileName} (${workflowId}) ${stepDeeds[action]}: ${reason}`)
  })
}

export async function runAgain(context: Context, wanted: readonly string[], { reason }: { reason: string }): Promise<ExitCode> {
  return onEach(context, wanted, async (host, { workflowId, fileName }) => {
    const started = await host.call('runs.again', { workflowId, reason, requestId: randomUUID() })
    context.out.data({ ...started, reason })
    context.out.line(`Runs ${fileName} again as ${started.workflowId}: ${reason}`)
  })
}
