import type { Payload, PayloadCodec } from '@temporalio/common'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeEach } from './decodeEach.ts'
import { UnknownKey } from './keySource.ts'
import { sealedMetadata } from './sealedPayload.ts'

const payload = (text: string, keyId = 'k-1'): Payload => ({
  metadata: { [sealedMetadata.keyId]: Buffer.from(keyId) },
  data: Buffer.from(text),
})
const textOf = (one: Payload | null | undefined) => (one ? Buffer.from(one.data ?? []).toString() : null)

/** Refuses a whole batch for one bad payload in it, as the interface asks for. */
function createCodec() {
  let calls = 0
  const codec: PayloadCodec = {
    encode: async (payloads) => payloads,
    async decode(payloads) {
      calls++
      for (const one of payloads) {
        const key = Buffer.from(one.metadata?.[sealedMetadata.keyId] ?? []).toString()
        if (key === 'lost') throw new UnknownKey('lost')
        if (textOf(one)?.startsWith('bad')) throw new Error(`no sense in ${textOf(one)}`)
      }
      return payloads.map((one) => ({ ...one, data: Buffer.from(`read ${textOf(one)}`) }))
    },
  }
  return { codec, calls: () => calls }
}

test('a hundred good payloads are one call', async () => {
  const { codec, calls } = createCodec()
  const decoded = await decodeEach(
    [codec],
    Array.from({ length: 100 }, (_, i) => payload(String(i))),
  )
  expect(decoded.map((one) => textOf(one.payload))).toEqual(Array.from({ length: 100 }, (_, i) => `read ${i}`))
  expect(calls()).toBe(1)
})

test('a key that nobody has is asked for once, however many payloads name it', async () => {
  const { codec, calls } = createCodec()
  const payloads = Array.from({ length: 40 }, (_, i) => payload(String(i), i % 2 === 0 ? 'lost' : 'k-1'))
  const decoded = await decodeEach([codec], payloads)
  expect(decoded.filter(({ error }) => error instanceof UnknownKey)).toHaveLength(20)
  expect(decoded.filter((one) => one.payload !== null)).toHaveLength(20)
  expect(calls()).toBe(2)
})

test('whatever is bad among them, each comes out in its place, with its own reason', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ bad: fc.boolean(), key: fc.constantFrom('k-1', 'k-2') }), { maxLength: 40 }),
      async (wanted) => {
        const { codec, calls } = createCodec()
        const payloads = wanted.map(({ bad, key }, i) => payload(`${bad ? 'bad' : 'good'} ${i}`, key))
        const decoded = await decodeEach([codec], payloads)
        expect(decoded.map(({ stored }) => stored)).toEqual(payloads)
        decoded.forEach((one, i) => {
          if (wanted[i]?.bad) expect(one.error?.message).toBe(`no sense in bad ${i}`)
          else expect(textOf(one.payload)).toBe(`read good ${i}`)
        })
        // Halving: at most two calls at each of the levels above a bad one, and the whole batch of each key.
        const bad = wanted.filter((one) => one.bad).length
        expect(calls()).toBeLessThanOrEqual(2 + bad * 2 * Math.ceil(Math.log2(Math.max(2, wanted.length))))
      },
    ),
  )
})
