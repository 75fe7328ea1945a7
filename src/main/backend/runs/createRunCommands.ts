import type { Client } from '@temporalio/client'
import type { ValidInput } from '../../../contract/calls.ts'
import { CallFailed, conflict, notFound, unavailable } from '../../../contract/errors.ts'
import { isEndStage, type StepName, stageOfStep } from '../../../contract/model.ts'
import { stageLabels } from '../../../contract/sentence.ts'
import { isAnswer } from '../../../temporal/grpc.ts'
import { wholeHistory } from '../../../temporal/historyPages.ts'
import { cancelRun, retryNow } from '../../../temporal/operations.ts'
import { CommandRefused, pauseStep, type RunRef, resetRun, resumeStep, terminateRun } from '../../../temporal/operatorCommands.ts'
import type { Ledger } from '../ledger/openLedger.ts'
import { createRequests } from '../ledger/requests.ts'
import type { Projection } from '../projection/createProjection.ts'
import type { RunRecord } from '../projection/runRecord.ts'
import { type HistoryEvent, resetsOf } from './timeline.ts'

/**
 * Each acts once for a request id, also when it is sent again after its answer was lost. Each throws CallFailed:
 * `notFound`, `conflict` with what stands in the way, or `unavailable` without Temporal.
 */
export interface RunCommands {
  cancel(input: ValidInput<'runs.cancel'>): Promise<void>
  terminate(input: ValidInput<'runs.terminate'>): Promise<void>
  actOnStep(input: ValidInput<'runs.actOnStep'>): Promise<void>
}

interface Options {
  ledger: Ledger
  projection: Projection
  /** @throws CallFailed `unavailable` while Temporal cannot be reached. */
  connected(): Client
  /** Who acts, as Temporal's histories show it. */
  operator(): string
  /** Asks Temporal about the run, soon. */
  refresh(workflowId: string): void
}

/** What an operator may do to a run beside deciding. */
export function createRunCommands({ ledger, projection, connected, operator, refresh }: Options): RunCommands {
  const recordOf = (workflowId: string): RunRecord => {
    const record = projection.get(workflowId)
    if (!record) throw notFound(`There is no run ${workflowId} here.`)
    return record
  }
  const open = (workflowId: string): RunRecord => {
    const record = recordOf(workflowId)
    if (isEndStage(record.stage)) {
      throw conflict(`This run has ended already (${stageLabels[record.stage]}); nothing was changed.`)
    }
    return record
  }
  const execution = ({ workflowId, runId }: RunRecord): RunRef => {
    if (runId === null)
      throw conflict('Temporal does not know this run yet; it is still on its way there. Try again in a moment.')
    return { workflowId, runId }
  }
  const requests = createRequests({
    ledger,
    isAnswer: (error) => error instanceof CallFailed || error instanceof CommandRefused,
  })
  async function once(requestId: string, deed: string[], act: (sentAt: string | null) => Promise<void>): Promise<void> {
    try {
      await requests.once(requestId, deed.join(' '), act)
    } catch (error) {
      if (error instanceof CommandRefused) throw conflict(error.message)
      if (isAnswer(error, 'unavailable', 'deadlineExceeded', 'resourceExhausted')) {
        throw unavailable(
          'temporal',
          'Temporal did not answer, so nobody knows whether this was done. Ask again: it is done once.',
        )
      }
      throw error
    }
  }
  /** An earlier try ended it: what was asked for is done, and only its answer was lost. */
  const endedByIt = (workflowId: string, sentAt: string | null) => sentAt !== null && recordOf(workflowId).stage === 'Cancelled'

  const historyOf = (client: Client, run: Parameters<typeof wholeHistory>[1]) =>
    wholeHistory(client, run).catch((error: unknown) => {
      if (isAnswer(error, 'notFound')) throw new CommandRefused('Temporal no longer has this run, so it cannot go on.')
      throw error
    })

  /** Temporal would reset twice under one request id, so an earlier try is looked for in the history that it made. */
  async function wasRestarted(client: Client, workflowId: string, reason: string, sentAt: string): Promise<boolean> {
    const { events } = await historyOf(client, { workflowId })
    const since = Date.parse(sentAt) - clocksDifferMs
    return resetsOf(events ?? [], () => null).some((reset) => reset.reason === reason && Date.parse(reset.at) >= since)
  }

  async function restart(
    record: RunRecord,
    { step, reason, requestId }: { step: StepName; reason: string; requestId: string },
    sentAt: string | null,
  ): Promise<void> {
    const client = connected()
    const run = execution(record)
    if (sentAt !== null && (await wasRestarted(client, run.workflowId, reason, sentAt))) return
    const history = await historyOf(client, run)
    const scheduled = beginningOf(step, history.events ?? [])
    if (!scheduled) throw conflict('This run has not come to that step, so it cannot go on from there. Nothing was changed.')
    const runId = await resetRun(client, run, { workflowTaskEventId: scheduled, requestId, by: operator(), reason })
    const now = new Date().toISOString()
    projection.update(record.workflowId, {
      runId,
      stage: stageOfStep[step],
      stageSince: now,
      endedAt: null,
      attempt: 0,
      retryAt: null,
      paused: null,
      problem: null,
      ...(decidedBefore(step) ? {} : { decision: null, approvals: null, approvalDeadline: null }),
    })
  }

  return {
    cancel: ({ workflowId, reason, requestId }) =>
      once(requestId, ['cancel', workflowId], async (sentAt) => {
        if (endedByIt(workflowId, sentAt)) return
        open(workflowId)
        const known = await cancelRun(connected(), workflowId, { by: operator(), reason }, requestId)
        if (!known) throw conflict('Temporal does not know this run yet; it is still on its way there. Try again in a moment.')
      }),
    terminate: ({ workflowId, reason, requestId }) =>
      once(requestId, ['terminate', workflowId], async (sentAt) => {
        if (endedByIt(workflowId, sentAt)) return
        await terminateRun(connected(), execution(open(workflowId)), { by: operator(), reason })
      }).finally(() => refresh(workflowId)),
    actOnStep: ({ workflowId, step, action, reason, requestId }) =>
      once(requestId, [action, step, workflowId], async (sentAt) => {
        if (action === 'restart') return restart(recordOf(workflowId), { step, reason, requestId }, sentAt)
        const record = open(workflowId)
        const run = execution(record)
        if (action === 'retryNow' && record.paused) {
          throw conflict(
            `${record.paused.by ?? 'Somebody'} has paused this step; resume it, and it is tried at once. Nothing was changed.`,
          )
        }
        const order = { by: operator(), reason }
        if (action === 'pause') await pauseStep(connected(), run, step, order)
        else if (action === 'resume') await resumeStep(connected(), run, step, order)
        else if (!(await retryNow(connected(), { ...run, activityId: step }))) {
          throw new CommandRefused('This step does not wait for another try any more; nothing was changed.')
        }
      }).finally(() => refresh(workflowId)),
  }
}

/** Temporal's clock and this host's may differ by so much. */
const clocksDifferMs = 60_000

/** Whether the decision is older than the step's beginning, and so stays with the run. */
const decidedBefore = (step: StepName) => step === 'record_decision' || step === 'deploy_prod'

/**
 * The WorkflowTaskCompleted event in which the step was first scheduled: going back to it makes the workflow schedule the
 * step once more, with all of its attempts. The human step begins with the timer that limits it.
 */
function beginningOf(step: StepName, events: readonly HistoryEvent[]) {
  for (const { activityTaskScheduledEventAttributes: activity, timerStartedEventAttributes: timer } of events) {
    if (activity?.activityId === step) return activity.workflowTaskCompletedEventId
    if (timer && step === 'await_production_approval') return timer.workflowTaskCompletedEventId
  }
  return null
}
