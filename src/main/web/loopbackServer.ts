import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import sirv from 'sirv'
import { refused } from '../../contract/errors.ts'
import { securityHeaders } from '../api/contentSecurity.ts'
import { type Dispatch, toCallError } from '../api/dispatch.ts'
import type { Backend } from '../backend/backend.ts'
import type { Log } from '../backend/log.ts'
import { type Admission, createAdmission } from './admission.ts'
import { answerError, answerJson, answerText, discard, readJson, statusOf } from './answers.ts'
import { listenOnLoopback } from './listen.ts'
import { createSessions } from './sessions.ts'
import { createSocketTransport, type SocketLimits } from './socketTransport.ts'

export interface LoopbackServerOptions {
  backend: Pick<Backend, 'onEvent' | 'receiveUpload'>
  dispatch: Dispatch
  /** Folder of the built console; null when the host shows it in a window: then only /ws with the control token is served. */
  renderer: string | null
  /** Lets in the command line and attached windows of the same user, by `Authorization: Bearer`. */
  controlToken: string
  /** Tried in this order; 0 is any free one. */
  ports: readonly number[]
  log: Log
  limits?: Partial<SocketLimits>
}

export interface LoopbackServer {
  /** `http://127.0.0.1:PORT` */
  origin: string
  /** A fresh link that lets one browser in, once. The token stands in the fragment, which no log and no Referer ever holds. */
  issueLink(): string
  clientCount(): number
  close(): Promise<void>
}

const maxSessionBytes = 4096
/** Bytes of a file name in UTF-8 on every file system in use, with room for what the backend makes of it. */
const maxNameLength = 1024

/**
 * The host's HTTP server on 127.0.0.1: the console's pages, its session, its WebSocket and its uploads.
 * @throws when the built console is missing, or when no port can be had.
 */
export async function createLoopbackServer(options: LoopbackServerOptions): Promise<LoopbackServer> {
  const { backend, dispatch, renderer, log } = options
  const sessions = createSessions()
  const sockets = createSocketTransport(dispatch, options.limits)
  // Without `dev` the folder is listed once and only listed files are served: no path can lead out of it.
  const pages = renderer === null ? null : sirv(renderer, { dev: false, etag: true, dotfiles: false })

  let admission: Admission
  let headers: Record<string, string>

  const server = createServer((request, response) => {
    void answer(request, response).catch((error) => {
      log.error({ err: error, path: pathOf(request) }, 'a request failed unexpectedly')
      if (!response.headersSent) answerText(response, 500, 'Something went wrong here; the log has the details.')
      else response.destroy()
    })
  })
  // An upload of 2 GB, or one that waits until its file has settled, takes as long as it takes. Headers keep their limit.
  server.requestTimeout = 0

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    if (!admission.isOurHost(request)) return answerText(response, 403, 'This address is not Gatehouse’s.')
    if ((request.headers.origin !== undefined && !admission.isOurOrigin(request)) || admission.isForeignLoad(request)) {
      return answerText(response, 403, 'Requests of other pages are not answered.')
    }
    if (!pages) return answerText(response, 404, 'This Gatehouse shows its console in a window.')
    switch (`${request.method} ${pathOf(request)}`) {
      case 'POST /session':
        return openSession(request, response)
      case 'GET /session':
        response.writeHead(admission.hasSession(request) ? 204 : 401, { 'Cache-Control': 'no-store' })
        return void response.end()
      case 'PUT /upload':
        return upload(request, response)
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') return answerText(response, 405, 'Only GET is answered here.')
    response.setHeader('Cache-Control', 'no-cache')
    pages(request, response, () => answerText(response, 404, 'There is no such page.'))
  }

  const openSession = async (request: IncomingMessage, response: ServerResponse) => {
    if (!admission.isOurOrigin(request))
      return answerError(response, 403, refused('A session is opened by the console’s own page.').error)
    let body: unknown
    try {
      body = await readJson(request, maxSessionBytes)
    } catch {
      return answerError(response, 413, refused('This is not a session request.').error, { Connection: 'close' })
    }
    const token = typeof body === 'object' && body !== null && 'token' in body ? body.token : undefined
    const result = sessions.exchange(token)
    if (result.outcome === 'ok') {
      return answerJson(response, 200, { ok: true, output: {} }, { 'Set-Cookie': admission.sessionCookie(result.session) })
    }
    log.warn({ outcome: result.outcome }, 'a browser was not let in')
    if (result.outcome === 'wait') {
      const message = `Too many wrong links. Try again in ${result.seconds} s.`
      return answerError(response, 429, refused(message).error, { 'Retry-After': String(result.seconds) })
    }
    return answerError(
      response,
      401,
      refused('This link was used already, or belongs to an earlier start. Run "npm start" again: it prints a fresh link.').error,
    )
  }

  const upload = async (request: IncomingMessage, response: ServerResponse) => {
    if (!admission.isOurOrigin(request) || !admission.hasSession(request)) {
      return refuseUpload(
        request,
        response,
        403,
        'Files are taken from the console’s own page only. Open it with its link first.',
      )
    }
    const name = new URL(request.url ?? '/', 'http://localhost').searchParams.get('name')
    if (!name || name.length > maxNameLength) {
      const error = { kind: 'invalid', message: 'A file needs a name of 1 to 1024 characters.', field: 'name' } as const
      answerError(response, 400, error, { Connection: 'close' })
      return discard(request)
    }
    try {
      const entries = await backend.receiveUpload(name, request)
      answerJson(response, 200, { ok: true, output: { entries } })
    } catch (error) {
      if (response.destroyed) return
      const told = toCallError(error, 'upload', log)
      answerError(response, statusOf(told), told, { Connection: 'close' })
      discard(request)
    }
  }

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    if (pathOf(request) !== '/ws') return refuseUpgrade(socket, '404 Not Found')
    if (!admission.isOurHost(request) || !admission.isOurOrigin(request)) return refuseUpgrade(socket, '403 Forbidden')
    const letIn = admission.hasControlToken(request) || (pages !== null && admission.hasSession(request))
    if (!letIn) return refuseUpgrade(socket, '401 Unauthorized')
    sockets.accept(request, socket, head)
  })

  const port = await listenOnLoopback(server, options.ports)
  const origin = `http://127.0.0.1:${port}`
  admission = createAdmission(origin, sessions, options.controlToken)
  headers = securityHeaders(`ws://127.0.0.1:${port}`)
  const stopListening = backend.onEvent((event, payload) => sockets.broadcast({ event, payload }))

  return {
    origin,
    issueLink: () => `${origin}/#token=${sessions.issueToken()}`,
    clientCount: () => sockets.clientCount(),
    async close() {
      stopListening()
      sockets.close()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      // Kept-alive and half-open connections would hold the port for as long as a browser likes.
      const linger = setTimeout(() => server.closeAllConnections(), 500)
      server.closeIdleConnections()
      await closed
      clearTimeout(linger)
    },
  }
}

/** The path as it was sent, without its query: routes are compared byte by byte, nothing is decoded. */
const pathOf = (request: IncomingMessage) => (request.url ?? '/').split('?', 1)[0] ?? '/'

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

function refuseUpload(request: IncomingMessage, response: ServerResponse, status: number, message: string): void {
  answerError(response, status, refused(message).error, { Connection: 'close' })
  discard(request)
}
