import type { Client } from '@temporalio/client'
import { historyPages } from '../../../temporal/historyPages.ts'

/** As Temporal's server signs what it does by itself (`IdentityHistoryService` of its sources). */
const temporalItself = 'history-service'

/**
 * Who had a run end before its time, and why, as a sentence; null where its history does not tell. Somebody terminated it, or
 * asked it to cancel.
 * @throws a gRPC error when Temporal cannot be reached or has no such run.
 */
export async function endedByClient(client: Client, execution: { workflowId: string; runId: string }): Promise<string | null> {
  const sentence = (who: string | null | undefined, did: string, why: string | null | undefined) =>
    `${who || 'A Temporal client (no name given)'} ${did}${why?.trim() ? `: ${why.trim()}` : '.'}`
  let read = 0
  for await (const { events } of historyPages(client, execution, { newestFirst: true })) {
    for (const {
      workflowExecutionTerminatedEventAttributes: killed,
      workflowExecutionCancelRequestedEventAttributes: asked,
    } of events) {
      if (killed) return sentence(killed.identity, 'terminated it', killed.reason)
      if (asked) return sentence(asked.identity, 'asked for it', asked.cause)
    }
    read += events.length
    // What was asked for stands near the end; a run that went on for long after it is no reason to read all of it.
    if (read >= mostEvents) break
  }
  return null
}

const mostEvents = 500

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
