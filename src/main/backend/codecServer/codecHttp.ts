/**
 * Temporal's remote codec protocol on the loopback address: `POST /<secret>/encode` and `/decode`, as the Web UI's codec
 * settings and `temporal --codec-endpoint` speak it (https://docs.temporal.io/codec-server).
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Payload, PayloadCodec } from '@temporalio/common'
import { type Decoded, decodeEach } from '../../../temporal/codec/decodeEach.ts'
import { KeysUnavailable } from '../../../temporal/codec/keySource.ts'
import { answerJson, discard } from '../../web/answers.ts'
import { listenOnLoopback } from '../../web/listen.ts'
import { sameSecret } from '../../web/sessions.ts'
import type { Log } from '../log.ts'
import { payloadJson, payloadOf, readPayloads } from './payloadsJson.ts'

export interface CodecHttpOptions {
  codec: PayloadCodec
  /** The one namespace whose payloads pass here. */
  namespace: string
  /** First part of the path. Whoever knows it may decode: it is the credential. */
  secret: string
  /** Origins of pages that may read the answers, as `http://localhost:8233`; asked at each request. */
  origins(): readonly string[]
  log: Pick<Log, 'warn' | 'error'>
  limits?: Partial<CodecLimits>
}

export interface CodecLimits {
  /** Bytes of a request's body. */
  bodyBytes: number
  /** How long a request's headers and body may take to arrive, in milliseconds. */
  requestMs: number
  /** Requests that are carried out at the same time. */
  requests: number
}

// 1,000 payloads of 16 KiB are 22 MB in base64; a payload that Temporal accepts has 2 MB at most.
const usualLimits: CodecLimits = { bodyBytes: 32 * 1024 * 1024, requestMs: 10_000, requests: 8 }
const preflightSeconds = 600

export interface CodecHttp {
  /** `http://127.0.0.1:PORT/SECRET` */
  url: string
  close(): Promise<void>
}

/** An answer that is not 200; its text goes to whoever asked. */
class Refusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Starts to listen on a free port of 127.0.0.1. @throws when none can be had */
export async function startCodecHttp(options: CodecHttpOptions): Promise<CodecHttp> {
  const { codec, namespace, secret, origins, log } = options
  const limits = { ...usualLimits, ...options.limits }
  let underWay = 0
  let host = ''

  const server = createServer(
    {
      headersTimeout: limits.requestMs,
      requestTimeout: limits.requestMs,
      // Slow senders are looked for this often.
      connectionsCheckingInterval: Math.min(1_000, limits.requestMs),
      keepAliveTimeout: 5_000,
      maxHeaderSize: 16_384,
    },
    (request, response) => {
      void answer(request, response).catch((error: unknown) => {
        if (response.destroyed) return
        if (!(error instanceof Refusal)) log.error({ err: error }, 'a request to the codec server failed unexpectedly')
        const { status, message } =
          error instanceof Refusal ? error : new Refusal(500, 'Something went wrong here; the log has the details.')
        // What was refused may still be sending.
        answerJson(response, status, { message }, { Connection: 'close' })
        discard(request)
      })
    },
  )
  // A hostile page or program may open connections without end.
  server.maxConnections = 128

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('X-Content-Type-Options', 'nosniff')
    // A name that was rebound to 127.0.0.1 carries another Host.
    if (request.headers.host !== host) throw new Refusal(403, 'This address is not the codec server’s.')
    const { origin } = request.headers
    if (origin !== undefined) {
      response.setHeader('Vary', 'Origin')
      if (!origins().includes(origin)) throw new Refusal(403, 'Only the Temporal Web UI of this stack is answered.')
      response.setHeader('Access-Control-Allow-Origin', origin)
    }
    // `?preserveStorageRefs=true`, which the Web UI adds, asks for what is done anyway: references are left alone.
    const [path = ''] = (request.url ?? '').split('?', 1)
    const [, given = '', action = '', ...more] = path.split('/')
    if (!sameSecret(given, secret) || more.length > 0) throw new Refusal(404, 'There is no such endpoint.')
    if (action !== 'encode' && action !== 'decode') throw new Refusal(404, 'There are /encode and /decode.')
    if (request.method === 'OPTIONS') {
      response.setHeader('Access-Control-Allow-Methods', 'POST')
      response.setHeader('Access-Control-Allow-Headers', 'Content-Type, X-Namespace')
      response.setHeader('Access-Control-Max-Age', preflightSeconds)
      response.writeHead(204).end()
      return
    }
    if (request.method !== 'POST') throw new Refusal(405, 'Only POST is answered here.')
    checkHeaders(request)
    if (underWay >= limits.requests) throw new Refusal(503, 'Too many requests at once. Try again in a moment.')
    underWay++
    try {
      const payloads = parse(await readBody(request, limits.bodyBytes))
      const answered = action === 'encode' ? await encode(payloads.payloads) : await decode(payloads.payloads)
      answerJson(response, 200, { ...payloads, payloads: answered })
    } finally {
      underWay--
    }
  }

  function checkHeaders({ headers }: IncomingMessage): void {
    if (!/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? ''))
      throw new Refusal(415, 'The Content-Type must be application/json.')
    if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity')
      throw new Refusal(415, 'A body with a Content-Encoding is not taken.')
    const asked = headers['x-namespace']
    if (asked === undefined) throw new Refusal(400, 'X-Namespace is missing: it must name the namespace of the payloads.')
    if (asked !== namespace) throw new Refusal(403, `This codec server is for the namespace ${namespace} only.`)
    if (Number(headers['content-length'] ?? 0) > limits.bodyBytes) throw tooLong()
  }

  const tooLong = () => new Refusal(413, `The body is longer than ${limits.bodyBytes} bytes. Send fewer payloads at once.`)

  async function readBody(request: IncomingMessage, most: number): Promise<string> {
    const chunks: Buffer[] = []
    let length = 0
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > most) throw tooLong()
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString('utf8')
  }

  function parse(text: string) {
    try {
      return readPayloads(text)
    } catch (error) {
      throw new Refusal(400, (error as Error).message)
    }
  }

  type Asked = ReturnType<typeof readPayloads>['payloads']

  async function encode(asked: Asked): Promise<Asked> {
    const sealed = await whileKeysAreThere(() => codec.encode(asked.map(payloadOf)))
    return asked.map((given, index) => ({ ...given, ...payloadJson(sealed[index] as Payload) }))
  }

  /** One that cannot be read stays as it is, which shows it for what it is; keys that cannot be had now are no fault of it. */
  async function decode(asked: Asked): Promise<Asked> {
    const decoded = await decodeEach([codec], asked.map(payloadOf))
    const away = decoded.find(({ error }) => error instanceof KeysUnavailable)
    if (away) return whileKeysAreThere(() => Promise.reject(away.error))
    return asked.map((given, index) => {
      const { stored, payload } = decoded[index] as Decoded
      return payload && payload !== stored ? { ...given, ...payloadJson(payload) } : given
    })
  }

  async function whileKeysAreThere<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof KeysUnavailable) throw new Refusal(503, `${error.message} ${error.remedy}`)
      throw error
    }
  }

  const port = await listenOnLoopback(server, [0])
  host = `127.0.0.1:${port}`
  return {
    url: `http://${host}/${secret}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        // Whoever is connected knows a path that ends here.
        server.closeAllConnections()
      }),
  }
}
