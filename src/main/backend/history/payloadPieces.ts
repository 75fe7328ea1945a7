import type { Payload, PayloadCodec } from '@temporalio/common'
import { conflict } from '../../../contract/errors.ts'
import { type PayloadPiece, payloadPieceBytes } from '../../../contract/history.ts'
import { decodeSoon } from '../../../temporal/codec/decodeSoon.ts'
import { payloadBytes } from '../../../temporal/codec/payloadBytes.ts'

/** Somebody waits for these very bytes, and sees that they are being read. */
const bytesWithinMs = 10_000

/**
 * One piece of a payload's bytes, as it is stored or decoded.
 * @throws CallFailed `conflict` when it cannot be decoded
 */
export async function payloadPiece(
  stored: Payload,
  { part, from }: { part: 'stored' | 'decoded'; from: number },
  codecs: PayloadCodec[],
): Promise<PayloadPiece> {
  const bytes = payloadBytes(part === 'stored' ? stored : await decodeOne(codecs, stored))
  return {
    sizeBytes: bytes.length,
    from,
    bytes: Buffer.from(bytes.subarray(from, from + payloadPieceBytes)).toString('base64'),
  }
}

async function decodeOne(codecs: PayloadCodec[], stored: Payload): Promise<Payload> {
  const [decoded] = await decodeSoon(codecs, [stored], bytesWithinMs)
  if (!decoded?.payload) throw conflict(decoded?.error?.message ?? 'The codec gave nothing for this value.')
  return decoded.payload
}
