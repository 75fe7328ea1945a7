/** For tests: the part of Vault's HTTP API that is used here, with its paths, answers and errors (developer.hashicorp.com/vault/api-docs). */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

export interface VaultDouble {
  address: string
  /** Each request that came, such as `POST transit/decrypt/gatehouse`. */
  requests: string[]
  /** Accepted tokens, and how long each lives from its last renewal, in seconds. */
  tokens: Map<string, { ttl: number; renewable: boolean; expires: number }>
  addToken(token: string, ttl?: number): void
  /** Versions of each Transit key, the newest last. */
  keys: Map<string, Buffer[]>
  sealed: boolean
  /** Answers each request by a redirect there. */
  redirect: string | null
  /** Holds its answers back. */
  hang: boolean
  close(): Promise<void>
}

interface Options {
  namespace?: string
  mount?: string
  tls?: { cert: string; key: string }
}

type Reply = [status: number, body: object]
const errors = (status: number, ...said: string[]): Reply => [status, { errors: said }]
const answer = (part: object): Reply => [
  200,
  {
    request_id: 'f1',
    lease_id: '',
    renewable: false,
    lease_duration: 0,
    data: null,
    wrap_info: null,
    warnings: null,
    auth: null,
    ...part,
  },
]

export async function startVaultDouble({ namespace, mount = 'transit', tls }: Options = {}): Promise<VaultDouble> {
  const double: Omit<VaultDouble, 'address' | 'close'> = {
    requests: [],
    tokens: new Map(),
    addToken: (token, ttl = 3600) =>
      void double.tokens.set(token, {
        ttl,
        renewable: ttl > 0,
        expires: ttl > 0 ? Date.now() + ttl * 1000 : Number.POSITIVE_INFINITY,
      }),
    keys: new Map([['gatehouse', [randomBytes(32)]]]),
    sealed: false,
    redirect: null,
    hang: false,
  }

  const seal = (versions: Buffer[], plaintext: string): string => {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', versions.at(-1) as Buffer, iv)
    const body = Buffer.concat([iv, cipher.update(plaintext, 'base64'), cipher.final(), cipher.getAuthTag()])
    return `vault:v${versions.length}:${body.toString('base64')}`
  }
  const open = (versions: Buffer[], ciphertext: string): string | Reply => {
    const [, version, text] = ciphertext.match(/^vault:v(\d+):(.*)$/) ?? []
    if (version === undefined || text === undefined) return errors(400, 'invalid ciphertext: no prefix')
    const key = versions[Number(version) - 1]
    if (!key) return errors(400, 'invalid ciphertext: version is too new')
    const body = Buffer.from(text, 'base64')
    if (body.length < 28) return errors(400, 'invalid ciphertext: could not decode base64')
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, body.subarray(0, 12)).setAuthTag(body.subarray(-16))
      return Buffer.concat([decipher.update(body.subarray(12, -16)), decipher.final()]).toString('base64')
    } catch {
      return errors(400, 'cipher: message authentication failed')
    }
  }

  const handle = (method: string, path: string, headers: IncomingMessage['headers'], body: Record<string, unknown>): Reply => {
    if (double.sealed) return errors(503, 'Vault is sealed')
    if (headers['x-vault-namespace'] !== namespace) return errors(404, `no handler for route "${path}". route entry not found.`)
    const token = double.tokens.get(String(headers['x-vault-token'] ?? ''))
    if (!token || token.expires <= Date.now()) return errors(403, 'permission denied')
    if (path === 'auth/token/lookup-self' && method === 'GET')
      return answer({ data: { ttl: token.ttl, renewable: token.renewable, num_uses: 0, policies: ['default', 'gatehouse'] } })
    if (path === 'auth/token/renew-self' && method === 'POST') {
      if (!token.renewable) return errors(400, 'lease is not renewable')
      token.expires = Date.now() + token.ttl * 1000
      return answer({ auth: { client_token: 'same', lease_duration: token.ttl, renewable: true, token_type: 'service' } })
    }
    const name = path.split('/').at(-1) ?? ''
    const versions = double.keys.get(name)
    const transit = path.startsWith(`${mount}/`) ? path.slice(mount.length + 1, -name.length - 1) : null
    if (transit !== 'datakey/plaintext' && transit !== 'decrypt')
      return errors(404, `no handler for route "${path}". route entry not found.`)
    if (method !== 'POST' && method !== 'PUT') return errors(405, '1 error occurred:\n\t* unsupported operation\n\n')
    if (!versions) return errors(400, 'encryption key not found')
    if (transit === 'decrypt') {
      if (typeof body.ciphertext !== 'string' || body.ciphertext === '') return errors(400, 'missing ciphertext to decrypt')
      const opened = open(versions, body.ciphertext)
      return typeof opened === 'string' ? answer({ data: { plaintext: opened } }) : opened
    }
    const bits = body.bits ?? 256
    if (bits !== 128 && bits !== 256 && bits !== 512) return errors(400, 'invalid bit length')
    const plaintext = randomBytes(Number(bits) / 8).toString('base64')
    return answer({ data: { ciphertext: seal(versions, plaintext), key_version: versions.length, plaintext } })
  }

  const listen = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://vault')
    const path = url.pathname.replace(/^\/v1\//, '')
    double.requests.push(`${request.method} ${path}`)
    let text = ''
    for await (const chunk of request) text += chunk
    if (double.hang) return
    if (double.redirect) {
      response.writeHead(307, { Location: `${double.redirect}${url.pathname}` }).end()
      return
    }
    const [status, reply] = handle(request.method ?? '', path, request.headers, text === '' ? {} : JSON.parse(text))
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(reply))
  }
  const server = tls ? createTlsServer(tls, listen) : createServer(listen)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return Object.assign(double, {
    address: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  })
}
