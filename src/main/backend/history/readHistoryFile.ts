/** A history out of a JSON file: Gatehouse's own, the Web UI's download, the Temporal CLI's. */
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js'
import proto from '@temporalio/proto'
import { patchProtobufRoot } from '@temporalio/proto/lib/patch-protobuf-root.js'
import type { Enum, Field, Type } from 'protobufjs'
import { invalid } from '../../../contract/errors.ts'
import type { HistoryEvent } from '../runs/timeline.ts'

const root = patchProtobufRoot(proto as never) as unknown as { lookupType(name: string): Type; resolveAll(): unknown }
root.resolveAll()
const eventType = root.lookupType('temporal.api.history.v1.HistoryEvent')

/** No field of a history lies nearly as deep; what is inside of a payload's value does not count. */
const deepest = 60

/**
 * The events of a file, in the order of their ids.
 * @param text the whole file
 * @throws CallFailed `invalid` with a sentence on what is wrong; it quotes nothing of the file, which may hold secrets
 */
export function readHistoryFile(text: string): HistoryEvent[] {
  const given = parse(text)
  const list = Array.isArray(given) ? given : eventsOf(given)
  if (list.length === 0) throw invalid('This file holds a history without events.')
  const ids = new Set<string>()
  const events = list.map((event, index) => {
    if (!isObject(event)) throw invalid(`This is no history: its entry ${index + 1} is not an event.`)
    const read = normalise(eventType, event, 0) as Record<string, unknown>
    const id = String(read.eventId ?? '')
    if (!/^[1-9]\d{0,18}$/.test(id)) throw invalid(`This is no history: its entry ${index + 1} has no event id.`)
    if (ids.has(id)) throw invalid(`This is no history of one run: the event ${id} is there twice.`)
    ids.add(id)
    if (!Object.keys(read).some((name) => name.endsWith('EventAttributes'))) {
      throw invalid(`The event ${id} is of a kind that is not known here, or its attributes are missing.`)
    }
    return read
  })
  try {
    const history = historyFromJSON({ events })
    return (history.events ?? []).toSorted((a, b) => (BigInt(String(a.eventId)) < BigInt(String(b.eventId)) ? -1 : 1))
  } catch {
    // The SDK's own words quote the event.
    throw invalid('This looks like a history, but one of its fields holds what does not belong there.')
  }
}

function parse(text: string): unknown {
  const trimmed = text.replace(/^\uFEFF/, '')
  if (trimmed.trim() === '') throw invalid('This file is empty.')
  try {
    // Numbers that no double holds keep their digits; looking at each is slow, so it is done where there are such.
    return /\d[\d.]{15,}/.test(trimmed) ? JSON.parse(trimmed, exactNumbers) : JSON.parse(trimmed)
  } catch (error) {
    if (error instanceof RangeError) throw invalid('This file is nested too deeply to be a history.')
    throw invalid('This is no history: it is not JSON, or it is cut off.')
  }
}

/** The third argument is of ES2025; Node has it since 21. */
function exactNumbers(_: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source
  if (typeof value !== 'number' || source === undefined || String(value) === source) return value
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(source)
}

function eventsOf(given: unknown): unknown[] {
  if (!isObject(given)) throw invalid('This is no history: it holds no events.')
  // As `temporal workflow show` and the gRPC answer wrap it.
  const { events, history } = given
  if (Array.isArray(events)) return events
  if (isObject(history) && Array.isArray(history.events)) return history.events
  throw invalid('This is no history: it holds no list of events.')
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Fields by the names that protobuf's JSON mapping gives them, in camel or snake case; enums by any of their spellings;
 * payloads also in the shorthand of the CLI and the Web UI, which write a decoded value where its payload stood. Fields that
 * are not known here are left out.
 */
function normalise(type: Type, value: unknown, depth: number): unknown {
  if (depth > deepest) throw invalid('This file is nested too deeply to be a history.')
  const name = type.fullName
  if (name === '.temporal.api.common.v1.Payloads') {
    const list = Array.isArray(value) ? value : isObject(value) && Array.isArray(value.payloads) ? value.payloads : [value]
    return { payloads: list.map(payload) }
  }
  if (name === '.temporal.api.common.v1.Payload') return payload(value)
  // Durations and times are texts in JSON.
  if (!isObject(value) || name.startsWith('.google.protobuf.')) return value
  const known: Record<string, unknown> = {}
  for (const [given, inner] of Object.entries(value)) {
    const field = fieldOf(type, given)
    if (field && inner !== null) known[field.name] = fieldValue(field, inner, depth)
  }
  return known
}

const fieldOf = (type: Type, given: string): Field | undefined => {
  const camel = given.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
  return Object.hasOwn(type.fields, camel) ? type.fields[camel] : undefined
}

function fieldValue(field: Field, value: unknown, depth: number): unknown {
  const { resolvedType } = field.resolve()
  if (!resolvedType) return value
  const one = (inner: unknown) =>
    'values' in resolvedType ? enumName(resolvedType, inner) : normalise(resolvedType as Type, inner, depth + 1)
  if (field.map) {
    return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, one(inner)])) : value
  }
  if (!field.repeated) return one(value)
  return Array.isArray(value) ? value.map(one) : value
}

/** `ActivityTaskScheduled`, `EVENT_TYPE_ACTIVITY_TASK_SCHEDULED` and its number are one. */
function enumName({ values, name }: Enum, value: unknown): unknown {
  if (typeof value !== 'string') return value
  const bare = (text: string) => text.replaceAll('_', '').toLowerCase()
  const wanted = bare(value)
  return Object.keys(values).find((each) => bare(each) === wanted || bare(each) === bare(name) + wanted) ?? value
}

const encodingName = /^[a-z]+\/[\w.+-]+$/i
/** `json/plain` itself, where a payload has its base64; some names could be either, and then their base64 makes no sense. */
const isInWords = (encoding: unknown): boolean =>
  typeof encoding === 'string' &&
  encodingName.test(encoding) &&
  !encodingName.test(Buffer.from(encoding, 'base64').toString('latin1'))

/** A payload of the Web UI's "human readable" download: metadata as text, and in `data` what its bytes say. */
function ofWords(words: Record<string, unknown>, data: unknown): unknown {
  const metadata = Object.fromEntries(Object.entries(words).map(([name, text]) => [name, base64(String(text))]))
  if (data === undefined || words.encoding === 'binary/null') return { metadata }
  const isValue = String(words.encoding).startsWith('json/') || typeof data !== 'string'
  return { metadata, data: isValue ? base64(jsonOf(data)) : data }
}

/** The value as a payload: what is one already stays as it is, a decoded value becomes one in JSON. */
function payload(value: unknown): unknown {
  if (isObject(value) && isObject(value.metadata) && 'encoding' in value.metadata) {
    const { metadata, data } = value
    if (isInWords(metadata.encoding)) return ofWords(metadata, data)
    return { metadata, ...(data === undefined ? {} : { data }) }
  }
  if (value === null) return { metadata: { encoding: base64('binary/null') } }
  return { metadata: { encoding: base64('json/plain') }, data: base64(jsonOf(value)) }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    throw invalid('A value in this file is nested too deeply to be read.')
  }
}
