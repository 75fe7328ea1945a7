import type { Client } from '@temporalio/client'
import { historyPages } from '../../../temporal/historyPages.ts'

/** As Temporal's server signs what it does by itself (`IdentityHistoryService` of its sources). */
const temporalItself = 'history-service'

/**
 * Why Temporal itself terminated a run, such as one whose history has grown beyond its limit, as a sentence; null when a
 * client did.
 * @throws a gRPC error when Temporal cannot be reached or has no such run.
 */
export async function endedByTemporal(client: Client, execution: { workflowId: string; runId: string }): Promise<string | null> {
  for await (const { events } of historyPages(client, execution, { newestFirst: true, writes: 1 })) {
    const ended = events[0]?.workflowExecutionTerminatedEventAttributes
    if (ended?.identity !== temporalItself) return null
    const why = (ended.reason || 'it gave no reason').replace(/\.$/, '')
    return `Temporal ended this run by itself: ${why}. What it had done is kept. "Run again" gives its file a new run.`
  }
  return null
}
