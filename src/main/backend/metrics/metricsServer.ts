import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'
import { answerText } from '../../web/answers.ts'
import { listenOnLoopback } from '../../web/listen.ts'
import type { Log } from '../log.ts'

export interface MetricsServer {
  /** `http://127.0.0.1:PORT/metrics` */
  url: string
  close(): Promise<void>
}

/** A scraper sends a few headers. */
const requestMs = 5_000

/**
 * Answers `GET /metrics` on 127.0.0.1 in Prometheus' text format. No credential: nothing in it is secret, and every scraper
 * can ask. A web page cannot: one that was rebound to this address carries another Host, and another site's load is refused.
 * @param ports tried in this order; 0 is any free one
 * @throws when no port can be had
 */
export async function startMetricsServer(
  registry: Pick<Registry, 'metrics' | 'contentType'>,
  ports: readonly number[],
  log: Pick<Log, 'error'>,
): Promise<MetricsServer> {
  let hosts: string[] = []
  /** Scrapers that ask at the same time share one answer. */
  let reading: Promise<string> | null = null

  const server = createServer(
    { headersTimeout: requestMs, requestTimeout: requestMs, connectionsCheckingInterval: 1_000, maxHeaderSize: 16_384 },
    (request, response) => {
      void answer(request, response).catch((error: unknown) => {
        log.error({ err: error }, 'a scrape failed unexpectedly')
        if (!response.headersSent) answerText(response, 500, 'Something went wrong here; the log has the details.')
        else response.destroy()
      })
    },
  )
  server.maxConnections = 64

  async function answer({ headers, method, url = '' }: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('X-Content-Type-Options', 'nosniff')
    response.setHeader('Cache-Control', 'no-store')
    response.setHeader('Cross-Origin-Resource-Policy', 'same-origin')
    // What was sent with a refused request is not read.
    response.setHeader('Connection', 'close')
    if (!hosts.includes(headers.host ?? '')) return answerText(response, 403, 'This address is not Gatehouse’s.')
    const site = headers['sec-fetch-site']
    if (headers.origin !== undefined || (site !== undefined && site !== 'none' && site !== 'same-origin')) {
      return answerText(response, 403, 'Requests of other pages are not answered.')
    }
    if (url.split('?', 1)[0] !== '/metrics') return answerText(response, 404, 'There is /metrics.')
    if (method !== 'GET' && method !== 'HEAD') return answerText(response, 405, 'Only GET is answered here.')
    reading ??= registry.metrics().finally(() => {
      reading = null
    })
    const text = await reading
    response.writeHead(200, { 'Content-Type': registry.contentType })
    response.end(method === 'HEAD' ? undefined : text)
  }

  const port = await listenOnLoopback(server, ports)
  hosts = [`127.0.0.1:${port}`, `localhost:${port}`]
  return {
    url: `http://127.0.0.1:${port}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
