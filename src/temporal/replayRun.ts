import type { Client } from '@temporalio/client'
import type { DataConverter } from '@temporalio/common'
import { Worker } from '@temporalio/worker'
import { wholeHistory } from './historyPages.ts'

export interface ReplayOptions {
  workflowId: string
  runId: string
  /** The bundled workflow's path. */
  workflowBundle: string
  /** The worker's own: what it could not open, a replay cannot either. */
  dataConverter: DataConverter
}

/**
 * Has the history of a run go through the workflow's code as it is now.
 * @returns how many events were replayed
 * @throws DeterminismViolationError where the code decides otherwise than the history says; what Temporal answers when
 *   it cannot be reached
 */
export async function replayRun(client: Client, options: ReplayOptions): Promise<{ events: number }> {
  const { workflowId, runId, workflowBundle, dataConverter } = options
  const history = await wholeHistory(client, { workflowId, runId })
  await Worker.runReplayHistory({ workflowBundle: { codePath: workflowBundle }, dataConverter }, history, workflowId)
  return { events: history.events?.length ?? 0 }
}
