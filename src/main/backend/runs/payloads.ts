import type { LoadedDataConverter, Payload } from '@temporalio/common'
import { decode } from '@temporalio/common/lib/internal-non-workflow/index.js'
import type { PayloadView, StepName, StepPayloads } from '../../../contract/model.ts'
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
  const view = (label: string, payloads: Payload[] | null | undefined) =>
    Promise.all(
      (payloads ?? []).map((payload, index) =>
        payloadView(payloads?.length === 1 ? label : `${label} ${index + 1}`, payload, converter),
      ),
    )
  return {
    step,
    inputs: await view('Input', scheduled?.activityTaskScheduledEventAttributes?.input?.payloads),
    results: await view('Result', completed?.activityTaskCompletedEventAttributes?.result?.payloads),
  }
}

/** Bytes of a payload that are shown as Temporal holds them: enough to see that they are unreadable. A multiple of 3 needs no padding. */
const storedShown = 3_000

const text = new TextDecoder('utf-8', { fatal: true })

async function payloadView(label: string, payload: Payload, converter: LoadedDataConverter): Promise<PayloadView> {
  const stored = {
    label,
    encoding: metadataText(payload, 'encoding') ?? 'unknown',
    keyId: metadataText(payload, 'encryption-key-id'),
    sizeBytes: payload.data?.length ?? 0,
    stored: Buffer.from(payload.data?.subarray(0, storedShown) ?? []).toString('base64'),
  }
  try {
    const [decoded] = await decode(converter.payloadCodecs, [payload])
    // The text as it was encoded: parsing and printing again would round 64-bit numbers.
    return { ...stored, json: jsonText(decoded as Payload), unreadable: null }
  } catch (error) {
    return { ...stored, json: null, unreadable: error instanceof Error ? error.message : String(error) }
  }
}

function jsonText(payload: Payload): string {
  const encoding = metadataText(payload, 'encoding')
  if (encoding === 'binary/null') return 'null'
  if (encoding === 'json/plain' || encoding === 'json/protobuf') return text.decode(payload.data ?? new Uint8Array())
  throw new Error(`Encoded as ${encoding ?? 'nothing named'}, which this console cannot show.`)
}
