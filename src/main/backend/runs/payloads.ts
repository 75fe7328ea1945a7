import type { LoadedDataConverter, Payload } from '@temporalio/common'
import type { PayloadView, StepName, StepPayloads } from '../../../contract/model.ts'
import { type Decoded, decodeEach } from '../../../temporal/codec/decodeEach.ts'
import { sealedMetadata } from '../../../temporal/codec/sealedPayload.ts'
import { metadataText } from './runEncryption.ts'
import type { HistoryEvent } from './timeline.ts'

/** Inputs and results of one step, decoded one by one: a payload that cannot be read spoils itself only. */
export async function stepPayloads(
  step: StepName,
  events: readonly HistoryEvent[],
  converter: LoadedDataConverter,
): Promise<StepPayloads> {
  const scheduled = events.find((event) => event.activityTaskScheduledEventAttributes?.activityId === step)
  const completed = events.find(
    (event) => scheduled && String(event.activityTaskCompletedEventAttributes?.scheduledEventId) === String(scheduled.eventId),
  )
  const view = async (label: string, given: Payload[] | null | undefined) => {
    const payloads = given ?? []
    const decoded = await decodeEach(converter.payloadCodecs, payloads)
    return decoded.map((each, index) => payloadView(payloads.length === 1 ? label : `${label} ${index + 1}`, each))
  }
  return {
    step,
    inputs: await view('Input', scheduled?.activityTaskScheduledEventAttributes?.input?.payloads),
    results: await view('Result', completed?.activityTaskCompletedEventAttributes?.result?.payloads),
  }
}

/** Bytes of a payload that are shown as Temporal holds them: enough to see that they are unreadable. A multiple of 3 needs no padding. */
const storedShown = 12_000

const text = new TextDecoder('utf-8', { fatal: true })

/** A payload as the console shows it: what it says, or why it cannot be read, beside what Temporal holds. */
export function payloadView(label: string, { stored: payload, ...decoded }: Decoded): PayloadView {
  const stored = {
    label,
    encoding: metadataText(payload, sealedMetadata.encoding) ?? 'unknown',
    keyId: metadataText(payload, sealedMetadata.keyId),
    sizeBytes: payload.data?.length ?? 0,
    stored: Buffer.from(payload.data?.subarray(0, storedShown) ?? []).toString('base64'),
  }
  try {
    if (decoded.error) throw decoded.error
    // The text as it was encoded: parsing and printing again would round 64-bit numbers.
    return { ...stored, json: jsonText(decoded.payload), unreadable: null }
  } catch (error) {
    return { ...stored, json: null, unreadable: error instanceof Error ? error.message : String(error) }
  }
}

function jsonText(payload: Payload): string {
  const encoding = metadataText(payload, sealedMetadata.encoding)
  if (encoding === 'binary/null') return 'null'
  if (encoding === 'json/plain' || encoding === 'json/protobuf') return text.decode(payload.data ?? new Uint8Array())
  throw new Error(`Encoded as ${encoding ?? 'nothing named'}, which this console cannot show.`)
}
