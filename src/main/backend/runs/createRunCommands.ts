import type { Client } from '@temporalio/client'
import type { ValidInput } from '../../../contract/calls.ts'
import { conflict, notFound } from '../../../contract/errors.ts'
import { isEndStage, type StepName, stageOfStep } from '../../../contract/model.ts'
import { stageLabels } from '../../../contract/sentence.ts'
import { cancelRun, retryNow } from '../../../temporal/operations.ts'
import { CommandRefused, pauseStep, type RunRef, resetRun, resumeStep, terminateRun } from '../../../temporal/operatorCommands.ts'
import type { Projection } from '../projection/createProjection.ts'
import type { RunRecord } from '../projection/runRecord.ts'
import type { HistoryEvent } from './timeline.ts'

/** Each throws CallFailed: `notFound`, `conflict` with what stands in the way, or `unavailable` without Temporal. */
export interface RunCommands {
  cancel(input: ValidInput<'runs.cancel'>): Promise<void>
  terminate(input: ValidInput<'runs.terminate'>): Promise<void>
  actOnStep(input: ValidInput<'runs.actOnStep'>): Promise<void>
}

interface Options {
  projection: Projection
  /** @throws CallFailed `unavailable` while Temporal cannot be reached. */
  connected(): Client
  /** Who acts, as Temporal's histories show it. */
  operator(): string
  /** Asks Temporal about the run, soon. */
  refresh(workflowId: string): void
}

/** What an operator may do to a run beside deciding. */
export function createRunCommands({ projection, connected, operator, refresh }: Options): RunCommands {
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
  const refusedAsConflict = (error: unknown): never => {
    if (error instanceof CommandRefused) throw conflict(error.message)
    throw error
  }

  /** Requests to go back, by id: a second click waits for the first one's end. Temporal itself would reset twice. */
  const restarts = new Map<string, Promise<void>>()
  function restartOnce(record: RunRecord, step: StepName, reason: string, requestId: string): Promise<void> {
    const known = restarts.get(requestId)
    if (known) return known
    const started = restart(record, step, reason, requestId)
    restarts.set(requestId, started)
    // What failed may be asked for again under the same id.
    started.catch(() => restarts.delete(requestId))
    return started
  }

  async function restart(record: RunRecord, step: StepName, reason: string, requestId: string): Promise<void> {
    const client = connected()
    const run = execution(record)
    const history = await client.workflow.getHandle(run.workflowId, run.runId).fetchHistory()
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
      ...(decidedBefore(step) ? {} : { decision: null, approvalDeadline: null }),
    })
  }

  return {
    async cancel({ workflowId, reason }) {
      open(workflowId)
      const known = await cancelRun(connected(), workflowId, reason)
      if (!known) throw conflict('Temporal does not know this run yet; it is still on its way there. Try again in a moment.')
    },
    async terminate({ workflowId, reason }) {
      await terminateRun(connected(), execution(open(workflowId)), { by: operator(), reason }).catch(refusedAsConflict)
      refresh(workflowId)
    },
    async actOnStep({ workflowId, step, action, reason, requestId }) {
      try {
        if (action === 'restart') return await restartOnce(recordOf(workflowId), step, reason, requestId)
        const run = execution(open(workflowId))
        const order = { by: operator(), reason }
        if (action === 'pause') await pauseStep(connected(), run, step, order)
        else if (action === 'resume') await resumeStep(connected(), run, step, order)
        else if (!(await retryNow(connected(), { ...run, activityId: step }))) {
          throw new CommandRefused('This step does not wait for another try any more; nothing was changed.')
        }
      } catch (error) {
        refusedAsConflict(error)
      } finally {
        refresh(workflowId)
      }
    },
  }
}

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
