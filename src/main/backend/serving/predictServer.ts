/** One environment's HTTP endpoint on the loopback address. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Environment } from '../../../temporal/types.ts'
import type { ServingLimits } from './limits.ts'
import { predictRows } from './predictRows.ts'
import { ClientGone, readBody } from './readBody.ts'
import { formatOf, readRows } from './readRows.ts'
import { RequestProblem } from './requestProblem.ts'
import { ModelProblem, NoFiniteAnswer, type ServedModel } from './servedModel.ts'
import type { ServedModels } from './servedModels.ts'
import type { Route, ServingMetrics } from './servingMetrics.ts'

export interface PredictServerOptions {
  environment: Environment
  models: ServedModels
  metrics: ServingMetrics
  limits: ServingLimits
  /** A fault of ours; the client is told no more than that. */
  onFault(error: unknown): void
}

interface Answer {
  status: number
  body: object | string
  contentType?: string
  headers?: Record<string, string>
}

/**
 * `POST /predict`, `POST /models/{id}/predict`, `GET /models/{id}`, `GET /health`, `GET /metrics`; docs/serving.md is its
 * description for those who call it. Every answer but the metrics is JSON. Not listening yet.
 */
export function createPredictServer(options: PredictServerOptions): Server {
  const { metrics, limits, onFault } = options
  const server = createServer(
    {
      requestTimeout: limits.receiveMs,
      headersTimeout: limits.receiveMs,
      connectionsCheckingInterval: 1_000, // else a request may stay half sent for half a minute longer
      keepAliveTimeout: 60_000, // a client that asks once a minute keeps its connection
    },
    (request, response) => {
      const begun = performance.now()
      const path = pathOf(request)
      const route = routeOf(path)
      response.once('close', () =>
        metrics.answered(route, response.writableFinished ? response.statusCode : 499, (performance.now() - begun) / 1000),
      )
      answer(options, route, path, request).then(
        (reply) => send(response, request, reply),
        (error: unknown) => {
          if (error instanceof ClientGone) return
          if (!(error instanceof RequestProblem)) onFault(error)
          send(response, request, answerTo(error))
        },
      )
    },
  )
  server.on('clientError', refuseConnection)
  return server
}

const pathOf = ({ url = '/' }: IncomingMessage) => {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}

function routeOf(path: string): Route {
  if (path === '/predict' || path === '/health' || path === '/metrics') return path
  if (/^\/models\/[^/]+$/.test(path)) return '/models/{id}'
  if (/^\/models\/[^/]+\/predict$/.test(path)) return '/models/{id}/predict'
  return 'other'
}

async function answer(options: PredictServerOptions, route: Route, path: string, request: IncomingMessage): Promise<Answer> {
  const { models, metrics } = options
  if (!isOurHost(request)) {
    throw new RequestProblem(403, 'This endpoint answers to 127.0.0.1 and localhost only.')
  }
  switch (route) {
    case '/predict':
      allow(request, 'POST')
      return predict(options, request, async () => servedNow(options))
    case '/models/{id}/predict':
      allow(request, 'POST')
      return predict(options, request, () => deployedOnce(options, path))
    case '/models/{id}':
      allow(request, 'GET', 'HEAD')
      return describe(options, await deployedOnce(options, path))
    case '/health': {
      allow(request, 'GET', 'HEAD')
      const body = await models.look()
      return { status: body.status === 'error' ? 503 : 200, body }
    }
    case '/metrics':
      allow(request, 'GET', 'HEAD')
      return { status: 200, body: await metrics.text(), contentType: metrics.contentType }
    case 'other':
      throw new RequestProblem(
        404,
        'There is only POST /predict, POST /models/{id}/predict, GET /models/{id}, GET /health and GET /metrics here.',
      )
    default:
      return route satisfies never
  }
}

/** A page of another site that has its name resolved to 127.0.0.1 (DNS rebinding) sends that name. */
function isOurHost({ headers: { host }, socket: { localPort } }: IncomingMessage): boolean {
  return host === `127.0.0.1:${localPort}` || host === `localhost:${localPort}`
}

/** @throws RequestProblem 405 */
function allow({ method = '' }: IncomingMessage, ...methods: string[]): void {
  if (methods.includes(method)) return
  throw new RequestProblem(405, `${method} is not answered here; send ${methods[0]}.`, {}, { Allow: methods.join(', ') })
}

async function predict(
  { environment, metrics, limits }: PredictServerOptions,
  request: IncomingMessage,
  which: () => Promise<ServedModel>,
): Promise<Answer> {
  const format = formatOf(request.headers['content-type'])
  const text = await readBody(request, limits.bodyBytes)
  // From here on this request belongs to one model, whatever is switched meanwhile.
  const { deployed, answering } = await which()
  if (answering === null) {
    throw new RequestProblem(
      409,
      `Model ${deployed.model_id} was made by the demo trainer, which trains nothing: it cannot predict. Deploy a model of a real trainer to ${environment}.`,
      { model_id: deployed.model_id },
    )
  }
  const rows = readRows(format, text, answering.columns, limits.rows)
  const predictions = await predictRows(answering, rows, limits)
  metrics.predicted(deployed.model_id, rows.length)
  return { status: 200, body: { model_id: deployed.model_id, predictions } }
}

/** @throws RequestProblem 503 when nothing is there to ask */
function servedNow({ environment, models }: PredictServerOptions): ServedModel {
  const model = models.current()
  if (model !== null) return model
  const health = models.health()
  throw new RequestProblem(
    503,
    health.status === 'error'
      ? `${environment} cannot serve its model. ${health.reason}`
      : `No model is deployed to ${environment} yet.`,
    {},
    { 'Retry-After': '5' },
  )
}

/** @throws RequestProblem 404 for a model that was never deployed here, 503 for one that can no longer be loaded */
async function deployedOnce({ environment, models }: PredictServerOptions, path: string): Promise<ServedModel> {
  const part = path.split('/')[2] as string
  const id = decoded(part)
  try {
    const found = id === null ? null : await models.byId(id)
    if (found !== null) return found
  } catch (error) {
    if (error instanceof ModelProblem) throw new RequestProblem(503, error.message, { code: error.code })
    throw error
  }
  throw new RequestProblem(404, `No model ${id ?? part} was ever deployed to ${environment}.`)
}

function describe({ environment, models }: PredictServerOptions, { deployed, answering }: ServedModel): Answer {
  const { model_id, sha256, metrics, deployed_at } = deployed
  return {
    status: 200,
    body: {
      environment,
      model_id,
      sha256,
      metrics,
      deployed_at,
      current: models.current()?.deployed.model_id === model_id,
      predicts: answering !== null,
      ...(answering && {
        task: answering.schema.task,
        target: answering.schema.target,
        classes: answering.schema.classes,
        columns: answering.columns.names,
        example_row: answering.exampleRow,
      }),
    },
  }
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part)
  } catch {
    return null
  }
}

function answerTo(error: unknown): Answer {
  if (error instanceof RequestProblem) {
    return { status: error.status, body: { error: error.message, ...error.details }, headers: error.headers }
  }
  const words =
    error instanceof NoFiniteAnswer
      ? `The model failed to predict (${error.message}). Roll back to an earlier model, and train this one anew.`
      : 'The endpoint failed to answer; the log of Gatehouse says why.'
  return { status: 500, body: { error: words } }
}

function send(response: ServerResponse, request: IncomingMessage, { status, body, contentType, headers }: Answer): void {
  const text = typeof body === 'string' ? body : `${JSON.stringify(body)}\n`
  response.writeHead(status, {
    ...headers,
    'Content-Type': contentType ?? 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  })
  response.end(request.method === 'HEAD' ? undefined : text)
  // What was refused before its body was read must not stay in the connection.
  if (!request.complete) request.resume()
}

const connectionFaults: Record<string, [status: string, words: string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive in whole in time.'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The headers of the request are too large.'],
}

/** What Node cannot make a request of is answered on the bare connection. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
  const [status, words] = connectionFaults[error.code ?? ''] ?? ['400 Bad Request', 'This is not an HTTP request.']
  const text = `${JSON.stringify({ error: words })}\n`
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  )
}
