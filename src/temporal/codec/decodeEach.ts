import type { Payload, PayloadCodec } from '@temporalio/common'
import { decode } from '@temporalio/common/lib/internal-non-workflow/index.js'
import { KeysUnavailable, UnknownKey } from './keySource.ts'
import { sealedMetadata } from './sealedPayload.ts'

/** A payload as Temporal keeps it, and what it is: the decoded payload, or why it cannot be read. */
export type Decoded = { stored: Payload } & ({ payload: Payload; error: null } | { payload: null; error: Error })

/** More keys than this on one page share a batch: each batch is a round trip. */
const mostBatches = 4

/**
 * Decodes payloads in their order, with as few calls of the codec as it takes: those of one key are one batch, and a batch
 * that fails is halved until each payload that cannot be read (k of n) stands alone, by O(k log n) calls. Never rejects.
 */
export const decodeEach = (codecs: PayloadCodec[], payloads: readonly Payload[]): Promise<Decoded[]> =>
  Promise.all(decodingEach(codecs, payloads))

/** The same, each payload by itself: one key that hangs keeps no other waiting. None of the promises rejects. */
export function decodingEach(codecs: PayloadCodec[], payloads: readonly Payload[]): Promise<Decoded>[] {
  const decoding: Promise<Decoded>[] = []
  for (const batch of batchesOf(payloads)) {
    const decoded = decodeBatch(
      codecs,
      batch.map((index) => payloads[index] as Payload),
    )
    for (const [place, index] of batch.entries()) decoding[index] = decoded.then((each) => each[place] as Decoded)
  }
  return decoding
}

/** Places of payloads that go to the codec together. */
function batchesOf(payloads: readonly Payload[]): number[][] {
  const batches = new Map<string, number[]>()
  for (const [index, payload] of payloads.entries()) {
    const key = keyOf(payload)
    const batch = batches.get(key) ?? (batches.size < mostBatches ? undefined : [...batches.values()].at(-1))
    if (batch) batch.push(index)
    else batches.set(key, [index])
  }
  return [...batches.values()]
}

/** What names the key of a sealed payload; empty for one that names none. */
const keyOf = ({ metadata }: Payload) =>
  [sealedMetadata.keyId, sealedMetadata.wrappedKey]
    .flatMap((name) => metadata?.[name] ?? [])
    .map((part) => Buffer.from(part).toString('base64'))
    .join()

async function decodeBatch(codecs: PayloadCodec[], payloads: readonly Payload[]): Promise<Decoded[]> {
  try {
    const decoded = await decode(codecs, [...payloads])
    // An answer of another length cannot be matched to what was asked.
    if (!Array.isArray(decoded) || decoded.length !== payloads.length || decoded.some((payload) => !payload))
      throw new Error('The codec gave nothing for this value.')
    return payloads.map((stored, index) => ({ stored, payload: decoded[index] as Payload, error: null }))
  } catch (cause) {
    const error = cause instanceof Error ? cause : new Error(String(cause))
    if (payloads.length === 1 || speaksForAll(error, payloads))
      return payloads.map((stored) => ({ stored, payload: null, error }))
    const middle = Math.ceil(payloads.length / 2)
    const halves = await Promise.all([
      decodeBatch(codecs, payloads.slice(0, middle)),
      decodeBatch(codecs, payloads.slice(middle)),
    ])
    return halves.flat()
  }
}

/** A key that is not there fails each payload under it alike; asking for each again would only keep its service busy. */
function speaksForAll(error: Error, payloads: readonly Payload[]): boolean {
  const [key = '', ...others] = new Set(payloads.map(keyOf))
  return key !== '' && others.length === 0 && (error instanceof UnknownKey || error instanceof KeysUnavailable)
}
