import type { PayloadCodec } from '@temporalio/common'
import type { HistoryEvent } from '../../../contract/history.ts'
import type { PayloadRef } from '../../../contract/model.ts'
import { viewLists } from '../runs/payloads.ts'
import { isoOf } from '../runs/protoTime.ts'
import type { HistoryEvent as StoredEvent } from '../runs/timeline.ts'
import { factsOf } from './eventFacts.ts'
import { withTexts } from './failureTexts.ts'
import { attributesOf, payloadsOfEvent } from './findPayloads.ts'

interface Options {
  /** Where the host finds a value of an event again; null where it cannot. */
  refOf(eventId: string, index: number): PayloadRef | null
  /** How long the payloads of all of them may take to decode, in milliseconds; what has not come by then is told as late. */
  waitMs?: number
}

/** Events as the console shows them, in their order; their payloads are decoded together. Never rejects. */
export async function viewEvents(
  stored: readonly StoredEvent[],
  codecs: PayloadCodec[],
  { refOf, waitMs }: Options,
): Promise<HistoryEvent[]> {
  const subjects = new Map(stored.map((event) => [String(event.eventId), subjectOf(event)]))
  const found = stored.map(payloadsOfEvent)
  const payloads = await viewLists(
    found.map((each, place) => each.payloads.map((at, index) => ({ ...at, ref: refOf(String(stored[place]?.eventId), index) }))),
    codecs,
    waitMs,
  )
  return stored.map((event, place) => {
    const [name = '', attributes = {}] = attributesOf(event)
    const answers = answered(attributes)
    return {
      id: String(event.eventId),
      type: name.replace(/^./, (letter) => letter.toUpperCase()).replace(/EventAttributes$/, ''),
      at: isoOf(event.eventTime),
      subject: subjectOf(event) ?? (answers ? (subjects.get(answers) ?? null) : null),
      answers,
      failures: withTexts(found[place]?.failures ?? [], payloads[place] ?? []),
      facts: factsOf(event),
      payloads: payloads[place] ?? [],
    }
  })
}

function subjectOf(event: StoredEvent): string | null {
  const [, attributes = {}] = attributesOf(event)
  const { activityId, signalName, timerId, markerName, operation } = attributes
  const asked = (attributes.acceptedRequest ?? attributes.request) as { input?: { name?: string } } | undefined
  const other = attributes.workflowExecution as { workflowId?: string } | undefined
  // An event that starts another workflow names it by fields of its own; the run's very first has its own id there.
  const started = event.startChildWorkflowExecutionInitiatedEventAttributes?.workflowId
  const subject =
    activityId || signalName || timerId || markerName || operation || asked?.input?.name || started || other?.workflowId
  return typeof subject === 'string' ? subject : null
}

function answered(attributes: Record<string, unknown>): string | null {
  for (const name of ['scheduledEventId', 'acceptedEventId', 'initiatedEventId', 'startedEventId']) {
    const id = attributes[name]
    if (id !== undefined && id !== null && String(id) !== '0') return String(id)
  }
  return null
}
