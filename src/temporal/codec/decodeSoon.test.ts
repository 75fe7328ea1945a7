import type { Payload, PayloadCodec } from '@temporalio/common'
import { describe, expect, test } from 'vitest'
import { decodeSoon, StillDecoding } from './decodeSoon.ts'
import { sealedMetadata } from './sealedPayload.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const textOf = (payload: Payload | null) => payload && Buffer.from(payload.data ?? []).toString()
const sealed = (text: string, keyId = 'k-1'): Payload => ({
  metadata: { [sealedMetadata.keyId]: bytes(keyId) },
  data: bytes(text),
})

/** Counts its calls. */
function countingCodec() {
  const counted = { calls: 0 }
  const codec: PayloadCodec = {
    encode: async (payloads) => payloads,
    async decode(payloads) {
      counted.calls++
      return payloads.map((payload) => ({ data: bytes(`read ${textOf(payload)}`) }))
    },
  }
  return { codec, counted }
}

test('payloads under many keys are four calls at most', async () => {
  const { codec, counted } = countingCodec()
  const many = Array.from({ length: 100 }, (_, index) => sealed(`${index}`, `k-${index % 10}`))
  const decoded = await decodeSoon([codec], many)
  expect(decoded.map(({ payload }) => textOf(payload))).toEqual(many.map((each) => `read ${textOf(each)}`))
  expect(counted.calls).toBe(4)
})

describe('a codec that hangs', () => {
  /** Holds payloads of the key `slow` until it is told to go on. */
  function heldCodec() {
    const { codec, counted } = countingCodec()
    let goOn = () => {}
    const held = new Promise<void>((resolve) => {
      goOn = resolve
    })
    const decode: PayloadCodec['decode'] = async (payloads) => {
      const slow = payloads.some(({ metadata }) => Buffer.from(metadata?.[sealedMetadata.keyId] ?? []).toString() === 'slow')
      const decoded = await codec.decode(payloads)
      if (slow) await held
      return decoded
    }
    return { codecs: [{ ...codec, decode }], counted, goOn }
  }
  const page = [sealed('a', 'slow'), sealed('b', 'fast')]

  test('costs its own values only, and they are there when they were asked for again', async () => {
    const { codecs, counted, goOn } = heldCodec()
    const [slow, fast] = await decodeSoon(codecs, page, 20)
    expect(slow).toMatchObject({ payload: null, error: expect.any(StillDecoding) })
    expect(textOf(fast?.payload ?? null)).toBe('read b')
    expect(counted.calls).toBe(2)

    goOn()
    const [come] = await decodeSoon(codecs, [sealed('a', 'slow')], 20)
    expect(textOf(come?.payload ?? null)).toBe('read a')
    expect(counted.calls).toBe(2)
  })

  test('is not asked again by whoever looks again', async () => {
    const { codecs, counted, goOn } = heldCodec()
    for (let look = 0; look < 3; look++) {
      const [slow] = await decodeSoon(codecs, [sealed('a', 'slow')], 5)
      expect(slow?.error).toBeInstanceOf(StillDecoding)
    }
    expect(counted.calls).toBe(1)
    goOn()
  })
})
