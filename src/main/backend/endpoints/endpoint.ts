/** One environment's HTTP endpoint on the loopback address: what is deployed, answered from disk. */
import { stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { FileStore } from '../../../temporal/activities/deps.ts'
import type { Environment } from '../../../temporal/types.ts'
import type { Log } from '../log.ts'
import type { Deployed, Deployments } from './deployments.ts'

export type Health =
  | { status: 'ok'; environment: Environment; model_id: string; deployed_at: string }
  | { status: 'empty'; environment: Environment }
  | { status: 'error'; environment: Environment; model_id: string | null; reason: string }

/**
 * Looks whether the deployed model is in the store as it was deployed. Its hash is taken when the file is new or was
 * touched (size, times, inode), so that a health check costs one `stat`.
 */
export function createHealthCheck(
  environment: Environment,
  deployments: Deployments,
  store: Pick<FileStore, 'pathOf' | 'verify'>,
) {
  let verified: { fingerprint: string; intact: Promise<boolean> } | null = null

  async function whyUnusable({ sha256, model_id }: Deployed): Promise<string | null> {
    const path = await store.pathOf(sha256)
    if (path === null) return `The file of model ${model_id} (sha256:${sha256}) is not in the model store.`
    const { size, mtimeMs, ctimeMs, ino } = await stat(path)
    const fingerprint = [sha256, size, mtimeMs, ctimeMs, ino].join()
    if (verified?.fingerprint !== fingerprint) verified = { fingerprint, intact: store.verify(sha256) }
    const mine = verified
    const intact = await mine.intact.catch((error: unknown) => {
      if (verified === mine) verified = null
      throw error
    })
    return intact ? null : `The file of model ${model_id} was changed: its hash is no longer ${sha256}.`
  }

  return async (): Promise<Health> => {
    let model: Deployed | null = null
    try {
      model = await deployments.current()
      if (model === null) return { status: 'empty', environment }
      const reason = await whyUnusable(model)
      if (reason !== null) return { status: 'error', environment, model_id: model.model_id, reason }
      return { status: 'ok', environment, model_id: model.model_id, deployed_at: model.deployed_at }
    } catch (error) {
      return { status: 'error', environment, model_id: model?.model_id ?? null, reason: (error as Error).message }
    }
  }
}

export interface Endpoint {
  port: number
  close(): Promise<void>
}

export interface EndpointOptions {
  environment: Environment
  deployments: Deployments
  health: () => Promise<Health>
  log: Log
}

/** Listens on the first port of `ports` that is free. @throws when none is. */
export async function openEndpoint(options: EndpointOptions, ports: readonly number[]): Promise<Endpoint> {
  const server = createServer((request, response) => {
    answer(options, request).then(
      (reply) => send(response, request, reply),
      (error: unknown) => {
        options.log.error({ err: error, environment: options.environment }, 'endpoint failed to answer')
        send(response, request, { code: 500, body: { error: 'The endpoint failed to answer; the log of Gatehouse says why.' } })
      },
    )
  })
  for (const port of ports) {
    if (await listen(server, port)) {
      server.on('error', (error) => options.log.error({ err: error, environment: options.environment }, 'endpoint'))
      return { port: portOf(server), close: () => closeServer(server) }
    }
  }
  throw new Error(`none of the ports ${ports.join(', ')} of 127.0.0.1 is free`)
}

interface Answer {
  code: number
  body: object
  headers?: Record<string, string>
}

async function answer({ environment, deployments, health }: EndpointOptions, request: IncomingMessage): Promise<Answer> {
  if (!isOurHost(request)) {
    return { code: 403, body: { error: 'This endpoint answers to 127.0.0.1 and localhost only.' } }
  }
  const path = (request.url ?? '/').replace(/\?.*$/, '')
  const model = /^\/models\/([^/]+)$/.exec(path)?.[1]
  if (path !== '/health' && model === undefined) {
    return { code: 404, body: { error: 'There is only /health and /models/{id} here.' } }
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { code: 405, body: { error: 'Only GET and HEAD are answered here.' }, headers: { Allow: 'GET, HEAD' } }
  }
  if (model === undefined) {
    const body = await health()
    return { code: body.status === 'error' ? 503 : 200, body }
  }
  const id = decoded(model)
  const found = id === null ? null : await deployments.everDeployed(id)
  if (found === null) return { code: 404, body: { error: `No model ${id ?? model} was ever deployed to ${environment}.` } }
  const current = await deployments.current().catch(() => null)
  return {
    code: 200,
    body: {
      environment,
      model_id: found.model_id,
      sha256: found.sha256,
      metrics: found.metrics,
      deployed_at: found.deployed_at,
      current: current?.model_id === found.model_id,
    },
  }
}

/** A page of another site that has its name resolved to 127.0.0.1 (DNS rebinding) sends that name. */
function isOurHost(request: IncomingMessage): boolean {
  const { host } = request.headers
  const port = request.socket.localPort
  return host === `127.0.0.1:${port}` || host === `localhost:${port}`
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part)
  } catch {
    return null
  }
}

function send(response: ServerResponse, request: IncomingMessage, { code, body, headers }: Answer): void {
  const text = `${JSON.stringify(body)}\n`
  response.writeHead(code, {
    ...headers,
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  })
  response.end(request.method === 'HEAD' ? undefined : text)
  request.resume()
}

/** false when the port is taken or not allowed. */
function listen(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      server.off('listening', onListening)
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false)
      else reject(error)
    }
    const onListening = () => {
      server.off('error', onError)
      resolve(true)
    }
    server.once('error', onError).once('listening', onListening)
    server.listen(port, '127.0.0.1')
  })
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the endpoint listens on no port')
  return address.port
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
