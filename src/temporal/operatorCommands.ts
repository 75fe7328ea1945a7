/** What an operator may do to a run or to one of its steps beside deciding: each is one call to Temporal, with a reason. */
import type { Client } from '@temporalio/client'
import { temporal } from '@temporalio/proto'
import { isAnswer, withinLimit } from './grpc.ts'

const { RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL, RESET_REAPPLY_EXCLUDE_TYPE_UPDATE } = temporal.api.enums.v1.ResetReapplyExcludeType

export interface RunRef {
  workflowId: string
  runId: string
}

/** Who does it, as histories show it, and why. Temporal keeps both in clear. */
export interface Order {
  by: string
  reason: string
}

/** Temporal says no, in a way that trying again does not change: the step has moved on, or the run has ended. */
export class CommandRefused extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'CommandRefused'
  }
}

/**
 * Ends a run at once, without asking it: no step is told to stop, nothing is put down in order.
 * @throws CommandRefused when it has ended already; otherwise when Temporal cannot be reached.
 */
export async function terminateRun(client: Client, { workflowId, runId }: RunRef, { by, reason }: Order): Promise<void> {
  await carryOut(client, 'This run has ended already; nothing was changed.', (namespace) =>
    client.workflowService.terminateWorkflowExecution({
      namespace,
      identity: by,
      // By run id: an execution that a reset has made meanwhile was not meant.
      workflowExecution: { workflowId, runId },
      reason,
    }),
  )
}

/**
 * Keeps a step from being tried until it is resumed. An attempt under way is told to stop and counts as failed.
 * @throws CommandRefused when the step is not under way (any more); otherwise when Temporal cannot be reached.
 */
export async function pauseStep(client: Client, run: RunRef, activityId: string, { by, reason }: Order): Promise<void> {
  await carryOut(client, 'This step is not under way any more; nothing was changed.', (namespace) =>
    client.workflowService.pauseActivity({ namespace, identity: by, execution: run, id: activityId, reason }),
  )
}

/**
 * Lets a paused step be tried again, at once.
 * @throws CommandRefused when the step is not under way (any more); otherwise when Temporal cannot be reached.
 */
export async function resumeStep(client: Client, run: RunRef, activityId: string, { by }: Order): Promise<void> {
  await carryOut(client, 'This step is not under way any more; nothing was changed.', (namespace) =>
    client.workflowService.unpauseActivity({ namespace, identity: by, execution: run, id: activityId }),
  )
}

/**
 * Makes the run go on from the moment before a step began, as a new execution under the same workflow id; what came
 * before that moment is kept, what came after it is made anew. A decision that was taken after that moment does not
 * count for the new execution: somebody has to decide again.
 *
 * @param workflowTaskEventId the WorkflowTaskCompleted event in which the workflow scheduled the step
 * @param requestId names the request in Temporal; the server was seen to reset twice under one id, so the caller sees to that
 * @returns the new execution's run id
 * @throws CommandRefused when Temporal no longer knows the run; otherwise when Temporal cannot be reached.
 */
export async function resetRun(
  client: Client,
  run: RunRef,
  { workflowTaskEventId, requestId, by, reason }: Order & { workflowTaskEventId: Long; requestId: string },
): Promise<string> {
  const answer = await carryOut(client, 'Temporal no longer has this run, so it cannot go on.', (namespace) =>
    client.workflowService.resetWorkflowExecution({
      namespace,
      identity: by,
      workflowExecution: run,
      workflowTaskFinishEventId: workflowTaskEventId,
      reason,
      requestId,
      resetReapplyExcludeTypes: [RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL, RESET_REAPPLY_EXCLUDE_TYPE_UPDATE],
    }),
  )
  return answer.runId
}

/** Temporal's 64-bit event ids, as the SDK's protobuf gives them. */
type Long = NonNullable<temporal.api.workflowservice.v1.IResetWorkflowExecutionRequest['workflowTaskFinishEventId']>

async function carryOut<T>(client: Client, refusal: string, command: (namespace: string) => Promise<T>): Promise<T> {
  try {
    return await withinLimit(client, () => command(client.options.namespace))
  } catch (error) {
    if (isAnswer(error, 'notFound', 'failedPrecondition')) throw new CommandRefused(refusal)
    throw error
  }
}
