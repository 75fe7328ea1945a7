import type { Client } from '@temporalio/client'
import type { PayloadCodec } from '@temporalio/common'
import type { HistoryEvent, HistoryPage } from '../../../contract/history.ts'
import { type Decoded, decodeEach } from '../../../temporal/codec/decodeEach.ts'
import { withinLimit } from '../../../temporal/grpc.ts'
import { payloadView } from '../runs/payloads.ts'
import { isoOf } from '../runs/protoTime.ts'
import type { HistoryEvent as StoredEvent } from '../runs/timeline.ts'
import { attributesOf, payloadsOfEvent } from './findPayloads.ts'

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
 * @param patienceMs how long one page's payloads may take to decode; what has not come by then is told as unreadable.
 * @throws a gRPC error when Temporal cannot be reached, has no such run, or does not know `older`.
 */
export async function readHistoryPage(
  client: Client,
  { workflowId, runId, older, limit }: Asked,
  patienceMs = 800,
): Promise<HistoryPage> {
  const { history, nextPageToken } = await withinLimit(client, () =>
    client.workflowService.getWorkflowExecutionHistoryReverse({
      namespace: client.options.namespace,
      execution: { workflowId, runId },
      maximumPageSize: limit,
      nextPageToken: older === null ? undefined : Buffer.from(older, 'base64'),
    }),
  )
  const stored = history?.events ?? []
  const { payloadCodecs } = client.options.loadedDataConverter
  const events = await historyEvents(stored, payloadCodecs, { older, patienceMs })
  return {
    events,
    older: nextPageToken && nextPageToken.length > 0 ? Buffer.from(nextPageToken).toString('base64') : null,
    unreadable: events.flatMap(({ payloads }) => payloads).filter(({ unreadable }) => unreadable !== null).length,
  }
}

/**
 * Events as the console shows them, with every payload decoded, all of them together in few calls of the codecs.
 * @param older of the page that they are of, as it was asked for: by it a payload is found again
 */
export async function historyEvents(
  stored: readonly StoredEvent[],
  codecs: PayloadCodec[],
  { older, patienceMs }: { older: string | null; patienceMs: number },
): Promise<HistoryEvent[]> {
  const subjects = new Map(stored.map((event) => [String(event.eventId), subjectOf(event)]))
  const found = stored.map((event) => payloadsOfEvent(event))
  const payloads = found.flatMap((one) => one.payloads.map(({ payload }) => payload))
  const decoded = (await decodeEach(codecs, payloads, { patienceMs })).values()
  return stored.map((event, at) => {
    const [name = '', attributes = {}] = attributesOf(event)
    const answers = answered(attributes)
    const eventId = String(event.eventId)
    return {
      id: eventId,
      type: name.replace(/^./, (letter) => letter.toUpperCase()).replace(/EventAttributes$/, ''),
      at: isoOf(event.eventTime),
      subject: subjectOf(event) ?? (answers ? (subjects.get(answers) ?? null) : null),
      answers,
      failures: found[at]?.failures ?? [],
      payloads: (found[at]?.payloads ?? []).map(({ path }, index) => {
        const ref = { in: 'event' as const, eventId, index, newestFirst: true, older }
        return payloadView(path, decoded.next().value as Decoded, ref)
      }),
    }
  })
}

function subjectOf(event: StoredEvent): string | null {
  const [, attributes = {}] = attributesOf(event)
  const accepted = attributes.acceptedRequest as { input?: { name?: string } } | undefined
  const subject =
    attributes.activityId || attributes.signalName || attributes.timerId || attributes.markerName || accepted?.input?.name
  return typeof subject === 'string' ? subject : null
}

function answered(attributes: Record<string, unknown>): string | null {
  for (const name of ['scheduledEventId', 'acceptedEventId']) {
    const id = attributes[name]
    if (id !== undefined && id !== null && String(id) !== '0') return String(id)
  }
  return null
}
