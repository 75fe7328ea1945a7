import type { Client } from '@temporalio/client'
import { invalid } from '../../../contract/errors.ts'
import type { HistoryPiece } from '../../../contract/history.ts'
import { firstEvents, historyPages } from '../../../temporal/historyPages.ts'
import type { HistoryEvent } from '../runs/timeline.ts'
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
/** Of the first page: a page is read again for every piece of it. */
const firstWrites = 4

/**
 * One piece of a history's JSON text, in the order of its events; all pieces one after the other are the file.
 * @throws a gRPC error when Temporal cannot be reached, has no such run, or does not know `after`.
 */
export async function exportHistory(client: Client, { workflowId, runId, decoded, after }: Asked): Promise<HistoryPiece> {
  const { events, next } = await readPiece(client, { workflowId, runId }, after)
  const { lines, unreadable } = decoded
    ? await decodedJson(events, client.options.loadedDataConverter.payloadCodecs)
    : { lines: storedJson(events), unreadable: 0 }
  const begin = after === null ? '{"events":[\n' : lines.length > 0 ? ',\n' : ''
  return { text: `${begin}${lines.join(',\n')}${next === null ? '\n]}\n' : ''}`, events: events.length, unreadable, next }
}

async function readPiece(client: Client, execution: { workflowId: string; runId: string }, after: string | null) {
  const { token: from, writes, skip } = placeOf(after)
  const events: HistoryEvent[] = []
  let room = pieceBytes
  for await (const page of historyPages(client, execution, { from, writes, pageBytes: 2 * pieceBytes })) {
    const before = events.length === 0 ? skip : 0
    const rest = page.events.slice(before)
    const fitting = firstEvents(rest, room)
    events.push(...fitting)
    if (fitting.length < rest.length) return { events, next: afterPlace(page.token, page.writes, before + fitting.length) }
    if (page.next === undefined) break
    room -= page.bytes
    if (room <= 0) return { events, next: afterPlace(page.next, page.nextWrites, 0) }
  }
  return { events, next: null }
}

/** Two numbers of four bytes: how many events of the page are there already, and how many writes it asks for; Temporal's own token follows. */
function afterPlace(token: Uint8Array | undefined, writes: number, skip: number): string {
  const counts = Buffer.alloc(8)
  counts.writeUInt32BE(skip)
  counts.writeUInt32BE(writes, 4)
  return Buffer.concat([counts, token ?? new Uint8Array()]).toString('base64')
}

function placeOf(after: string | null): { token: Uint8Array | undefined; writes: number; skip: number } {
  if (after === null) return { token: undefined, writes: firstWrites, skip: 0 }
  const place = Buffer.from(after, 'base64')
  if (place.length < 8) throw invalid('Temporal does not know this page. Export the history from its beginning.', 'after')
  const token = place.length > 8 ? place.subarray(8) : undefined
  return { token, writes: Math.max(1, place.readUInt32BE(4)), skip: place.readUInt32BE(0) }
}
