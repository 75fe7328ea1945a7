import { execFileSync } from 'node:child_process'
import { createCipheriv, createSecretKey, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { defaultPayloadConverter, type Payload } from '@temporalio/common'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pythonPeer } from '../../../scripts/pythonPeer.ts'
import { decodeEach } from './decodeEach.ts'
import { createEncryptionCodec } from './encryptionCodec.ts'
import { type DataKey, type KeySource, KeysUnavailable, UnknownKey } from './keySource.ts'
import { SealedPayloadError, type SealedProblem, sealedMetadata } from './sealedPayload.ts'
import { singleKey } from './singleKey.ts'

const namespace = 'default'
const dataKey = (id: string, bytes: Uint8Array = randomBytes(32), wrapped?: Uint8Array): DataKey => ({
  id,
  key: createSecretKey(bytes),
  wrapped,
})
const keyBytes = Buffer.from(Array.from({ length: 32 }, (_, i) => i))
const key = dataKey('key-1', keyBytes)
const codec = createEncryptionCodec({ keys: singleKey(key), namespace })

const text = (value: string) => new TextEncoder().encode(value)
const json = (value: unknown): Payload => ({
  metadata: { encoding: text('json/plain') },
  data: text(JSON.stringify(value)),
})
/** Bytes as plain hex, whatever class holds them, so that payloads of different makers compare. */
const plain = ({ metadata, data }: Payload) => ({
  metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('hex')])),
  data: Buffer.from(data ?? []).toString('hex'),
})
const seal = async (payload: Payload, by = codec) => (await by.encode([payload]))[0] as Payload
const open = async (payload: Payload, by = codec) => (await by.decode([payload]))[0] as Payload
const withMetadata = (payload: Payload, change: Record<string, Uint8Array | undefined>): Payload => ({
  data: payload.data,
  metadata: Object.fromEntries(
    Object.entries({ ...payload.metadata, ...change }).filter((entry): entry is [string, Uint8Array] => entry[1] !== undefined),
  ),
})
const problemOf = (payload: Payload, by = codec): Promise<SealedProblem | string> =>
  open(payload, by).then(
    () => 'opened',
    (error) => (error instanceof SealedPayloadError ? error.problem : (error as Error).name),
  )

const bytes = (maxLength: number) => fc.uint8Array({ maxLength })
const anyPayload: fc.Arbitrary<Payload> = fc.record({
  metadata: fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 20 }), bytes(40), { maxKeys: 5 }),
  data: bytes(2000),
})

describe('a sealed payload', () => {
  test('opens to what it was, whatever it was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyPayload, { maxLength: 4 }), async (payloads) => {
        const sealed = await codec.encode(payloads)
        expect((await codec.decode(sealed)).map(plain)).toEqual(payloads.map(plain))
      }),
    )
  })

  test.each([
    ['nothing at all', {}],
    ['metadata alone', { metadata: { encoding: text('binary/null') } }],
    ['empty data', { metadata: { encoding: text('binary/plain') }, data: new Uint8Array() }],
    ['metadata in any script', { metadata: { 'größe-大きさ-🗝': text('мера') }, data: text('🙂') }],
    ['4 MB', { metadata: { encoding: text('binary/plain') }, data: randomBytes(4 * 1024 * 1024) }],
    ['a sealed payload', { metadata: { encoding: text('binary/encrypted') }, data: randomBytes(40) }],
  ] satisfies [string, Payload][])('keeps %s', async (_, payload) => {
    expect(plain(await open(await seal(payload)))).toEqual(plain(payload))
  })

  test('shows its key, format and namespace, and nothing of what it holds', async () => {
    const sealed = await seal(json({ learning_rate: 0.1 }))
    expect(Object.fromEntries(Object.entries(sealed.metadata ?? {}).map(([name, value]) => [name, String(value)]))).toEqual({
      encoding: 'binary/encrypted',
      'encryption-key-id': 'key-1',
      'encryption-format': 'gatehouse/1',
      'encryption-namespace': 'default',
    })
    expect(Buffer.from(sealed.data ?? []).toString('latin1')).not.toMatch(/learning_rate|json/)
  })

  test('differs each time: no IV comes twice', async () => {
    const sealed = await codec.encode(Array.from({ length: 5000 }, () => json('same')))
    const ivs = new Set(sealed.map(({ data }) => Buffer.from((data ?? []).slice(0, 12)).toString('hex')))
    expect(ivs.size).toBe(sealed.length)
  })

  test('an empty batch costs no message of a key', async () => {
    const keys: KeySource = {
      sealingKey: () => {
        throw new Error('was asked for')
      },
      openingKey: () => key,
    }
    expect(await createEncryptionCodec({ keys, namespace }).encode([])).toEqual([])
  })

  test('a batch is charged as a whole', async () => {
    const charged: number[] = []
    const keys: KeySource = {
      sealingKey: async (messages) => {
        charged.push(messages)
        return key
      },
      openingKey: async () => key,
    }
    const counted = createEncryptionCodec({ keys, namespace })
    await counted.decode(await counted.encode([json(1), json(2), json(3)]))
    expect(charged).toEqual([3])
  })
})

describe('known answers, made by another implementation', () => {
  const payload = json({ learning_rate: 0.1 })
  const metadata = {
    encoding: text('binary/encrypted'),
    'encryption-key-id': text('key-1'),
    'encryption-format': text('gatehouse/1'),
    'encryption-namespace': text('default'),
  }
  const iv = '6465666768696a6b6c6d6e6f'
  const body = '420dd46e1c8735f15a0b318fc86f008e2dac297ae70d9a1cb5c4d76a97c6c43afa802ea71360fa7098d1420fd373b7'

  test('sealed under a key of our own', async () => {
    const data = Buffer.from(`${iv}${body}2abaacd21d2b60e99d96c0d17b609d90`, 'hex')
    expect(plain(await open({ metadata, data }))).toEqual(plain(payload))
  })

  test('sealed under a key that a key service wrapped', async () => {
    const wrapped = Buffer.from([1, 2, 3, 4])
    const data = Buffer.from(`${iv}${body}0c55bb843e219341539f02326f3f1f3d`, 'hex')
    const sealed = { metadata: { ...metadata, 'encryption-wrapped-key': wrapped }, data }
    const asked: unknown[] = []
    const keys: KeySource = {
      sealingKey: () => null,
      openingKey: (...given) => {
        asked.push(given)
        return key
      },
    }
    expect(plain(await open(sealed, createEncryptionCodec({ keys, namespace })))).toEqual(plain(payload))
    expect(asked).toEqual([['key-1', wrapped]])
  })

  test('in the format of the official samples, for a key that is set up for it and for no other', async () => {
    const sample = dataKey('test-key-id', text('test-key-test-key-test-key-test!'))
    const sealed = {
      metadata: { encoding: text('binary/encrypted'), 'encryption-key-id': text('test-key-id') },
      data: Buffer.from(
        `${iv}3fb6e0825addc5715d7c2f24a011ee7bbf5beb9fd17f18296ae7ede9aeb2685ca2406847647c361d8d7b09b98a3c9b92e8efd4db5d3ef1bbfdbbc545a70c05`,
        'hex',
      ),
    }
    const keys = singleKey(sample)
    const reader = createEncryptionCodec({ keys, namespace, sampleKeyIds: ['test-key-id'] })
    expect(plain(await open(sealed, reader))).toEqual(plain(payload))
    await expect(open(sealed, createEncryptionCodec({ keys, namespace }))).rejects.toThrow(
      'Another program encrypted this value (key test-key-id); no key is set up here for reading its format.',
    )
    // Never written: what that reader seals is ours.
    expect(String((await seal(payload, reader)).metadata?.[sealedMetadata.format])).toBe('gatehouse/1')
  })
})

describe('plain and encrypted side by side', () => {
  test('payloads of other encodings are decoded as they are', async () => {
    const others = [json(1), { metadata: { encoding: text('binary/zlib') }, data: text('x') }, { data: text('x') }, {}]
    expect(await codec.decode(others)).toEqual(others)
  })

  test('while encryption is off, payloads pass as they are and sealed ones stay readable', async () => {
    const sealed = await seal(json('old'))
    const off = createEncryptionCodec({ keys: { ...singleKey(key), sealingKey: () => null }, namespace })
    expect(await off.encode([json('new')])).toEqual([json('new')])
    expect((await off.decode([json('new'), sealed])).map(plain)).toEqual([json('new'), json('old')].map(plain))
  })

  test('keys that cannot be had now fail the encoding: nothing passes in clear instead', async () => {
    const locked = () => {
      throw new KeysUnavailable('The keychain is locked.', 'Unlock it.')
    }
    const off = createEncryptionCodec({ keys: { sealingKey: locked, openingKey: locked }, namespace })
    await expect(off.encode([json(1)])).rejects.toThrow(KeysUnavailable)
    await expect(off.decode([await seal(json(1))])).rejects.toThrow(KeysUnavailable)
    expect(await off.decode([json(1)])).toEqual([json(1)])
  })
})

describe('what is not whole, or not ours, is refused with a reason', () => {
  test('any flipped bit of the data', async () => {
    const sealed = await seal(json({ proprietary: 'config' }))
    await fc.assert(
      fc.asyncProperty(fc.nat((sealed.data?.length ?? 0) * 8 - 1), async (bit) => {
        const data = Buffer.from(sealed.data ?? [])
        data.writeUInt8(data.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
        expect(await problemOf({ ...sealed, data })).toBe('changed')
      }),
    )
  })

  test('any flipped bit of the metadata never opens', async () => {
    const wrapping = dataKey('key-1', keyBytes, text('wrapped'))
    const anyKey: KeySource = { sealingKey: () => wrapping, openingKey: () => key }
    const by = createEncryptionCodec({ keys: anyKey, namespace })
    const payload = json({ proprietary: 'config' })
    const sealed = await seal(payload, by)
    const fields = Object.values(sealedMetadata)
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...fields), fc.nat(), fc.nat(7), async (field, position, bit) => {
        const value = Buffer.from(sealed.metadata?.[field] ?? [])
        const at = position % value.length
        value.writeUInt8(value.readUInt8(at) ^ (1 << bit), at)
        const changed = withMetadata(sealed, { [field]: value })
        // Under another name of the encoding it is somebody else's payload, and stays the ciphertext that it is.
        if (field === 'encoding') expect(await open(changed, by)).toBe(changed)
        else expect(await problemOf(changed, by)).toMatch(/^(changed|format|namespace|metadata)$/)
      }),
    )
  })

  test('any part of it', async () => {
    const sealed = await seal(json({ proprietary: 'config' }))
    const { length } = sealed.data as Uint8Array
    await fc.assert(
      fc.asyncProperty(fc.nat(length - 1), async (kept) => {
        const expected = kept < 28 ? 'truncated' : 'changed'
        expect(await problemOf({ ...sealed, data: sealed.data?.slice(0, kept) })).toBe(expected)
      }),
    )
    expect(await problemOf({ metadata: sealed.metadata })).toBe('truncated')
    await expect(open({ ...sealed, data: sealed.data?.slice(0, 20) })).rejects.toThrow('of at least 28 bytes 20 are there')
  })

  test('anything that strangers call encrypted', async () => {
    const field = fc.oneof(bytes(30), fc.constantFrom('gatehouse/1', 'default', 'key-1', '').map(text))
    const metadata = fc.dictionary(fc.constantFrom(...Object.values(sealedMetadata)), field)
    await fc.assert(
      fc.asyncProperty(metadata, bytes(200), async (given, data) => {
        const payload = { metadata: { ...given, encoding: text('binary/encrypted') }, data }
        expect(await problemOf(payload)).toMatch(/^(changed|format|namespace|metadata|truncated|UnknownKey)$/)
      }),
    )
  })

  test('under another key of the same id', async () => {
    const other = createEncryptionCodec({ keys: singleKey(dataKey('key-1')), namespace })
    await expect(open(await seal(json(1)), other)).rejects.toThrow(/does not verify under the key key-1/)
  })

  test('replayed under the id of another key, though both hold the same bytes', async () => {
    const both: KeySource = { sealingKey: () => key, openingKey: (id) => dataKey(id, keyBytes) }
    const by = createEncryptionCodec({ keys: both, namespace })
    const sealed = await seal(json(1), by)
    expect(await problemOf(withMetadata(sealed, { [sealedMetadata.keyId]: text('key-2') }), by)).toBe('changed')
  })

  test('replayed in another namespace, even when its label is changed too', async () => {
    const sealed = await seal(json(1))
    const other = createEncryptionCodec({ keys: singleKey(key), namespace: 'other' })
    await expect(open(sealed, other)).rejects.toThrow(
      'This value was encrypted for the namespace default; it cannot be read in other.',
    )
    expect(await problemOf(withMetadata(sealed, { [sealedMetadata.namespace]: text('other') }), other)).toBe('changed')
  })

  test('with a wrapped key added, exchanged or taken away', async () => {
    const keys: KeySource = { sealingKey: () => ({ ...key, wrapped: text('wrapped') }), openingKey: () => key }
    const by = createEncryptionCodec({ keys, namespace })
    const field = sealedMetadata.wrappedKey
    expect(await problemOf(withMetadata(await seal(json(1)), { [field]: text('added') }), by)).toBe('changed')
    const sealed = await seal(json(1), by)
    expect(await problemOf(withMetadata(sealed, { [field]: text('exchanged') }), by)).toBe('changed')
    expect(await problemOf(withMetadata(sealed, { [field]: undefined }), by)).toBe('changed')
  })

  test('stripped of its format, to pass for a sample’s', async () => {
    const sealed = withMetadata(await seal(json(1)), { [sealedMetadata.format]: undefined })
    expect(await problemOf(sealed)).toBe('format')
    expect(await problemOf(sealed, createEncryptionCodec({ keys: singleKey(key), namespace, sampleKeyIds: ['key-1'] }))).toBe(
      'changed',
    )
  })

  test.each([
    ['no key', { [sealedMetadata.keyId]: undefined }, 'does not name its key'],
    ['a key that is no text', { [sealedMetadata.keyId]: new Uint8Array([0xff]) }, 'does not name its key'],
    ['a key id that goes on', { [sealedMetadata.keyId]: text('k'.repeat(257)) }, 'what names its key is too long'],
    ['a wrapped key that goes on', { [sealedMetadata.wrappedKey]: randomBytes(8193) }, 'what names its key is too long'],
    ['an empty wrapped key', { [sealedMetadata.wrappedKey]: new Uint8Array() }, 'its wrapped key is empty'],
    ['no namespace', { [sealedMetadata.namespace]: undefined }, 'does not name its namespace'],
    ['a later format', { [sealedMetadata.format]: text('gatehouse/2') }, 'in the format gatehouse/2, which is not known here'],
    ['a foreign codec’s format', { [sealedMetadata.format]: text('x'.repeat(5000)) }, `${'x'.repeat(100)}…`],
  ])('with %s', async (_, change, reason) => {
    await expect(open(withMetadata(await seal(json(1)), change))).rejects.toThrow(reason)
  })

  test.each([0, 16, 31, 33, 64])('by a key of %i bytes', async (length) => {
    const wrong = createSecretKey(length === 0 ? new Uint8Array(0) : randomBytes(length))
    const by = createEncryptionCodec({ keys: singleKey({ id: 'key-1', key: wrong }), namespace })
    await expect(seal(json(1), by)).rejects.toThrow(`The key key-1 has ${length} bytes; AES-256 takes 32.`)
    await expect(open(await seal(json(1)), by)).rejects.toThrow(`The key key-1 has ${length} bytes; AES-256 takes 32.`)
  })

  test('when what was sealed is no payload', async () => {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', keyBytes, iv)
    // Field 1 of 127 bytes, of which none follow.
    const sealed = Buffer.concat([iv, cipher.update(Buffer.from([0x0a, 0x7f])), cipher.final(), cipher.getAuthTag()])
    const by = createEncryptionCodec({ keys: singleKey(key), namespace, sampleKeyIds: ['key-1'] })
    const metadata = { encoding: text('binary/encrypted'), 'encryption-key-id': text('key-1') }
    await expect(open({ metadata, data: sealed }, by)).rejects.toThrow('was decrypted, but is not a Temporal payload')
  })

  test('no reason tells anything of the content, of the key, or more than a little of a stranger’s text', async () => {
    const secret = 'proprietary-value'
    const sealed = await seal(json(secret))
    const spoiled = [
      { ...sealed, data: sealed.data?.slice(1) },
      withMetadata(sealed, { [sealedMetadata.keyId]: text('k'.repeat(100_000)) }),
      withMetadata(sealed, { [sealedMetadata.namespace]: text('n'.repeat(100_000)) }),
    ]
    for (const { error } of await decodeEach([codec], spoiled)) {
      expect(error?.message).not.toMatch(/proprietary/)
      expect(error?.message.length).toBeLessThan(500)
    }
  })
})

describe('a batch with a bad payload', () => {
  const mixed = async () => {
    const good = await seal(json('good'))
    const unknown = withMetadata(good, { [sealedMetadata.keyId]: text('lost') })
    return [good, { ...good, data: good.data?.slice(0, 40) }, unknown, json('plain')]
  }

  test('fails as a whole for the SDK', async () => {
    await expect(codec.decode(await mixed())).rejects.toThrow()
  })

  test('spoils only itself for the console', async () => {
    const payloads = await mixed()
    const each = await decodeEach([codec], payloads)
    expect(each.map(({ stored }) => stored)).toEqual(payloads)
    expect(each.map(({ payload }) => payload && plain(payload))).toEqual([plain(json('good')), null, null, plain(json('plain'))])
    expect(each[1]?.error).toBeInstanceOf(SealedPayloadError)
    expect(each[2]?.error).toBeInstanceOf(UnknownKey)
  })

  test('is handed on by a worker: the bad one fails where it is used, and says why', async () => {
    const worker = createEncryptionCodec({ keys: singleKey(key), namespace, handOnUnreadable: true })
    const decoded = await worker.decode(await mixed())
    expect([decoded[0], decoded[3]].map((payload) => plain(payload as Payload))).toEqual([json('good'), json('plain')].map(plain))
    expect(() => defaultPayloadConverter.fromPayload(decoded[1] as Payload)).toThrow(/binary\/encrypted \(.* does not verify/)
    expect(() => defaultPayloadConverter.fromPayload(decoded[2] as Payload)).toThrow('The key lost is not in this key ring')
    const locked = () => {
      throw new KeysUnavailable('The keychain is locked.', 'Unlock it.')
    }
    const later = createEncryptionCodec({ keys: { sealingKey: locked, openingKey: locked }, namespace, handOnUnreadable: true })
    await expect(later.decode(await mixed())).rejects.toThrow(KeysUnavailable)
  })

  test('a thousand payloads are decoded', async () => {
    const payloads = Array.from({ length: 1000 }, (_, i) => json({ i }))
    expect((await codec.decode(await codec.encode(payloads))).map(plain)).toEqual(payloads.map(plain))
  })
})

const python = await pythonPeer(['cryptography==50.0.2'])

describe.skipIf(!python)('beside the second implementation, in Python', () => {
  const script = join(import.meta.dirname, 'encryptionPeer.py')
  const ask = (request: object): (ReturnType<typeof plain> | null)[] =>
    JSON.parse(execFileSync(python ?? '', [script], { input: JSON.stringify(request), maxBuffer: 64 * 1024 * 1024 }).toString())
  const fromHex = (payload: ReturnType<typeof plain> | null): Payload => ({
    metadata: Object.fromEntries(Object.entries(payload?.metadata ?? {}).map(([name, hex]) => [name, Buffer.from(hex, 'hex')])),
    data: Buffer.from(payload?.data ?? '', 'hex'),
  })
  const unicode = 'größe-大きさ'
  const payloads = [
    ...fc.sample(anyPayload, 50),
    { metadata: {}, data: new Uint8Array() },
    { metadata: { encoding: text('binary/plain') }, data: randomBytes(300_000) },
  ]
  const ours = { key: keyBytes.toString('hex'), keyId: unicode, namespace: unicode }

  test.each([
    ['a key of our own', undefined],
    ['a wrapped key', text('wrapped by a key service')],
  ])('it opens what is sealed here under %s', async (_, wrapped) => {
    const by = createEncryptionCodec({ keys: singleKey(dataKey(unicode, keyBytes, wrapped)), namespace: unicode })
    const sealed = await by.encode(payloads)
    expect(ask({ op: 'open', ...ours, payloads: sealed.map(plain) })).toEqual(payloads.map(plain))
    expect(ask({ op: 'open', ...ours, namespace: 'other', payloads: sealed.map(plain) })).toEqual(payloads.map(() => null))
  })

  test.each([
    ['a key of our own', undefined],
    ['a wrapped key', text('wrapped by a key service')],
  ])('what it seals under %s opens here', async (_, wrapped) => {
    const by = createEncryptionCodec({ keys: singleKey(dataKey(unicode, keyBytes, wrapped)), namespace: unicode })
    const wrappedKey = wrapped && Buffer.from(wrapped).toString('hex')
    const sealed = ask({ op: 'seal', ...ours, wrappedKey, payloads: payloads.map(plain) })
    expect((await by.decode(sealed.map(fromHex))).map(plain)).toEqual(payloads.map(plain))
  })

  test('what it writes in the format of the official samples opens here', async () => {
    const by = createEncryptionCodec({ keys: singleKey(dataKey(unicode, keyBytes)), namespace, sampleKeyIds: [unicode] })
    const sealed = ask({ op: 'seal-sample', ...ours, payloads: payloads.map(plain) })
    expect((await by.decode(sealed.map(fromHex))).map(plain)).toEqual(payloads.map(plain))
  })
})
