import proto from '@temporalio/proto'
import type { HistoryFact } from '../../../contract/history.ts'
import { durationWords } from '../../../contract/sentence.ts'
import { isPayload } from '../runs/runEncryption.ts'
import type { HistoryEvent as StoredEvent } from '../runs/timeline.ts'
import { attributesOf, isFailure } from './findPayloads.ts'

const { HistoryEvent } = proto.temporal.api.history.v1
type ClassedEvent = proto.temporal.api.history.v1.HistoryEvent

/**
 * What an event says beside its values and failures, such as its reason, its time limits and who asked for it: names from its
 * attributes down with their values as text, in the order of its fields. What has the value that protobuf gives to a field
 * which is not set is left out.
 */
export function factsOf(event: StoredEvent): HistoryFact[] {
  const facts: HistoryFact[] = []
  const visit = (value: unknown, path: readonly string[]): void => {
    const text = textOf(value, path.at(-1) ?? '')
    if (text !== null) {
      if (text !== '') facts.push({ name: path.join('.'), value: text })
    } else if (typeof value === 'object' && value !== null && !isPayload(value) && !isFailure(value, path))
      for (const [name, inner] of Object.entries(value)) visit(inner, [...path, name])
  }
  const plain = HistoryEvent.toObject(event as ClassedEvent, { enums: String, longs: String })
  visit(attributesOf(plain)[1], [])
  return facts
}

/** A value that is told as one text, empty where it is not set; null for what holds others. */
function textOf(value: unknown, name: string): string | null {
  if (value === null || value === undefined || ArrayBuffer.isView(value)) return ''
  if (typeof value !== 'object') return value && value !== '0' ? enumWords(String(value)) : ''
  const ms = spanOf(value)
  if (ms !== null) return /(time|timestamp|deadline)$/i.test(name) ? momentOf(ms) : durationWords(ms)
  return Array.isArray(value) && value.every((inner) => typeof inner !== 'object') ? value.join(', ') : null
}

/** A protobuf duration or moment in milliseconds; null where it is neither. */
function spanOf(value: object): number | null {
  const { seconds, nanos, ...others } = value as { seconds?: unknown; nanos?: unknown }
  if ((seconds === undefined && nanos === undefined) || Object.keys(others).length > 0) return null
  const ms = Number(seconds ?? 0) * 1000 + Number(nanos ?? 0) / 1e6
  return Number.isFinite(ms) ? ms : null
}

/** The farthest moment that a date can be. */
const farthest = 8.64e15
const momentOf = (ms: number) => (Math.abs(ms) <= farthest ? new Date(ms).toISOString() : `${ms} ms`)

/** An enum's value as words, without its type's name where that is plain: `RETRY_STATE_TIMEOUT` is `retry state timeout`. */
const enumWords = (text: string) => (/^[A-Z]+(_[A-Z]+)+$/.test(text) ? text.toLowerCase().replaceAll('_', ' ') : text)
