import type { Client } from '@temporalio/client'
import type { HistoryPiece } from '../../../contract/history.ts'
import { withinLimit } from '../../../temporal/grpc.ts'
import { decodedJson, storedJson } from './historyJson.ts'

interface Asked {
  workflowId: string
  runId: string
  decoded: boolean
  /** The `next` of the piece before; null for the first one. */
  after: string | null
}

/** Events of one piece, before Temporal's own bound of a page in bytes. */
const pieceEvents = 500

/**
 * One piece of a history's JSON text, in the order of its events; all pieces one after the other are the file.
 * @throws a gRPC error when Temporal cannot be reached, has no such run, or does not know `after`.
 */
export async function exportHistory(client: Client, { workflowId, runId, decoded, after }: Asked): Promise<HistoryPiece> {
  const { namespace, loadedDataConverter } = client.options
  const { history, nextPageToken } = await withinLimit(client, () =>
    client.workflowService.getWorkflowExecutionHistory({
      namespace,
      execution: { workflowId, runId },
      maximumPageSize: pieceEvents,
      nextPageToken: after === null ? undefined : Buffer.from(after, 'base64'),
    }),
  )
  const events = history?.events ?? []
  const { lines, unreadable } = decoded
    ? await decodedJson(events, loadedDataConverter.payloadCodecs)
    : { lines: storedJson(events), unreadable: 0 }
  const next = nextPageToken && nextPageToken.length > 0 ? Buffer.from(nextPageToken).toString('base64') : null
  const begin = after === null ? '{"events":[\n' : lines.length > 0 ? ',\n' : ''
  return { text: `${begin}${lines.join(',\n')}${next === null ? '\n]}\n' : ''}`, events: events.length, unreadable, next }
}
