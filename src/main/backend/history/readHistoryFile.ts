/** A history out of a JSON file: Gatehouse's own, the Web UI's download, the Temporal CLI's. */
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js'
import proto from '@temporalio/proto'
import { patchProtobufRoot } from '@temporalio/proto/lib/patch-protobuf-root.js'
import type { Enum, Field, Type } from 'protobufjs'
import { invalid } from '../../../contract/errors.ts'
import type { HistoryEvent } from '../runs/timeline.ts'
import { createExactValues, type ExactValues, type JsonPath } from './exactValues.ts'

const root = patchProtobufRoot(proto as never) as unknown as { lookupType(name: string): Type; resolveAll(): unknown }
root.resolveAll()
const eventType = root.lookupType('temporal.api.history.v1.HistoryEvent')
const payloadsType = root.lookupType('temporal.api.common.v1.Payloads')
const payloadType = root.lookupType('temporal.api.common.v1.Payload')
const timestampType = root.lookupType('google.protobuf.Timestamp')
const durationType = root.lookupType('google.protobuf.Duration')
const { HistoryEvent: EventMessage } = proto.temporal.api.history.v1

/** No field of a history lies nearly as deep; what is inside of a payload's value does not count. */
const deepest = 60

/**
 * The events of a file, in the order of their ids.
 * @param text the whole file
 * @throws CallFailed `invalid` with a sentence on what is wrong; it quotes nothing of the file, which may hold secrets
 */
export function readHistoryFile(text: string): HistoryEvent[] {
  const trimmed = text.replace(/^\uFEFF/, '')
  const { list, path } = eventsOf(parse(trimmed))
  if (list.length === 0) throw invalid('This file holds a history without events.')
  const ids = new Set<string>()
  const around = { depth: 0, inFull: text.includes('"payloads"'), exact: createExactValues(trimmed) }
  const events = list.map((event, index) => {
    if (!isObject(event)) throw invalid(`This is no history: its entry ${index + 1} is not an event.`)
    const read = normalise(eventType, event, { ...around, path: [...path, index] }) as Record<string, unknown>
    const id = String(read.eventId ?? '')
    if (!/^[1-9]\d{0,18}$/.test(id)) throw invalid(`This is no history: its entry ${index + 1} has no event id.`)
    if (ids.has(id)) throw invalid(`This is no history of one run: the event ${id} is there twice.`)
    ids.add(id)
    return read
  })
  // A newer Temporal has kinds of events that are not known here; one of them spoils itself only.
  if (!events.some(hasAttributes))
    throw invalid('This is no history: its events are of no kind that is known here, or their attributes are missing.')
  try {
    const history = historyFromJSON({
      events: events.map((event) => (hasAttributes(event) ? event : { ...event, ...unknownKind })),
    })
    return (history.events ?? [])
      .map((event, index) => asSent(event, hasAttributes(events[index] ?? {})))
      .toSorted((a, b) => (BigInt(String(a.eventId)) < BigInt(String(b.eventId)) ? -1 : 1))
  } catch {
    // The SDK's own words quote the event.
    throw invalid('This looks like a history, but one of its fields holds what does not belong there.')
  }
}

const hasAttributes = (event: Record<string, unknown>) => Object.keys(event).some((name) => name.endsWith('EventAttributes'))
/** The SDK's reader wants attributes of every event. */
const unknownKind = { workflowTaskScheduledEventAttributes: {} }

/** The event as if it had come from Temporal: what is not in its JSON is what gRPC gives then (`data` are bytes, no list). */
function asSent(event: HistoryEvent, known: boolean): HistoryEvent {
  const sent = EventMessage.decode(EventMessage.encode(event).finish())
  if (!known) sent.workflowTaskScheduledEventAttributes = null
  return sent
}

function parse(text: string): unknown {
  if (text.trim() === '') throw invalid('This file is empty.')
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof RangeError) throw invalid('This file is nested too deeply to be a history.')
    throw invalid(guess(text) ?? 'This is no history: it is not JSON, or it is cut off.')
  }
}

/** How what is chosen by mistake begins, once its bytes were read as text: gzip, zip, zstd. */
const packed = ['\u001f\uFFFD', 'PK\u0003\u0004', '(\uFFFD/\uFFFD']

/** What a file that is no JSON may be. */
function guess(text: string): string | undefined {
  if (packed.some((sign) => text.startsWith(sign))) return 'This file is compressed. Unpack it first, then open what is in it.'
  if (/^\s*</.test(text)) return 'This is no history: it is a web page or XML.'
  if (/^[A-Za-z0-9+/=\s]+$/.test(text)) return 'This is no history in JSON: it looks like base64, or plain words.'
  return undefined
}

/** The list of events, and where in the file it stands. */
function eventsOf(given: unknown): { list: unknown[]; path: JsonPath } {
  if (Array.isArray(given)) return { list: given, path: [] }
  if (!isObject(given)) throw invalid('This is no history: it holds no events.')
  // As `temporal workflow show` and the gRPC answer wrap it.
  const { events, history } = given
  if (Array.isArray(events)) return { list: events, path: ['events'] }
  if (isObject(history) && Array.isArray(history.events)) return { list: history.events, path: ['history', 'events'] }
  throw invalid('This is no history: it holds no list of events.')
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

interface Around {
  depth: number
  /** Whether the file has lists of payloads as protobuf's JSON has them: then no value stands where a payload should. */
  inFull: boolean
  path: JsonPath
  exact: ExactValues
}

/**
 * Fields by the names that protobuf's JSON mapping gives them, in camel or snake case; enums by any of their spellings;
 * payloads also in the shorthand of the CLI and the Web UI, which write a decoded value where its payload stood. Fields that
 * are not known here are left out.
 */
function normalise(type: Type, value: unknown, around: Around): unknown {
  if (around.depth > deepest) throw invalid('This file is nested too deeply to be a history.')
  if (type === payloadsType) {
    if (isObject(value) && Array.isArray(value.payloads)) {
      return { payloads: value.payloads.map((each, at) => payload(each, true, inside(around, 'payloads', at))) }
    }
    // Nothing in it: protobuf's JSON leaves an empty list out.
    if (isObject(value) && Object.keys(value).length === 0 && around.inFull) return {}
    if (!Array.isArray(value)) return { payloads: [payload(value, false, around)] }
    return { payloads: value.map((each, at) => payload(each, false, inside(around, at))) }
  }
  if (type === payloadType) return payload(value, around.inFull, around)
  if (type === timestampType || type === durationType) return timeText(type, value)
  if (!isObject(value) || type.parent === durationType.parent) return value
  const known: Record<string, unknown> = {}
  for (const [given, inner] of Object.entries(value)) {
    const field = fieldOf(type, given)
    if (field && inner !== null) known[field.name] = fieldValue(field, inner, inside(around, given))
  }
  return known
}

const fieldOf = (type: Type, given: string): Field | undefined => {
  const camel = given.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
  return Object.hasOwn(type.fields, camel) ? type.fields[camel] : undefined
}

const inside = (around: Around, ...steps: JsonPath): Around => ({ ...around, path: [...around.path, ...steps] })

function fieldValue(field: Field, value: unknown, around: Around): unknown {
  const { resolvedType } = field.resolve()
  const one = (inner: unknown, at: Around) => {
    // A 64-bit number that no double holds.
    if (!resolvedType) return typeof inner === 'number' && !Number.isSafeInteger(inner) ? (at.exact.at(at.path) ?? inner) : inner
    if ('values' in resolvedType) return enumName(resolvedType, inner)
    return normalise(resolvedType as Type, inner, { ...at, depth: at.depth + 1 })
  }
  if (field.map) {
    if (!isObject(value)) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, one(inner, inside(around, key))]))
  }
  if (!field.repeated) return one(value, around)
  return Array.isArray(value) ? value.map((inner, at) => one(inner, inside(around, at))) : value
}

/** `ActivityTaskScheduled`, `EVENT_TYPE_ACTIVITY_TASK_SCHEDULED` and its number are one; what a newer Temporal names is none of them. */
function enumName(type: Enum, value: unknown): unknown {
  if (typeof value !== 'number' && typeof value !== 'string') return value
  const names = spellingsOf(type)
  return names.get(typeof value === 'number' ? String(value) : bare(value)) ?? names.get('0')
}

const bare = (text: string) => text.replaceAll('_', '').toLowerCase()

const known = new WeakMap<Enum, Map<string, string>>()

/** Names of an enum by how they may be written: each of 40,000 events asks. */
function spellingsOf(type: Enum): Map<string, string> {
  const before = known.get(type)
  if (before) return before
  const spellings = new Map<string, string>()
  for (const [name, number] of Object.entries(type.values)) {
    for (const spelling of [String(number), bare(name), bare(name).replace(bare(type.name), '')]) {
      if (!spellings.has(spelling)) spellings.set(spelling, name)
    }
  }
  known.set(type, spellings)
  return spellings
}

/** Times and durations are texts in JSON; some tools write their two fields. */
function timeText(type: Type, value: unknown): unknown {
  if (!isObject(value) || !('seconds' in value)) return value
  const [seconds, nanos] = [value.seconds, value.nanos ?? 0].map((part) => Number(part))
  if (!Number.isSafeInteger(seconds) || !Number.isSafeInteger(nanos)) return value
  const fraction = `.${String(Math.abs(nanos as number)).padStart(9, '0')}`
  if (type === durationType) return `${seconds}${fraction}s`
  const at = new Date((seconds as number) * 1000)
  return Number.isNaN(at.getTime()) ? value : at.toISOString().replace('.000Z', `${fraction}Z`)
}

const encodingName = /^[a-z]+\/[\w.+-]+$/i
/** `json/plain` itself, where a payload has its base64; some names could be either, and then their base64 makes no sense. */
const isInWords = (encoding: unknown): boolean =>
  typeof encoding === 'string' &&
  encodingName.test(encoding) &&
  !encodingName.test(Buffer.from(encoding, 'base64').toString('latin1'))

/** A payload of the Web UI's "human readable" download: metadata as text, and in `data` what its bytes say. */
function ofWords(words: Record<string, unknown>, data: unknown, around: Around): unknown {
  const metadata = Object.fromEntries(Object.entries(words).map(([name, text]) => [name, base64(String(text))]))
  if (data === undefined || words.encoding === 'binary/null') return { metadata }
  const isValue = String(words.encoding).startsWith('json/') || typeof data !== 'string'
  return { metadata, data: isValue ? base64(written(inside(around, 'data'))) : data }
}

/** What stands beside a payload in protobuf's JSON, and in a decoded export of Gatehouse's. */
const payloadFields: ReadonlySet<string> = new Set([
  ...['metadata', 'data', 'externalPayloads', 'external_payloads'],
  ...['value', 'unreadable'],
])
/** Where the CLI's shorthand keeps the type of a protobuf message. */
const messageTypeField = '_protoMessageType'

/**
 * The value as a payload: what is one already stays as it is, a decoded value becomes one in JSON.
 * @param certain nothing but a payload stands here, also one that names no encoding
 */
function payload(value: unknown, certain: boolean, around: Around): unknown {
  if (isObject(value) && Object.keys(value).every((name) => payloadFields.has(name))) {
    const { metadata, data } = value
    const external = value.externalPayloads ?? value.external_payloads
    const rest = { ...(data === undefined ? {} : { data }), ...(external === undefined ? {} : { externalPayloads: external }) }
    if (isObject(metadata) && 'encoding' in metadata) {
      return isInWords(metadata.encoding) ? ofWords(metadata, data, around) : { metadata, ...rest }
    }
    if (certain) return { ...(isObject(metadata) ? { metadata } : {}), ...rest }
  }
  if (value === null) return { metadata: { encoding: base64('binary/null') } }
  if (isObject(value) && typeof value[messageTypeField] === 'string') {
    const metadata = { encoding: base64('json/protobuf'), messageType: base64(value[messageTypeField]) }
    return { metadata, data: base64(around.exact.without(around.path, messageTypeField) ?? '{}') }
  }
  return { metadata: { encoding: base64('json/plain') }, data: base64(written(around)) }
}

const written = ({ exact, path }: Around): string => exact.at(path) ?? 'null'
const base64 = (text: string): string => Buffer.from(text).toString('base64')
