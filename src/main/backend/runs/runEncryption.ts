import type { Payload } from '@temporalio/common'
import proto from '@temporalio/proto'
import type { RunEncryption } from '../../../contract/model.ts'
import { sealedEncoding, sealedMetadata } from '../../../temporal/codec/sealedPayload.ts'
import type { HistoryEvent } from './timeline.ts'

/** What Temporal keeps in clear by design, or writes by itself (a patch marker); none of it passes the codec. */
const neverSealed: ReadonlySet<string> = new Set(['searchAttributes', 'header', 'markerRecordedEventAttributes'])

/** How Temporal holds the payloads of a history; null while it has none. */
export function runEncryption(events: readonly HistoryEvent[]): RunEncryption | null {
  const keyIds = new Set<string>()
  let inClear = false
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return
    if (isPayload(value)) {
      if (metadataText(value, sealedMetadata.encoding) === sealedEncoding)
        keyIds.add(metadataText(value, sealedMetadata.keyId) ?? '')
      else inClear = true
      return
    }
    for (const [name, inner] of Object.entries(value)) if (!neverSealed.has(name)) visit(inner)
  }
  visit(events)
  if (keyIds.size === 0) return inClear ? { state: 'plain', keyIds: [] } : null
  return { state: inClear ? 'mixed' : 'encrypted', keyIds: [...keyIds].filter(Boolean) }
}

/** The types that are generated for the SDK leave its reflection out. */
const payloadType: unknown = proto.temporal.api.common.v1.Payload

/** Whether a value is a payload: what passes a codec. One that names no encoding is told by the message that it is. */
export const isPayload = (value: object): value is Payload =>
  ('$type' in value && value.$type === payloadType) || isEncoded(value)

const isEncoded = (value: object): boolean =>
  'metadata' in value &&
  typeof value.metadata === 'object' &&
  value.metadata !== null &&
  'encoding' in value.metadata &&
  ArrayBuffer.isView(value.metadata.encoding)

/** One metadata field of a payload as text; null where it has none. */
export function metadataText(payload: Payload, key: string): string | null {
  const value = payload.metadata?.[key]
  return value ? Buffer.from(value).toString('utf8') : null
}
