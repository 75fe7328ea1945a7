import type { Client } from '@temporalio/client'
import type { HistoryPage } from '../../../contract/history.ts'
import { withinLimit } from '../../../temporal/grpc.ts'
import { viewEvents } from './viewEvents.ts'

interface Asked {
  workflowId: string
  runId: string
  /** The `older` of the page before; null begins at the newest event. */
  older: string | null
  /**
   * About how many events: Temporal never splits what one workflow task wrote, so a page may hold some more; and fewer,
   * as its pages are bounded in bytes too.
   */
  limit: number
}

/**
 * One page of a run's history, newest first, with every payload decoded; events that were not asked for are never loaded.
 * @param waitMs how long the page's payloads may take to decode; what has not come by then is told as late.
 * @throws a gRPC error when Temporal cannot be reached, has no such run, or does not know `older`.
 */
export async function readHistoryPage(
  client: Client,
  { workflowId, runId, older, limit }: Asked,
  waitMs?: number,
): Promise<HistoryPage> {
  const { history, nextPageToken } = await withinLimit(client, () =>
    client.workflowService.getWorkflowExecutionHistoryReverse({
      namespace: client.options.namespace,
      execution: { workflowId, runId },
      maximumPageSize: limit,
      nextPageToken: older === null ? undefined : Buffer.from(older, 'base64'),
    }),
  )
  const events = await viewEvents(history?.events ?? [], client.options.loadedDataConverter.payloadCodecs, {
    refOf: (eventId, index) => ({ in: 'event', eventId, index, newestFirst: true, older }),
    waitMs,
  })
  return {
    events,
    older: nextPageToken && nextPageToken.length > 0 ? Buffer.from(nextPageToken).toString('base64') : null,
    unreadable: events.flatMap(({ payloads }) => payloads).filter(({ unreadable }) => unreadable !== null).length,
  }
}
