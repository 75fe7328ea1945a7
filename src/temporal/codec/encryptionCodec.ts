import type { Payload, PayloadCodec } from '@temporalio/common'
import { type KeySource, UnknownKey } from './keySource.ts'
import {
  isSealed,
  openPayload,
  readHeader,
  SealedPayloadError,
  sealedEncoding,
  sealedMetadata,
  sealPayload,
} from './sealedPayload.ts'

interface Options {
  keys: KeySource
  /** Payloads are readable in this namespace only. */
  namespace: string
  /**
   * Ids of keys under which the official TypeScript or Go samples wrote. Their format binds nothing to the tag, so it is
   * read for these keys alone; it is never written.
   */
  sampleKeyIds?: readonly string[]
  /**
   * For workers. The SDK takes a codec's refusal for a failed workflow task, and one update that somebody sealed under
   * other keys would hold up its run for as long as it is sent. Such a payload is handed on instead, still sealed and
   * saying why: the value fails where it is used, and the update is refused with that reason.
   */
  handOnUnreadable?: boolean
}

/**
 * Encrypts each payload whole, under the key that `keys` names; see `sealedPayload.ts` for the format. Payloads of any
 * other encoding are decoded as they are, so that plain and encrypted runs live side by side.
 *
 * `encode` throws KeysUnavailable rather than let a value pass in clear. `decode` throws SealedPayloadError, UnknownKey
 * or KeysUnavailable for the whole batch, as the interface wants it; `decodeEach` tells the good from the bad.
 */
export function createEncryptionCodec({ keys, namespace, sampleKeyIds = [], handOnUnreadable = false }: Options): PayloadCodec {
  const open = async (payload: Payload): Promise<Payload> => {
    if (!isSealed(payload)) return payload
    const header = readHeader(payload, namespace, sampleKeyIds)
    const { key } = await keys.openingKey(header.keyId, header.wrappedKey)
    return openPayload(payload, header, key, namespace)
  }
  return {
    async encode(payloads) {
      if (payloads.length === 0) return payloads
      const key = await keys.sealingKey(payloads.length)
      return key === null ? payloads : payloads.map((payload) => sealPayload(payload, key, namespace))
    },
    decode: (payloads) =>
      Promise.all(
        payloads.map((payload) => (handOnUnreadable ? open(payload).catch((error) => handOn(payload, error)) : open(payload))),
      ),
  }
}

/** @throws the error itself when trying again later is worth it */
function handOn(payload: Payload, error: Error): Payload {
  if (!isUnreadable(error)) throw error
  // "Unknown encoding: " and this is what the payload converter says when the value is used.
  const encoding = Buffer.from(`${sealedEncoding} (${error.message})`)
  return { ...payload, metadata: { ...payload.metadata, [sealedMetadata.encoding]: encoding } }
}

/** No second look will open this payload. */
export const isUnreadable = (error: unknown): error is SealedPayloadError | UnknownKey =>
  error instanceof SealedPayloadError || error instanceof UnknownKey
