import type { Client } from '@temporalio/client'
import { invalid } from '../../../contract/errors.ts'
import type { HistoryPiece } from '../../../contract/history.ts'
import { firstEvents, historyPages, type StoredPage } from '../../../temporal/historyPages.ts'
import { decodedJson, storedJson } from './historyJson.ts'

interface Asked {
  workflowId: string
  runId: string
  decoded: boolean
  /** The `next` of the piece before; null for the first one. */
  after: string | null
}

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
  const { token, writes, skip } = placeOf(after)
  const page = await pageAt(client, { workflowId, runId }, token, writes)
  const { events: stored, next: nextToken, nextWrites } = page
  const events = firstEvents(stored.slice(skip), pieceBytes)
  const { lines, unreadable } = decoded
    ? await decodedJson(events, client.options.loadedDataConverter.payloadCodecs)
    : { lines: storedJson(events), unreadable: 0 }
  const read = skip + events.length
  const next = read < stored.length ? afterPlace(token, writes, read) : nextToken ? afterPlace(nextToken, nextWrites, 0) : null
  const begin = after === null ? '{"events":[\n' : lines.length > 0 ? ',\n' : ''
  return { text: `${begin}${lines.join(',\n')}${next === null ? '\n]}\n' : ''}`, events: events.length, unreadable, next }
}

async function pageAt(
  client: Client,
  execution: { workflowId: string; runId: string },
  from: Uint8Array | undefined,
  writes: number | undefined,
): Promise<StoredPage> {
  for await (const page of historyPages(client, execution, { from, writes, pageBytes: 2 * pieceBytes })) return page
  throw new Error('A history has a page at least.')
}

/** Two numbers of four bytes: how many events of the page are there already, and how many writes it asks for; Temporal's own token follows. */
function afterPlace(token: Uint8Array | undefined, writes: number | undefined, skip: number): string {
  const counts = Buffer.alloc(8)
  counts.writeUInt32BE(skip)
  counts.writeUInt32BE(writes ?? 0, 4)
  return Buffer.concat([counts, token ?? new Uint8Array()]).toString('base64')
}

function placeOf(after: string | null): { token: Uint8Array | undefined; writes: number | undefined; skip: number } {
  if (after === null) return { token: undefined, writes: undefined, skip: 0 }
  const place = Buffer.from(after, 'base64')
  if (place.length < 8) throw invalid('Temporal does not know this page. Export the history from its beginning.', 'after')
  const token = place.length > 8 ? place.subarray(8) : undefined
  return { token, writes: place.readUInt32BE(4) || undefined, skip: place.readUInt32BE(0) }
}
