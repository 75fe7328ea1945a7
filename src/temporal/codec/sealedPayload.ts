/**
 * One payload, sealed: the format on the wire, without a say in which key is used.
 *
 * AES-256-GCM after NIST SP 800-38D with a random 96-bit IV. The whole Payload message is sealed, so what it was encoded
 * as is hidden too. `data` holds IV, ciphertext and 16-byte tag, in this order; the metadata names how to open it.
 * Everything that the metadata names is bound to the tag as additional data, so that no payload verifies under another
 * key's id, in another namespace or with another wrapped key.
 */
import { createCipheriv, createDecipheriv, type KeyObject, randomFillSync } from 'node:crypto'
import type { Payload } from '@temporalio/common'
import proto from '@temporalio/proto'
import type { DataKey } from './keySource.ts'
import { payloadBytes } from './payloadBytes.ts'

const { Payload: PayloadMessage } = proto.temporal.api.common.v1

/** Of the official samples, as is the name of the key's id: tools tell an encrypted payload by them. */
export const sealedEncoding = 'binary/encrypted'
export const sealedMetadata = {
  encoding: 'encoding',
  keyId: 'encryption-key-id',
  format: 'encryption-format',
  namespace: 'encryption-namespace',
  wrappedKey: 'encryption-wrapped-key',
} as const

/** A change of the layout or of what is bound to the tag is another format. */
const format = 'gatehouse/1'
const purpose = 'gatehouse payload v1'
const cipherName = 'aes-256-gcm'
const keyBytes = 32
const ivBytes = 12
const tagBytes = 16
/** Field 2 of temporal.api.common.v1.Payload, `bytes data`, as protobuf writes it: number and wire type 2. */
const dataTag = (2 << 3) | 2
/** What a stranger put into the metadata is named in errors, but never at length. */
const longestNamed = 100
/** Nothing longer goes on to a key service: a stranger wrote it. The largest ciphertext of AWS KMS has 6,144 bytes. */
const longestKeyId = 256
const longestWrappedKey = 8192

export type SealedProblem = 'metadata' | 'format' | 'namespace' | 'key' | 'truncated' | 'changed'

/** This payload cannot be opened, and asking again will not help. The message holds nothing of what was sealed. */
export class SealedPayloadError extends Error {
  readonly problem: SealedProblem
  constructor(problem: SealedProblem, message: string) {
    super(message)
    this.name = 'SealedPayloadError'
    this.problem = problem
  }
}

/** What the metadata says, read before any key is asked for. */
export interface SealedHeader {
  keyId: string
  wrappedKey?: Uint8Array
  /** false: the format of the official TypeScript and Go samples, which bind nothing to the tag. */
  bound: boolean
}

export const isSealed = (payload: Payload): boolean => textOf(payload, sealedMetadata.encoding) === sealedEncoding

/**
 * @param key 32 bytes
 * @returns a payload that only the holders of the key can read, and only in this namespace
 * @throws SealedPayloadError `key` when the key is not 32 bytes long
 */
export function sealPayload(payload: Payload, key: DataKey, namespace: string): Payload {
  const iv = nextIv()
  const cipher = createCipheriv(cipherName, usable(key.key, key.id), iv, { authTagLength: tagBytes })
  cipher.setAAD(boundData(key.id, namespace, key.wrapped))
  // The message's fields one after the other, so that the value is not copied into a message first.
  const { data, ...rest } = payload
  const writer = PayloadMessage.encode(rest)
  const parts = [iv]
  if (data && data.length > 0) {
    parts.push(cipher.update(writer.uint32(dataTag).uint32(data.length).finish()), cipher.update(data))
  } else parts.push(cipher.update(writer.finish()))
  cipher.final()
  parts.push(cipher.getAuthTag())
  const metadata: Record<string, Uint8Array> = {
    [sealedMetadata.encoding]: Buffer.from(sealedEncoding),
    [sealedMetadata.keyId]: Buffer.from(key.id),
    [sealedMetadata.format]: Buffer.from(format),
    [sealedMetadata.namespace]: Buffer.from(namespace),
  }
  if (key.wrapped) metadata[sealedMetadata.wrappedKey] = key.wrapped
  return { metadata, data: Buffer.concat(parts) }
}

/**
 * @param sampleKeyIds keys whose payloads may be in the samples' format
 * @throws SealedPayloadError `metadata`, `format` or `namespace`
 */
export function readHeader(payload: Payload, namespace: string, sampleKeyIds: readonly string[]): SealedHeader {
  const keyId = textOf(payload, sealedMetadata.keyId)
  if (!keyId) throw new SealedPayloadError('metadata', 'This value is encrypted, but does not name its key.')
  const wrappedKey = payload.metadata?.[sealedMetadata.wrappedKey] ?? undefined
  if (keyId.length > longestKeyId || (wrappedKey && wrappedKey.length > longestWrappedKey)) {
    throw new SealedPayloadError('metadata', `This value is encrypted, but what names its key is too long (${named(keyId)}).`)
  }
  if (wrappedKey?.length === 0) {
    throw new SealedPayloadError('metadata', `This value is encrypted, but its wrapped key is empty (key ${named(keyId)}).`)
  }
  const written = textOf(payload, sealedMetadata.format)
  if (written === null) {
    if (sampleKeyIds.includes(keyId)) return { keyId, bound: false }
    throw new SealedPayloadError(
      'format',
      `Another program encrypted this value (key ${named(keyId)}); no key is set up here for reading its format.`,
    )
  }
  if (written !== format) {
    throw new SealedPayloadError(
      'format',
      `This value is encrypted in the format ${named(written)}, which is not known here. A newer Gatehouse may read it.`,
    )
  }
  // It is bound to the tag anyway; in clear it is there to tell this mistake from a changed payload.
  const sealedFor = textOf(payload, sealedMetadata.namespace)
  if (sealedFor !== namespace) {
    throw new SealedPayloadError(
      'namespace',
      sealedFor === null
        ? 'This value is encrypted, but does not name its namespace.'
        : `This value was encrypted for the namespace ${named(sealedFor)}; it cannot be read in ${namespace}.`,
    )
  }
  return { keyId, wrappedKey, bound: true }
}

/**
 * @returns the payload as it was before it was sealed
 * @throws SealedPayloadError `truncated`, `changed`, or `key` when the key is not 32 bytes long
 */
export function openPayload(payload: Payload, header: SealedHeader, key: KeyObject, namespace: string): Payload {
  const sealed = payloadBytes(payload)
  if (sealed.length < ivBytes + tagBytes) {
    throw new SealedPayloadError(
      'truncated',
      `This encrypted value is cut off: of at least ${ivBytes + tagBytes} bytes ${sealed.length} are there.`,
    )
  }
  const decipher = createDecipheriv(cipherName, usable(key, header.keyId), sealed.subarray(0, ivBytes), {
    authTagLength: tagBytes,
  })
  if (header.bound) decipher.setAAD(boundData(header.keyId, namespace, header.wrappedKey))
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes))
  const message = decipher.update(sealed.subarray(ivBytes, sealed.length - tagBytes))
  try {
    decipher.final()
  } catch {
    throw new SealedPayloadError(
      'changed',
      `This encrypted value does not verify under the key ${named(header.keyId)}: it was changed or cut off after it was written, or was written under another key.`,
    )
  }
  try {
    return PayloadMessage.decode(message)
  } catch {
    throw new SealedPayloadError('format', 'This value was decrypted, but is not a Temporal payload.')
  }
}

function usable(key: KeyObject, id: string): KeyObject {
  if (key.symmetricKeySize === keyBytes) return key
  throw new SealedPayloadError('key', `The key ${named(id)} has ${key.symmetricKeySize ?? 0} bytes; AES-256 takes ${keyBytes}.`)
}

/** Each field with its length before it, so that no two sets of fields give the same bytes. */
function boundData(keyId: string, namespace: string, wrappedKey: Uint8Array | undefined): Buffer {
  const fields = [purpose, sealedEncoding, keyId, namespace, wrappedKey ?? '']
  const bytes = fields.map((field) => (typeof field === 'string' ? Buffer.from(field) : field))
  const out = Buffer.allocUnsafe(bytes.reduce((sum, { length }) => sum + 4 + length, 0))
  let at = 0
  for (const field of bytes) {
    at = out.writeUInt32BE(field.length, at)
    out.set(field, at)
    at += field.length
  }
  return out
}

// One call for many IVs: a call for each costs as much as sealing a kilobyte.
const ivPool = Buffer.alloc(ivBytes * 512)
let ivUsed = ivPool.length

/** No part of the pool is given twice. */
function nextIv(): Buffer {
  if (ivUsed === ivPool.length) {
    randomFillSync(ivPool)
    ivUsed = 0
  }
  ivUsed += ivBytes
  return ivPool.subarray(ivUsed - ivBytes, ivUsed)
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** null when the field is missing, or is no text. */
function textOf(payload: Payload, field: string): string | null {
  const value = payload.metadata?.[field]
  if (!value) return null
  try {
    return utf8.decode(value)
  } catch {
    return null
  }
}

const named = (text: string): string => (text.length > longestNamed ? `${text.slice(0, longestNamed)}…` : text)
