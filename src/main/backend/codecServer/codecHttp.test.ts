import { createSecretKey, randomBytes } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import type { Payload } from '@temporalio/common'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEncryptionCodec } from '../../../temporal/codec/encryptionCodec.ts'
import { type KeySource, KeysUnavailable } from '../../../temporal/codec/keySource.ts'
import { singleKey } from '../../../temporal/codec/singleKey.ts'
import { silentLog } from '../log.ts'
import { type CodecHttp, type CodecLimits, startCodecHttp } from './codecHttp.ts'
import { mostPayloads, payloadJson } from './payloadsJson.ts'

const namespace = 'default'
const keys = singleKey({ id: 'k-test', key: createSecretKey(randomBytes(32)) })
const codec = createEncryptionCodec({ keys, namespace })
const origin = 'http://localhost:8233'
const origins = [origin, 'http://127.0.0.1:8233']

const start = (limits?: Partial<CodecLimits>, source: KeySource = keys) =>
  startCodecHttp({
    codec: createEncryptionCodec({ keys: source, namespace }),
    namespace,
    secret: randomBytes(32).toString('base64url'),
    origins: () => origins,
    log: silentLog,
    limits,
  })

let server: CodecHttp
beforeAll(async () => {
  server = await start()
})
afterAll(() => server.close())

const bytes = (text: string) => new TextEncoder().encode(text)
const json = (value: unknown): Payload => ({
  metadata: { encoding: bytes('json/plain') },
  data: bytes(JSON.stringify(value)),
})
const contentOf = ({ data }: { data?: string }) => JSON.parse(Buffer.from(data ?? '', 'base64').toString('utf8'))

/** As the Web UI asks; what is undefined is left out. */
async function ask(
  what: 'encode' | 'decode',
  body: unknown,
  {
    headers = {},
    url = server.url,
    method = 'POST',
  }: { headers?: Record<string, string | undefined>; url?: string; method?: string } = {},
) {
  const all = { 'Content-Type': 'application/json', 'X-Namespace': namespace, Origin: origin, ...headers }
  const response = await fetch(`${url}/${what}?preserveStorageRefs=true`, {
    method,
    headers: Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as [string, string]])),
    body: method === 'POST' ? (typeof body === 'string' ? body : JSON.stringify(body)) : null,
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: text === '' ? null : JSON.parse(text) }
}

/** A whole request written by hand: what no HTTP client would send. Gives all that comes back. */
function raw(lines: string, url = server.url): Promise<string> {
  return new Promise((resolve) => {
    let heard = ''
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(lines))
    socket.on('data', (data) => {
      heard += data.toString('latin1')
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(heard))
  })
}
const path = () => new URL(server.url).pathname
const host = () => new URL(server.url).host

describe('for the Web UI and the CLI', () => {
  it('decodes what was sealed, and encodes what is to be', async () => {
    const sealed = await codec.encode([json({ secret: 1 }), json('two')])
    const decoded = await ask('decode', { payloads: sealed.map(payloadJson) })
    expect(decoded.status).toBe(200)
    expect(decoded.headers.get('access-control-allow-origin')).toBe(origin)
    expect(decoded.headers.get('vary')).toBe('Origin')
    expect(decoded.headers.get('cache-control')).toBe('no-store')
    expect(decoded.body.payloads.map(contentOf)).toEqual([{ secret: 1 }, 'two'])

    const encoded = await ask('encode', { payloads: [payloadJson(json({ secret: 3 }))] }, { headers: { Origin: undefined } })
    expect(encoded.headers.get('access-control-allow-origin')).toBeNull()
    expect(encoded.text).not.toContain(Buffer.from('{"secret":3}').toString('base64'))
    const again = await ask('decode', encoded.body)
    expect(again.body.payloads.map(contentOf)).toEqual([{ secret: 3 }])
  })

  it('takes a thousand payloads at once', async () => {
    const values = Array.from({ length: 1_000 }, (_, i) => ({ i, text: 'x'.repeat(1_000) }))
    const sealed = await codec.encode(values.map(json))
    const { body } = await ask('decode', { payloads: sealed.map(payloadJson) })
    expect(body.payloads.map(contentOf)).toEqual(values)
  })

  it('passes on what is not sealed, and whatever else a payload carries', async () => {
    const plain = { ...payloadJson(json('clear')), externalPayloads: [{ sizeBytes: '12' }] }
    expect((await ask('decode', { payloads: [plain], other: true })).body).toEqual({ payloads: [plain], other: true })
    expect((await ask('decode', {})).body).toEqual({ payloads: [] })
  })

  it('a payload that cannot be read stays as it is and spoils itself only', async () => {
    const [good, bad] = (await codec.encode([json('good'), json('bad')])).map(payloadJson)
    const broken = Buffer.from(bad?.data ?? '', 'base64')
    broken[20] = (broken[20] ?? 0) ^ 1
    const changed = { ...bad, data: broken.toString('base64') }
    const foreign = payloadJson({ metadata: { encoding: bytes('binary/encrypted') }, data: bytes('not ours') })
    const { status, body } = await ask('decode', { payloads: [good, changed, foreign] })
    expect(status).toBe(200)
    expect(contentOf(body.payloads[0])).toBe('good')
    expect(body.payloads.slice(1)).toEqual([changed, foreign])
  })

  it('keys that cannot be had now are said, not shown as broken payloads; nothing is answered in clear', async () => {
    const locked = () => {
      throw new KeysUnavailable('The keychain is locked.', 'Unlock it.')
    }
    const closed = await start({}, { sealingKey: locked, openingKey: locked })
    const payloads = (await codec.encode([json(1)])).map(payloadJson)
    for (const what of ['encode', 'decode'] as const) {
      const { status, body } = await ask(what, { payloads }, { url: closed.url })
      expect([status, body]).toEqual([503, { message: 'The keychain is locked. Unlock it.' }])
    }
    await closed.close()
  })

  it('answers the preflight of both local origins', async () => {
    for (const each of origins) {
      const response = await fetch(`${server.url}/decode?preserveStorageRefs=true`, {
        method: 'OPTIONS',
        headers: {
          Origin: each,
          'Access-Control-Request-Method': 'POST',
          'Access-Control-Request-Headers': 'content-type,x-namespace',
        },
      })
      expect(response.status).toBe(204)
      expect(response.headers.get('access-control-allow-origin')).toBe(each)
      expect(response.headers.get('access-control-allow-methods')).toBe('POST')
      expect(response.headers.get('access-control-allow-headers')).toBe('Content-Type, X-Namespace')
    }
  })
})

describe('hostile requests are refused with a reason', () => {
  const nothingShown = (headers: Headers) => expect(headers.get('access-control-allow-origin')).toBeNull()

  it.each([
    'http://evil.example',
    'null',
    'http://localhost:8234',
    'https://localhost:8233',
    'http://localhost:8233.evil.example',
    'HTTP://LOCALHOST:8233',
    '',
  ])('of another origin: %s', async (other) => {
    const { status, headers } = await ask('decode', { payloads: [] }, { headers: { Origin: other } })
    expect(status).toBe(403)
    nothingShown(headers)
    const preflight = await fetch(`${server.url}/decode`, {
      method: 'OPTIONS',
      headers: { Origin: other, 'Access-Control-Request-Method': 'POST' },
    })
    expect(preflight.status).toBe(403)
    nothingShown(preflight.headers)
  })

  it.each(['evil.example', 'localhost', '127.0.0.1', '127.0.0.1:1', '[::1]'])('with another Host: %s', async (other) => {
    const answer = await raw(
      `POST ${path()}/decode HTTP/1.1\r\nHost: ${other}\r\nConnection: close\r\nContent-Type: application/json\r\nX-Namespace: default\r\nContent-Length: 2\r\n\r\n{}`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 403 /)
  })

  it('with no Host, or two', async () => {
    const head = `POST ${path()}/decode HTTP/1.1\r\nConnection: close\r\nContent-Length: 2\r\n`
    expect(await raw(`${head}\r\n{}`)).toMatch(/^HTTP\/1\.1 400 /)
    expect(await raw(`${head}Host: evil.example\r\nHost: ${host()}\r\n\r\n{}`)).toMatch(/^HTTP\/1\.1 (400|403) /)
  })

  it('without the secret path, or with a wrong one; also the preflight', async () => {
    const { origin: base } = new URL(server.url)
    const wrong = ['', '/', '/x', path().slice(0, -1), `${path()}x`, path().toLowerCase(), `//${path().slice(1)}`]
    for (const one of wrong.filter((candidate) => candidate !== path())) {
      for (const method of ['POST', 'OPTIONS', 'GET']) {
        const response = await fetch(`${base}${one}/decode`, { method, headers: { Origin: origin } })
        expect(response.status, `${method} ${one}`).toBe(404)
        expect(await response.text()).not.toContain(path().slice(1))
      }
    }
    const ping = (target: string) =>
      raw(`POST ${target}/decode HTTP/1.1\r\nHost: ${host()}\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}`)
    // Nothing is decoded, and where the target is a whole address, its path is not ours.
    for (const target of [`/%2e${path()}`, `/..${path()}`, server.url])
      expect(await ping(target), target).toMatch(/^HTTP\/1\.1 404 /)
  })

  it('to another action, or by another method', async () => {
    expect((await fetch(`${server.url}/download`, { method: 'POST' })).status).toBe(404)
    expect((await fetch(server.url, { method: 'POST' })).status).toBe(404)
    expect((await fetch(`${server.url}/decode/x`, { method: 'POST' })).status).toBe(404)
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'HEAD'])
      expect((await fetch(`${server.url}/decode`, { method })).status, method).toBe(405)
  })

  it('for another namespace, or for none', async () => {
    const payloads = (await codec.encode([json(1)])).map(payloadJson)
    for (const other of ['other', 'Default', 'default,other']) {
      const { status, body } = await ask('decode', { payloads }, { headers: { 'X-Namespace': other } })
      expect([status, body.message]).toEqual([403, 'This codec server is for the namespace default only.'])
    }
    expect((await ask('decode', { payloads }, { headers: { 'X-Namespace': undefined } })).status).toBe(400)
  })

  it('as a form of another page would be sent', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonp',
    ])
      expect((await ask('decode', '{}', { headers: { 'Content-Type': type } })).status, type).toBe(415)
    expect((await ask('decode', '{}', { headers: { 'Content-Encoding': 'gzip' } })).status).toBe(415)
  })

  it.each([
    'not json',
    '',
    'null',
    '[]',
    '{"payloads":{}}',
    '{"payloads":[1]}',
    '{"payloads":[{"metadata":[]}]}',
    '{"payloads":[{"metadata":{"encoding":7}}]}',
    '{"payloads":[{"data":"§§"}]}',
    '{"payloads":[{"data":"not base64!"}]}',
    `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
    `{"payloads":[${Array(mostPayloads + 1)
      .fill('{}')
      .join()}]}`,
  ])('malformed %#', async (body) => {
    const { status, body: answer, text } = await ask('decode', body)
    expect(status).toBe(400)
    expect(answer.message).toMatch(/^The body is not/)
    expect(text.length).toBeLessThan(300)
  })

  it('with a huge body, announced or not', async () => {
    const small = await start({ bodyBytes: 1_000 })
    const long = `{"payloads":[{"data":"${'A'.repeat(5_000)}"}]}`
    expect((await ask('decode', long, { url: small.url })).status).toBe(413)
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(`${small.url}/decode`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-Namespace': namespace, 'Transfer-Encoding': 'chunked' },
      })
      request.on('response', (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      request.on('error', reject)
      for (let i = 0; i < 50; i++) request.write('A'.repeat(100))
    })
    expect(status).toBe(413)
    await small.close()
  })

  it('with a body, or headers, that trickle in', async () => {
    const impatient = await start({ requestMs: 300 })
    const { pathname, host: there } = new URL(impatient.url)
    const head = `POST ${pathname}/decode HTTP/1.1\r\nHost: ${there}\r\nContent-Type: application/json\r\nX-Namespace: default\r\n`
    expect(await raw(`${head}Content-Length: 100\r\n\r\n{`, impatient.url)).toMatch(/^HTTP\/1\.1 408 /)
    expect(await raw(`${head}X-Slow: `, impatient.url)).toMatch(/^HTTP\/1\.1 408 /)
    await impatient.close()
  })

  it('many at once: more than are carried out are told to come again', async () => {
    const busy = await start({ requests: 1, requestMs: 5_000 })
    const { pathname, host: there, port } = new URL(busy.url)
    const holder = connect(Number(port), '127.0.0.1')
    holder.on('error', () => undefined)
    holder.write(
      `POST ${pathname}/decode HTTP/1.1\r\nHost: ${there}\r\nContent-Type: application/json\r\nX-Namespace: default\r\nContent-Length: 100\r\n\r\n{`,
    )
    await expect.poll(async () => (await ask('decode', {}, { url: busy.url })).status).toBe(503)
    holder.destroy()
    await expect.poll(async () => (await ask('decode', {}, { url: busy.url })).status).toBe(200)
    await busy.close()
  })
})

it('whatever is sent is answered, and nothing but a sealed payload of ours changes', async () => {
  const base64 = fc.uint8Array({ maxLength: 200 }).map((data) => Buffer.from(data).toString('base64'))
  const anyPayload = fc.record(
    {
      metadata: fc.dictionary(
        fc.string({ maxLength: 12 }).filter((name) => name !== '__proto__'),
        base64,
      ),
      data: base64,
    },
    { requiredKeys: ['metadata', 'data'] },
  )
  const body = fc.oneof(
    fc.record({ payloads: fc.array(anyPayload, { maxLength: 5 }) }),
    fc.record({ payloads: fc.json() }),
    fc.anything({ maxDepth: 3 }),
  )
  await fc.assert(
    fc.asyncProperty(body, async (value) => {
      const text = JSON.stringify(value) ?? ''
      const { status, body: answer } = await ask('decode', text)
      expect([200, 400]).toContain(status)
      if (status === 200) {
        const given = JSON.parse(text).payloads ?? []
        expect(answer.payloads).toHaveLength(given.length)
      }
    }),
    { numRuns: 200 },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(anyPayload, { maxLength: 5 }), async (payloads) => {
      const { body: answer } = await ask('decode', { payloads })
      expect(answer).toEqual({ payloads })
      const sealed = await ask('encode', { payloads })
      expect((await ask('decode', sealed.body)).body).toEqual({ payloads })
    }),
    { numRuns: 100 },
  )
})
