import { randomUUID } from 'node:crypto'
import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client'
import { TypedSearchAttributes } from '@temporalio/common'
import { isUnreadable } from './codec/encryptionCodec.ts'
import { describeRun, stageKey } from './executions.ts'
import { isAnswer, withinLimit } from './grpc.ts'
import { decideUpdateName, statusQueryName, taskQueue, workflowType } from './names.ts'
import type { DecisionInput, DecisionRecord, RunInput, RunResult, RunStatus } from './types.ts'

/** An update waits for a worker to take it; after this long there is none that does. */
const decideWithinMs = 15_000

/**
 * Starts a run, once per workflow id: a second start, also after the run has ended, finds the first one.
 * @throws when Temporal cannot be reached; the same start may then be tried again.
 */
export async function startRun(
  client: Client,
  workflowId: string,
  input: RunInput,
  options: { taskQueue?: string } = {},
): Promise<{ runId: string }> {
  try {
    const handle = await withinLimit(client, () =>
      client.workflow.start(workflowType, {
        workflowId,
        args: [input],
        taskQueue: options.taskQueue ?? taskQueue,
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        workflowIdConflictPolicy: 'USE_EXISTING',
        typedSearchAttributes: new TypedSearchAttributes([{ key: stageKey, value: 'Queued' }]),
      }),
    )
    return { runId: handle.firstExecutionRunId }
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
    const { runId } = await describeRun(client, workflowId)
    return { runId }
  }
}

export type Delivery = { state: 'delivered'; record: DecisionRecord } | { state: 'refused'; message: string }

/**
 * Brings a decision to its run. The decision's id is the update's id, so that it counts once however often it is sent.
 * @throws when Temporal cannot be reached or no worker answers; the same decision may then be sent again.
 */
export async function decide(client: Client, decision: DecisionInput & { workflowId: string }): Promise<Delivery> {
  const { workflowId, decisionId, reason, operator, host } = decision
  const input: DecisionInput = { decisionId, decision: decision.decision, reason, operator, host }
  try {
    const record = await client.withDeadline(Date.now() + decideWithinMs, () =>
      client.workflow
        .getHandle(workflowId)
        .executeUpdate<DecisionRecord, [DecisionInput]>(decideUpdateName, { args: [input], updateId: decisionId }),
    )
    return { state: 'delivered', record }
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) {
      return { state: 'refused', message: error.cause?.message ?? error.message }
    }
    if (error instanceof WorkflowNotFoundError) {
      return { state: 'refused', message: 'Nothing awaits a decision: this run has ended, or Temporal no longer knows it.' }
    }
    if (isUnreadable(error)) {
      // It arrived, so sending it again would bring the same answer; the run's stage tells what came of it.
      return { state: 'refused', message: `What the run made of this decision cannot be read here. ${error.message}` }
    }
    throw error
  }
}

/**
 * Asks a run to cancel. An ended run stays as it is.
 * @param by who asks, as the history shows it; Temporal keeps it and the reason in clear
 * @param requestId names the request in Temporal: sent twice, it is one request
 * @returns false when Temporal does not know the run.
 * @throws when Temporal cannot be reached.
 */
export async function cancelRun(
  client: Client,
  workflowId: string,
  { by, reason }: { by: string; reason: string },
  requestId: string = randomUUID(),
): Promise<boolean> {
  const { namespace } = client.options
  try {
    await withinLimit(client, () =>
      client.workflowService.requestCancelWorkflowExecution({
        namespace,
        workflowExecution: { workflowId },
        identity: by,
        requestId,
        reason,
      }),
    )
    return true
  } catch (error) {
    if (isAnswer(error, 'notFound')) return false
    throw error
  }
}

/**
 * Makes the next attempt of a waiting step at once. Temporal then counts its attempts anew. A paused step stays paused.
 * @returns false when the step does not wait (any more).
 * @throws when Temporal cannot be reached, or is older than 1.28 and has no such command.
 */
export async function retryNow(
  client: Client,
  step: { workflowId: string; runId: string; activityId: string },
): Promise<boolean> {
  const { namespace, identity } = client.options
  try {
    await withinLimit(client, () =>
      client.workflowService.resetActivity({
        namespace,
        identity,
        execution: { workflowId: step.workflowId, runId: step.runId },
        id: step.activityId,
        keepPaused: true,
      }),
    )
    return true
  } catch (error) {
    if (isAnswer(error, 'notFound', 'failedPrecondition')) return false
    throw error
  }
}

/** What `get_status` answers now; needs a live worker. @throws when there is none, or no such run. */
export const queryStatus = (client: Client, workflowId: string): Promise<RunStatus> =>
  withinLimit(client, () => client.workflow.getHandle(workflowId).query<RunStatus>(statusQueryName))

/** Waits for a run's end. @throws WorkflowFailedError when it failed or was cancelled. */
export const runResult = (client: Client, workflowId: string): Promise<RunResult> =>
  client.workflow.getHandle(workflowId).result() as Promise<RunResult>
