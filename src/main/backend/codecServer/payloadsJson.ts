import type { Payload } from '@temporalio/common'
import { z } from 'zod'

/** Most payloads of one request. The Web UI and the CLI send what one history event, or one page of them, holds. */
export const mostPayloads = 10_000

/** Standard and URL-safe alphabet, padded or not: what the protobuf JSON mapping lets a reader accept. */
const base64 = z.string().regex(/^[A-Za-z0-9+/_-]*={0,2}$/, 'not base64')
// What else a payload carries (references to stored payloads) goes back as it came.
const payload = z.looseObject({ metadata: z.record(z.string(), base64).default({}), data: base64.default('') })
const body = z.looseObject({ payloads: z.array(payload).max(mostPayloads).default([]) })

type PayloadJson = z.infer<typeof payload>
export type PayloadsJson = z.infer<typeof body>

/**
 * Reads `temporal.api.common.v1.Payloads` in its JSON form (protobuf JSON mapping: bytes are base64).
 * @throws Error saying what is wrong, without any of the content
 */
export function readPayloads(text: string): PayloadsJson {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The parser's own message quotes the text.
    throw new Error('The body is not JSON.')
  }
  const read = body.safeParse(value)
  if (read.success) return read.data
  const issue = read.error.issues[0]
  throw new Error(
    `The body is not a list of payloads: ${issue?.path.slice(0, 3).join('.') || 'it'}: ${issue?.message ?? 'invalid'}.`,
  )
}

export const payloadOf = ({ metadata, data }: PayloadJson): Payload => ({
  metadata: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')])),
  data: Buffer.from(data, 'base64'),
})

export const payloadJson = ({ metadata, data }: Payload): PayloadJson => ({
  metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, base64Of(value)])),
  data: base64Of(data ?? new Uint8Array()),
})

/** Of a field that a message does not have, protobufjs makes an empty array. */
const base64Of = (bytes: Uint8Array | []) => Buffer.from(bytes).toString('base64')
