import { createSecretKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { z } from 'zod'
import type { VaultSettings } from '../../../contract/keys.ts'
import { KeysUnavailable } from '../../../temporal/codec/keySource.ts'
import { type KeyProvider, newKeyId, serviceKeepMs } from './keyProvider.ts'
import { keyBytes } from './wrapping.ts'

interface Options extends VaultSettings {
  /** Asked again when a token was refused; the file of the settings comes first. */
  token(): Promise<string | null>
  keepMs?: number
}

const answerWithinMs = 5_000
const longestAnswer = 64 * 1024
const mostRedirects = 2
/** How Vault marks what Transit wrapped, with the version of the key. */
const wrappedPattern = /^vault:v\d+:[A-Za-z0-9+/=]+$/

const dataKeyAnswer = z.object({ data: z.object({ plaintext: z.base64(), ciphertext: z.string().regex(wrappedPattern) }) })
const decryptAnswer = z.object({ data: z.object({ plaintext: z.base64() }) })
const tokenAnswer = z.object({ data: z.object({ ttl: z.number(), renewable: z.boolean() }) })
const renewalAnswer = z.object({ auth: z.object({ lease_duration: z.number(), renewable: z.boolean() }) })

/**
 * Envelope encryption with HashiCorp Vault's Transit engine (developer.hashicorp.com/vault/api-docs/secret/transit):
 * Vault makes a data key and gives it in clear and wrapped (`datakey/plaintext`); the wrapped one travels with each
 * payload and is given back in clear to whoever may `decrypt`. The token's policy needs `update` on both paths.
 */
export function createVaultKeys(options: Options): KeyProvider {
  const { address, mount, key: transitKey, namespace, tokenFile, caFile, token: givenToken } = options
  let token: string | null = null
  /** When half of the token's life is over; null until Vault said how long it lives. */
  let renewAt: number | null = null

  const readToken = async (): Promise<string> => {
    const fromFile = tokenFile ? (await readFile(tokenFile, 'utf8').catch((error) => unreadable(tokenFile, error))).trim() : ''
    const found = fromFile || (await givenToken())
    if (!found) {
      throw new KeysUnavailable(
        'There is no token for Vault.',
        'Set VAULT_TOKEN, or name a token file as "tokenFile" in config/keys.json; then try again.',
      )
    }
    return found
  }

  const send = async (method: 'GET' | 'POST', path: string, body: object | null): Promise<Answer> => {
    const headers: Record<string, string> = { 'X-Vault-Request': 'true', 'X-Vault-Token': token ?? '' }
    if (namespace) headers['X-Vault-Namespace'] = namespace
    const ca = caFile ? await readFile(caFile).catch((error) => unreadable(caFile, error)) : undefined
    try {
      return await exchange(new URL(`${address.replace(/\/+$/, '')}/v1/${path}`), { method, headers, body, ca })
    } catch (error) {
      throw new KeysUnavailable(
        `Vault at ${address} cannot be reached (${(error as Error).message}).`,
        'Check the address and the network; it is tried again.',
      )
    }
  }

  /** With a token that was refused, once more with what its source holds now: Vault Agent writes a new one there. */
  const ask = async (path: string, body: object): Promise<Answer> => {
    token ??= await readToken()
    const answer = await send('POST', path, body)
    if (answer.status !== 403) return answer
    const before = token
    token = await readToken()
    renewAt = null
    return token === before ? answer : send('POST', path, body)
  }

  /** A token that is used stays alive; one that cannot be renewed ends when it ends. */
  const keepTokenAlive = async (): Promise<void> => {
    if (renewAt !== null && Date.now() < renewAt) return
    const renewing = renewAt !== null
    renewAt = Number.POSITIVE_INFINITY // one at a time
    const answer = renewing ? await send('POST', 'auth/token/renew-self', {}) : await send('GET', 'auth/token/lookup-self', null)
    const lifeSeconds = renewing
      ? renewalAnswer.transform(({ auth }) => (auth.renewable ? auth.lease_duration : 0)).safeParse(answer.json)
      : tokenAnswer.transform(({ data }) => (data.renewable ? data.ttl : 0)).safeParse(answer.json)
    // A root token has no end (0 seconds), and a policy may forbid the question.
    if (lifeSeconds.success && lifeSeconds.data > 0) renewAt = Date.now() + (lifeSeconds.data * 1000) / 2
  }

  const key = (base64: string) => {
    const raw = Buffer.from(base64, 'base64')
    if (raw.length !== keyBytes) throw odd()
    const made = createSecretKey(raw)
    raw.fill(0)
    return made
  }
  const odd = () =>
    new KeysUnavailable(
      `Vault at ${address} gave an answer that is none of Transit's.`,
      'Check "address" and "mount" in config/keys.json.',
    )
  const wordsOf = ({ status, json }: Answer): string => {
    const said = z.object({ errors: z.array(z.string()) }).safeParse(json)
    return said.success && said.data.errors.length > 0 ? said.data.errors.join('; ').slice(0, 300) : `status ${status}`
  }
  const refusal = (answer: Answer): KeysUnavailable => {
    const { status } = answer
    const remedy =
      status === 403
        ? `Give a token whose policy has "update" on ${mount}/datakey/plaintext/${transitKey} and ${mount}/decrypt/${transitKey}.`
        : status === 503
          ? 'Unseal Vault; it is tried again.'
          : status === 404 || status === 400
            ? `Check that the engine ${mount} is enabled and the key ${transitKey} is in it; it is tried again.`
            : 'It is tried again.'
    return new KeysUnavailable(`Vault refused (${wordsOf(answer)}).`, remedy)
  }
  const kept = async <T>(value: T): Promise<T> => {
    await keepTokenAlive().catch(() => {
      renewAt = Date.now() + answerWithinMs // the next use tries again
    })
    return value
  }

  return {
    name: () => 'vault',
    keepMs: options.keepMs ?? serviceKeepMs,
    opens: (wrapped) => wrappedPattern.test(Buffer.from(wrapped).toString('latin1')),
    async create() {
      const answer = await ask(`${mount}/datakey/plaintext/${encodeURIComponent(transitKey)}`, { bits: keyBytes * 8 })
      if (answer.status !== 200) throw refusal(answer)
      const { data: made, success } = dataKeyAnswer.safeParse(answer.json)
      if (!success) throw odd()
      const wrapped = Buffer.from(made.data.ciphertext)
      return kept({ id: newKeyId(), createdAt: new Date().toISOString(), key: key(made.data.plaintext), wrapped })
    },
    async load(_id, wrapped) {
      if (!wrapped || !this.opens?.(wrapped)) return null
      const ciphertext = Buffer.from(wrapped).toString('latin1')
      const answer = await ask(`${mount}/decrypt/${encodeURIComponent(transitKey)}`, { ciphertext })
      // 400: wrapped by another key, or changed; nothing that waiting ends. The missing Transit key is told the same way.
      if (answer.status === 400 && !wordsOf(answer).includes('key not found')) return null
      if (answer.status !== 200) throw refusal(answer)
      const { data: opened, success } = decryptAnswer.safeParse(answer.json)
      if (!success) throw odd()
      return kept(key(opened.data.plaintext))
    },
  }
}

function unreadable(path: string, error: unknown): never {
  throw new KeysUnavailable(
    `${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`,
    'Make it readable for this user; it is tried again.',
  )
}

interface Answer {
  status: number
  json: unknown
}

interface Exchange {
  method: 'GET' | 'POST'
  headers: Record<string, string>
  body: object | null
  ca: Buffer | undefined
}

/** One call; a standby node's redirect (307) is followed where the token stays as protected as it was. */
async function exchange(url: URL, options: Exchange, redirects = 0): Promise<Answer> {
  const { status, location, text } = await sendOnce(url, options)
  if (status === 307 && location) {
    const next = new URL(location, url)
    if (
      redirects === mostRedirects ||
      next.protocol !== url.protocol ||
      (url.protocol === 'http:' && next.hostname !== url.hostname)
    )
      throw new Error('it redirects to where the token must not go')
    return exchange(next, options, redirects + 1)
  }
  try {
    return { status, json: text === '' ? null : JSON.parse(text) }
  } catch {
    return { status, json: null }
  }
}

function sendOnce(url: URL, { method, headers, body, ca }: Exchange) {
  return new Promise<{ status: number; location: string | undefined; text: string }>((resolve, reject) => {
    const send = url.protocol === 'https:' ? tlsRequest : plainRequest
    const text = body === null ? null : JSON.stringify(body)
    const request = send(
      url,
      {
        method,
        ca,
        signal: AbortSignal.timeout(answerWithinMs),
        headers: {
          ...headers,
          ...(text !== null && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
        },
      },
      (response) => {
        let received = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          received += chunk
          if (received.length > longestAnswer) response.destroy(new Error('its answer is too long'))
        })
        response.once('error', reject)
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, location: response.headers.location, text: received }),
        )
      },
    )
    request.once('error', (error) =>
      reject(
        error.name === 'AbortError' || error.name === 'TimeoutError'
          ? new Error(`no answer within ${answerWithinMs / 1000} s`)
          : error,
      ),
    )
    request.end(text ?? undefined)
  })
}
