/**
 * Histories as JSON text in protobuf's own JSON mapping: what `temporal workflow show --output json`, the Web UI's download
 * and the SDKs' replayers write and read.
 */
import { randomUUID } from 'node:crypto'
import type { Payload, PayloadCodec } from '@temporalio/common'
import { payloadToJSON } from '@temporalio/common/lib/proto-utils.js'
import proto from '@temporalio/proto'
import { patchProtobufRoot } from '@temporalio/proto/lib/patch-protobuf-root.js'
import type { Type } from 'protobufjs'
import protojson from 'protobufjs/ext/protojson.js'
import { indexJson } from '../../../contract/exactJson.ts'
import { type Decoded, decodeEach } from '../../../temporal/codec/decodeEach.ts'
import { payloadView } from '../runs/payloads.ts'
import type { HistoryEvent } from '../runs/timeline.ts'
import { failureText } from './failureTexts.ts'

// The types that are generated for the SDK leave its reflection out.
const root = patchProtobufRoot(proto as never) as unknown as { lookupType(name: string): Type }
const eventType = root.lookupType('temporal.api.history.v1.HistoryEvent')

type Json = Record<string, unknown>

/** Each event as Temporal holds it, as one line of JSON. */
export const storedJson = (events: readonly HistoryEvent[]): string[] =>
  events.map((event) => JSON.stringify(protojson.toJson(eventType, eventType.fromObject(event))))

/**
 * Each event with its payloads decoded, as one line of JSON. It stays a history that replayers read: a payload is still
 * one, decoded, with its value beside it as it was encoded (`value`, exact to the digit; not of one that is hundreds of levels
 * deep); one that cannot be decoded is left sealed and says why (`unreadable`). A failure's sealed text is back in its place.
 */
export async function decodedJson(
  events: readonly HistoryEvent[],
  codecs: PayloadCodec[],
): Promise<{ lines: string[]; unreadable: number }> {
  const objects = events.map((event) => protojson.toJson(eventType, eventType.fromObject(event)) as Json)
  const places = objects.flatMap(payloadPlaces)
  const decoded = await decodeEach(
    codecs,
    places.map(({ payload }) => payload),
  )
  // No text of a history holds a name that was drawn just now.
  const mark = randomUUID()
  const values: string[] = []
  places.forEach(({ holder, name }, index) => {
    const one = decoded[index] as Decoded
    if (one.error) {
      holder[name] = { ...(holder[name] as Json), unreadable: one.error.message }
      return
    }
    const { json } = payloadView('', one)
    if (name === 'encodedAttributes' && json !== null && restoreFailure(holder, json)) return
    const plain = { ...kept(holder[name] as Json), ...(payloadToJSON(one.payload) as Json) }
    if (json !== null && mayStandBeside(json)) plain.value = `${mark} ${values.push(json) - 1}`
    holder[name] = plain
  })
  const marks = new RegExp(`"${mark} (\\d+)"`, 'g')
  return {
    lines: objects.map((object) => JSON.stringify(object).replace(marks, (_, index) => values[Number(index)] ?? 'null')),
    unreadable: decoded.filter(({ error }) => error !== null).length,
  }
}

interface PayloadPlace {
  holder: Json
  name: string
  payload: Payload
}

/** Every payload of an event in JSON, wherever it stands: an object with the two fields that a payload has. */
function payloadPlaces(value: unknown): PayloadPlace[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) =>
    isPayloadJson(inner) ? [{ holder: value as Json, name, payload: payloadOf(inner as PayloadJson) }] : payloadPlaces(inner),
  )
}

/** What stands beside a payload's bytes, and no codec sees. */
const kept = ({ externalPayloads }: Json): Json => (externalPayloads === undefined ? {} : { externalPayloads })

interface PayloadJson {
  metadata: Record<string, string>
  /** protobuf's JSON leaves it out where there are no bytes. */
  data?: string
}

/** As gRPC gives it: the SDK's `JSONToPayload` makes a list of bytes that are not there. */
const payloadOf = ({ metadata, data = '' }: PayloadJson): Payload => ({
  metadata: Object.fromEntries(Object.entries(metadata).map(([name, text]) => [name, Buffer.from(text, 'base64')])),
  data: Buffer.from(data, 'base64'),
})

const isPayloadJson = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return false
  const { metadata } = value as Json
  return typeof metadata === 'object' && metadata !== null && 'encoding' in metadata
}

/** Puts the text of a failure back where it was before it was sealed. */
function restoreFailure(failure: Json, json: string): boolean {
  const text = failureText(json)
  if (text === null) return false
  failure.message = text.message
  if (text.stack !== null) failure.stackTrace = text.stack
  delete failure.encodedAttributes
  return true
}

/** Levels of a value that stands beside its payload: Python's JSON reader ends at about a thousand, and replayers read all of a file. */
const deepestValue = 200

function mayStandBeside(json: string): boolean {
  try {
    const index = indexJson(json)
    for (let node = 0; node < index.count; node++) if (index.level(node) > deepestValue) return false
    return true
  } catch {
    return false
  }
}
