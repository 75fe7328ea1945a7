import { expect, test } from 'vitest'
import type { PayloadView } from '../../../contract/model.ts'
import type { Connection } from '../../../contract/wire.ts'
import { base64Of, bytesOf, bytesOfBase64, hexLines, hexOf } from './bytes.ts'

const data = Uint8Array.from({ length: 2_500_000 }, (_, i) => (i * 31 + (i >> 8)) % 256)
const payload: PayloadView = {
  ...{ label: 'input', encoding: 'binary/encrypted', keyId: 'k-1', sizeBytes: data.length },
  ...{ stored: base64Of(data.subarray(0, 12_000)), json: null, plain: null, unreadable: null },
  holds: { encoding: 'binary/plain', messageType: null, sizeBytes: 3 },
  ref: { in: 'run', path: 'memo.x' },
}
function host() {
  const asked: number[] = []
  const calls = new Set<string>()
  const call = async (name: string, { from }: { from: number }) => {
    asked.push(from)
    calls.add(name)
    return { sizeBytes: data.length, from, bytes: base64Of(data.subarray(from, from + 1_048_576)) }
  }
  return { asked, calls, connection: { call } as unknown as Connection }
}

test('what is at hand is not asked for, and the rest once, in pieces', async () => {
  const { asked, connection } = host()
  const bytes = bytesOf(connection, 'w', payload, 'stored')
  expect(await bytes.slice(0, 4_096)).toEqual(data.subarray(0, 4_096))
  expect(asked).toEqual([])
  expect(await bytes.slice(1_048_000, 1_052_096)).toEqual(data.subarray(1_048_000, 1_052_096))
  expect(await bytes.whole()).toEqual(data)
  expect(asked).toEqual([0, 1_048_576, 2_097_152])
})

test('what nobody can give again says so', async () => {
  const { connection } = host()
  await expect(bytesOf(connection, 'w', { ...payload, ref: null }, 'stored').whole()).rejects.toThrow('Only the first bytes')
})

test('a value of a file is had whole from the file', async () => {
  const { calls, connection } = host()
  const ref = { in: 'file', file: '0b6e2f3c-6a52-4d5b-8a27-2f4c5f0f9f11', eventId: '5', index: 0 } as const
  expect(await bytesOf(connection, '', { ...payload, ref }, 'stored').whole()).toEqual(data)
  expect([...calls]).toEqual(['history.filePayload'])
})

test('bytes are written as hex, base64 and lines of 16', () => {
  const bytes = Uint8Array.from([0, 65, 126, 127, 255])
  expect(hexOf(bytes)).toBe('00417e7fff')
  expect(bytesOfBase64(base64Of(data))).toEqual(data)
  expect(
    hexLines(
      Uint8Array.from({ length: 18 }, (_, i) => 64 + i),
      4096,
    ).split('\n'),
  ).toEqual([
    '00001000  40 41 42 43 44 45 46 47  48 49 4a 4b 4c 4d 4e 4f  @ABCDEFGHIJKLMNO',
    '00001010  50 51                                             PQ',
  ])
})
