/** The bytes of a payload: had in pieces from the host, and written for people. */
import { payloadPieceBytes } from '../../../contract/history.ts'
import type { PayloadView } from '../../../contract/model.ts'
import type { Connection } from '../../../contract/wire.ts'

export type Part = 'stored' | 'decoded'

export const bytesOfBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (char) => char.charCodeAt(0))

export function base64Of(bytes: Uint8Array): string {
  let text = ''
  // Spread arguments live on the stack: so many at once are safe.
  for (let at = 0; at < bytes.length; at += 8_190) text += String.fromCharCode(...bytes.subarray(at, at + 8_190))
  return btoa(text)
}

export const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** Lines of 16 bytes: where, as hex, as text; what is no printable ASCII is a point. */
export function hexLines(bytes: Uint8Array, from: number): string {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += 16) {
    const line = bytes.subarray(at, at + 16)
    const hex = Array.from(line, (byte, i) => `${i === 8 ? ' ' : ''}${byte.toString(16).padStart(2, '0')}`).join(' ')
    const text = Array.from(line, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`${(from + at).toString(16).padStart(8, '0')}  ${hex.padEnd(48)}  ${text}`)
  }
  return lines.join('\n')
}

export interface PayloadBytes {
  sizeBytes: number
  /** @throws CallFailed */
  slice(from: number, to: number): Promise<Uint8Array>
  /** @throws CallFailed */
  whole(): Promise<Uint8Array>
}

/** The bytes of one payload. Pieces that were had are kept as long as this is. */
export function bytesOf(connection: Connection, workflowId: string, payload: PayloadView, part: Part): PayloadBytes {
  const sizeBytes = part === 'stored' ? payload.sizeBytes : (payload.holds?.sizeBytes ?? 0)
  // A value that is not sealed is held as it is.
  const asStored = part === 'stored' || payload.holds?.encoding === payload.encoding
  const near = asStored ? bytesOfBase64(payload.stored) : new Uint8Array()
  const pieces = new Map<number, Promise<Uint8Array>>()
  const piece = (number: number) => {
    const known = pieces.get(number)
    if (known) return known
    const { ref } = payload
    if (ref === null)
      return Promise.reject(new Error('Only the first bytes of this value are at hand: it is the answer of a query.'))
    const from = number * payloadPieceBytes
    const answer =
      ref.in === 'file'
        ? connection.call('history.filePayload', { ref, part, from })
        : connection.call('history.payload', { workflowId, ref, part, from })
    const asked = answer.then(({ bytes }) => bytesOfBase64(bytes))
    pieces.set(number, asked)
    // Asked anew at the next wish.
    asked.catch(() => pieces.delete(number))
    return asked
  }
  async function slice(from: number, to: number): Promise<Uint8Array> {
    const end = Math.min(to, sizeBytes)
    if (end <= near.length) return near.subarray(from, end)
    const bytes = new Uint8Array(Math.max(0, end - from))
    for (let at = from; at < end; ) {
      const number = Math.floor(at / payloadPieceBytes)
      const start = number * payloadPieceBytes
      const have = (await piece(number)).subarray(at - start, end - start)
      if (have.length === 0) throw new Error('The value has changed since it was read. Read it again.')
      bytes.set(have, at - from)
      at += have.length
    }
    return bytes
  }
  return { sizeBytes, slice, whole: () => slice(0, sizeBytes) }
}
