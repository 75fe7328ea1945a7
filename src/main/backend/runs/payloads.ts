import type { LoadedDataConverter, Payload, PayloadCodec } from '@temporalio/common'
import type { StepPayloads } from '../../../contract/history.ts'
import type { PayloadRef, PayloadView, StepName } from '../../../contract/model.ts'
import type { Decoded } from '../../../temporal/codec/decodeEach.ts'
import { decodeSoon, StillDecoding } from '../../../temporal/codec/decodeSoon.ts'
import { payloadBytes } from '../../../temporal/codec/payloadBytes.ts'
import { sealedMetadata } from '../../../temporal/codec/sealedPayload.ts'
import { withTexts } from '../history/failureTexts.ts'
import { findPayloads, type PayloadAt, payloadsOfEvent } from '../history/findPayloads.ts'
import { fitMessage } from '../history/fitMessage.ts'
import { idOf, incompleteWords, type ReadEvents } from '../history/readEvents.ts'
import { metadataText } from './runEncryption.ts'
import type { HistoryEvent, PendingActivity } from './timeline.ts'

/** A payload, where it stands and where it is found again. */
export interface PlacedPayload extends PayloadAt {
  /** null where it cannot be. */
  ref: PayloadRef | null
}

/** A payload that cannot be read spoils itself only, one that is late keeps nobody waiting. Never rejects. */
export async function viewEach(placed: readonly PlacedPayload[], converter: LoadedDataConverter): Promise<PayloadView[]> {
  const [views = []] = await viewLists([placed], converter.payloadCodecs)
  return views
}

/**
 * The same for several lists, decoded together: a call of the codec may be a round trip.
 * @param waitMs how long they may take; what has not come by then is told as late.
 */
export async function viewLists(
  lists: readonly (readonly PlacedPayload[])[],
  codecs: PayloadCodec[],
  waitMs?: number,
): Promise<PayloadView[][]> {
  const payloads = lists.flat().map(({ payload }) => payload)
  const decoded = await decodeSoon(codecs, payloads, waitMs)
  let next = 0
  return lists.map((list) => list.map(({ path, ref }) => payloadView(path, decoded[next++] as Decoded, ref)))
}

/** What the latest scheduling of one step holds, as far as Temporal keeps it: only the last failure, only the last heartbeat. */
export async function stepPayloads(
  step: StepName,
  history: ReadEvents,
  pending: readonly PendingActivity[],
  converter: LoadedDataConverter,
): Promise<StepPayloads> {
  const { events, notRead } = history
  const isNear = (event: HistoryEvent) => notRead === null || idOf(event) > notRead.last
  // What is near the end of a long history is found again from there.
  const placed = (event: HistoryEvent) => placedInEvent(event, notRead !== null && isNear(event))
  const scheduled = events.findLast((event) => event.activityTaskScheduledEventAttributes?.activityId === step)
  const answers = scheduled ? events.filter((event) => scheduledEventOf(event) === String(scheduled.eventId)) : []
  const under = pending.find(({ activityId }) => activityId === step)
  const failed = answers.findLast((event) => payloadsOfEvent(event).failures.length > 0)
  const live = under ? findPayloads({ [step]: { lastFailure: under.lastFailure } }) : { payloads: [], failures: [] }
  const ofFailure = live.failures.length > 0 ? placedInRun(live.payloads) : failed ? placed(failed) : []
  const isHeartbeat = ({ path }: PayloadAt) => /(^|\.)(lastHeartbeatDetails|heartbeat)(\.\d+)?$/.test(path)
  const within = (name: string) => (at: PayloadAt) => at.path === name || at.path.startsWith(`${name}.`)
  const ofSchedule = scheduled ? placed(scheduled) : []
  const ofHeartbeat = under?.heartbeatDetails
    ? placedInRun(findPayloads({ [step]: { heartbeat: under.heartbeatDetails } }).payloads)
    : ofFailure.filter(isHeartbeat)
  const views = await viewLists(
    [
      ofSchedule.filter(within('input')),
      answers.flatMap(placed).filter(within('result')),
      ofFailure.filter((at) => !isHeartbeat(at)),
      ofHeartbeat,
      ofSchedule.filter(within('header')),
    ],
    converter.payloadCodecs,
  )
  const told = live.failures.length > 0 ? live.failures : failed ? payloadsOfEvent(failed).failures : []
  const failures = withTexts(told, views[2] ?? [])
  const [inputs = [], results = [], failureValues = [], heartbeat = [], headers = []] = fitMessage(views)
  // What a step came to, and that it was scheduled again, may stand in the part that was not read.
  const incomplete = scheduled && isNear(scheduled) ? null : incompleteWords(history)
  return { step, inputs, results, heartbeat, failures, failureValues, headers, incomplete }
}

function scheduledEventOf(event: HistoryEvent): string | null {
  const attributes =
    event.activityTaskStartedEventAttributes ??
    event.activityTaskCompletedEventAttributes ??
    event.activityTaskFailedEventAttributes ??
    event.activityTaskTimedOutEventAttributes ??
    event.activityTaskCanceledEventAttributes
  return attributes ? String(attributes.scheduledEventId) : null
}

/** An event's payloads, to be found again by reading the history from its beginning, or from its newest event. */
export const placedInEvent = (event: HistoryEvent, newestFirst = false): PlacedPayload[] =>
  payloadsOfEvent(event).payloads.map((at, index) => ({
    ...at,
    ref: { in: 'event', eventId: String(event.eventId), index, newestFirst, older: null },
  }))

/** Payloads of what Temporal says of the run now. */
export const placedInRun = (payloads: readonly PayloadAt[]): PlacedPayload[] =>
  payloads.map((at) => ({ ...at, ref: { in: 'run', path: at.path } }))

/** Bytes of a payload that are shown as Temporal holds them: enough to see that they are unreadable. A multiple of 3 needs no padding. */
const storedShown = 12_000

/** A payload as the console shows it: what it says, or why it cannot be read, beside what Temporal holds. */
export function payloadView(label: string, { stored: payload, ...decoded }: Decoded, ref: PayloadRef | null = null): PayloadView {
  const bytes = payloadBytes(payload)
  const stored = {
    label,
    encoding: metadataText(payload, sealedMetadata.encoding) ?? 'unknown',
    keyId: metadataText(payload, sealedMetadata.keyId),
    sizeBytes: bytes.length,
    stored: Buffer.from(bytes.subarray(0, storedShown)).toString('base64'),
    ref,
  }
  if (decoded.error) {
    const late = decoded.error instanceof StillDecoding ? ({ late: true } as const) : {}
    return { ...stored, ...nothingRead, unreadable: decoded.error.message, ...late }
  }
  const inside = decoded.payload
  const held = payloadBytes(inside)
  const encoding = metadataText(inside, sealedMetadata.encoding) ?? 'unknown'
  const holds = { encoding, messageType: metadataText(inside, 'messageType'), sizeBytes: held.length }
  const text = textOf(held)
  if (encoding === 'binary/null') return { ...stored, ...nothingRead, holds, json: 'null', unreadable: null }
  if (encoding === 'json/plain' || encoding === 'json/protobuf') {
    // The text as it was encoded: parsing and printing again would round 64-bit numbers.
    if (text !== null) return { ...stored, ...nothingRead, holds, json: text, unreadable: null }
    return { ...stored, ...nothingRead, holds, unreadable: `It calls itself ${encoding}, but its bytes are no text (UTF-8).` }
  }
  const isText = text !== null && isReadable(text)
  const note = noteOf(inside, encoding, isText)
  return { ...stored, ...nothingRead, holds, plain: isText ? text : null, unreadable: null, ...(note === null ? {} : { note }) }
}

/** Encodings of the SDKs whose bytes are what they are. */
const asItIs: ReadonlySet<string> = new Set(['binary/plain', 'binary/protobuf'])

/** Why a value is shown as text or bytes, where its encoding does not say so. */
function noteOf(inside: Payload, encoding: string, isText: boolean): string | null {
  if (asItIs.has(encoding)) return null
  const shown = isText
    ? 'This is its text as it is.'
    : payloadBytes(inside).length > 0
      ? 'These are its bytes.'
      : 'It holds no bytes.'
  if (encoding === externalReference) {
    return `The value itself is kept outside of Temporal, where this console does not look. ${isText ? 'This is what refers to it.' : 'These are the bytes that refer to it.'}`
  }
  if (inside.metadata?.[sealedMetadata.encoding] === undefined) return `It does not say how it is encoded. ${shown}`
  return `It is encoded as ${encoding.slice(0, longestNamed)}, which nothing here decodes. ${shown}`
}

/** The SDKs' own, for values that were too large for Temporal. */
const externalReference = 'json/external-storage-reference'
/** Characters of an encoding's name in a sentence: a stranger wrote it. */
const longestNamed = 100

const nothingRead = { holds: null, json: null, plain: null }

// A byte order mark belongs to the value.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes)
  } catch {
    return null
  }
}

/** A text that a person may read: no control characters but tabs and line ends. */
const isReadable = (text: string) => text !== '' && !/(?![\t\n\r])\p{Cc}/u.test(text)
