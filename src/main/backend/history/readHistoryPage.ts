import type { Client } from '@temporalio/client'
import type { HistoryPage } from '../../../contract/history.ts'
import { historyPages } from '../../../temporal/historyPages.ts'
import type { HistoryEvent as StoredEvent } from '../runs/timeline.ts'
import { fitEvents } from './fitMessage.ts'
import { viewEvents } from './viewEvents.ts'

interface Asked {
  workflowId: string
  runId: string
  /** The `older` of the page before; null begins at the newest event. */
  older: string | null
  /** How many events at most; a page may hold fewer. */
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
  const { stored, next } = await readCut(client, { workflowId, runId }, older, limit)
  const events = await viewEvents(stored, client.options.loadedDataConverter.payloadCodecs, {
    refOf: (eventId, index) => ({ in: 'event', eventId, index, newestFirst: true, older }),
    waitMs,
  })
  return {
    events: fitEvents(events),
    older: next,
    unreadable: events.flatMap(({ payloads }) => payloads).filter(({ unreadable }) => unreadable !== null).length,
  }
}

/**
 * Temporal counts writes, and never splits what was written at once, as by one workflow task: 100 of them may be 500 events.
 * A page is cut behind its last event; the rest of Temporal's page is the next one.
 */
async function readCut(client: Client, execution: { workflowId: string; runId: string }, older: string | null, limit: number) {
  const { token, below } = placeOf(older)
  const stored: StoredEvent[] = []
  let bytes = 0
  for await (const page of historyPages(client, execution, { newestFirst: true, from: token, mostWrites: limit })) {
    // A run under way has moved on since: nothing of this page is newer than what was told.
    const events = page.events.filter((event) => below === null || idOf(event) < below)
    stored.push(...events.slice(0, limit - stored.length))
    bytes += page.bytes
    const last = stored.at(-1)
    if (last && idOf(last) !== idOf(events.at(-1) ?? last)) return { stored, next: `${textOf(page.token)}.${idOf(last)}` }
    if (!page.next) break
    if (stored.length === limit || bytes >= mostBytes) return { stored, next: textOf(page.next) }
  }
  return { stored, next: null }
}

/** As Temporal holds them: a page of large events holds fewer. */
const mostBytes = 16 * 1024 * 1024

const idOf = ({ eventId }: StoredEvent): bigint => BigInt(String(eventId))
const textOf = (token: Uint8Array | undefined): string => Buffer.from(token ?? []).toString('base64')

/** Where a page begins: Temporal's own page, and the event that its events come before, where that page was cut. */
export function placeOf(older: string | null): { token: Uint8Array | undefined; below: bigint | null } {
  const [token = '', below] = (older ?? '').split('.')
  return { token: token === '' ? undefined : Buffer.from(token, 'base64'), below: below ? BigInt(below) : null }
}
