import type { Client } from '@temporalio/client'
import proto from '@temporalio/proto'
import { invalid } from '../../../contract/errors.ts'
import type { HistoryPiece } from '../../../contract/history.ts'
import { withinLimit } from '../../../temporal/grpc.ts'
import type { HistoryEvent } from '../runs/timeline.ts'
import { decodedJson, storedJson } from './historyJson.ts'

interface Asked {
  workflowId: string
  runId: string
  decoded: boolean
  /** The `next` of the piece before; null for the first one. */
  after: string | null
}

/** Events that are asked for at once; Temporal never splits what one workflow task wrote, so there may be thousands. */
const pageEvents = 500
/**
 * Bytes of events in one piece, as Temporal holds them: as JSON with their values beside them, and as text in a message,
 * they are several times as long, and a message may hold 8 MiB. One event is never split.
 */
const pieceBytes = 512 * 1024

/**
 * One piece of a history's JSON text, in the order of its events; all pieces one after the other are the file.
 * @throws a gRPC error when Temporal cannot be reached, has no such run, or does not know `after`.
 */
export async function exportHistory(client: Client, { workflowId, runId, decoded, after }: Asked): Promise<HistoryPiece> {
  const { namespace, loadedDataConverter } = client.options
  const { token, skip } = placeOf(after)
  const { history, nextPageToken } = await withinLimit(client, () =>
    client.workflowService.getWorkflowExecutionHistory({
      namespace,
      execution: { workflowId, runId },
      maximumPageSize: pageEvents,
      nextPageToken: token,
    }),
  )
  const page = history?.events ?? []
  const events = firstOf(page.slice(skip))
  const { lines, unreadable } = decoded
    ? await decodedJson(events, loadedDataConverter.payloadCodecs)
    : { lines: storedJson(events), unreadable: 0 }
  const read = skip + events.length
  const next =
    read < page.length ? afterPlace(token, read) : nextPageToken && nextPageToken.length > 0 ? afterPlace(nextPageToken, 0) : null
  const begin = after === null ? '{"events":[\n' : lines.length > 0 ? ',\n' : ''
  return { text: `${begin}${lines.join(',\n')}${next === null ? '\n]}\n' : ''}`, events: events.length, unreadable, next }
}

/** As many events as a piece holds, one at least. */
function firstOf(events: readonly HistoryEvent[]): readonly HistoryEvent[] {
  let bytes = 0
  const over = events.findIndex((event, index) => {
    bytes += proto.temporal.api.history.v1.HistoryEvent.encode(event).finish().length
    return index > 0 && bytes > pieceBytes
  })
  return over < 0 ? events : events.slice(0, over)
}

/** Four bytes say how many events of the page are there already; Temporal's own token follows. */
function afterPlace(token: Uint8Array | undefined, skip: number): string {
  const count = Buffer.alloc(4)
  count.writeUInt32BE(skip)
  return Buffer.concat([count, token ?? new Uint8Array()]).toString('base64')
}

function placeOf(after: string | null): { token: Uint8Array | undefined; skip: number } {
  if (after === null) return { token: undefined, skip: 0 }
  const place = Buffer.from(after, 'base64')
  if (place.length < 4) throw invalid('Temporal does not know this page. Export the history from its beginning.', 'after')
  return { token: place.length > 4 ? place.subarray(4) : undefined, skip: place.readUInt32BE(0) }
}
