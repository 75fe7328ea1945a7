import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingHttpHeaders, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import WebSocket from 'ws'
import { createDispatch } from '../api/dispatch.ts'
import { silentLog } from '../backend/log.ts'
import { createFakeBackend, fakeHealth } from '../testing/fakeBackend.ts'
import { createLoopbackServer, type LoopbackServerOptions } from './loopbackServer.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const clean of cleanUps.splice(0).reverse()) await clean()
})

const controlToken = 'control-token-of-this-host'

async function startServer(options: Partial<LoopbackServerOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-web-'))
  cleanUps.push(() => rmSync(folder, { recursive: true }))
  const renderer = join(folder, 'renderer')
  mkdirSync(join(renderer, 'assets'), { recursive: true })
  writeFileSync(join(renderer, 'index.html'), '<!doctype html><title>Gatehouse</title>')
  writeFileSync(join(renderer, 'assets', 'app.js'), 'export {}')
  writeFileSync(join(renderer, '.secret.js'), 'dotfile')
  writeFileSync(join(folder, 'ledger.sqlite'), 'SECRET OF THE DATA FOLDER')
  const backend = createFakeBackend({ focus: () => ({ url: null }), stop: () => {} })
  const server = await createLoopbackServer({
    backend,
    dispatch: createDispatch(backend.handlers, silentLog),
    renderer,
    controlToken,
    ports: [0],
    log: silentLog,
    ...options,
  })
  cleanUps.push(() => server.close())
  const host = new URL(server.origin).host
  return { backend, server, host, origin: server.origin, token: () => server.issueLink().split('#token=')[1] ?? '' }
}
type Server = Awaited<ReturnType<typeof startServer>>

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

/** node:http, because it sends Host, Origin and path exactly as told; fetch mends them. */
function send(
  { origin }: { origin: string },
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string | Buffer } = {},
) {
  return new Promise<Answer>((resolve, reject) => {
    const { hostname, port } = new URL(origin)
    const outgoing = request({ hostname, port, path, method: options.method ?? 'GET', headers: options.headers }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    outgoing.on('error', reject)
    outgoing.end(options.body)
  })
}

const openSession = (server: Server, token: unknown, headers: Record<string, string> = { Origin: server.origin }) =>
  send(server, '/session', { method: 'POST', headers, body: JSON.stringify({ token }) })

async function logIn(server: Server): Promise<string> {
  const answer = await openSession(server, server.token())
  expect(answer.status).toBe(200)
  return answer.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
}

function openSocket(server: Server, headers: Record<string, string>) {
  return new Promise<WebSocket | number>((resolve, reject) => {
    const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/ws`, { headers })
    cleanUps.push(() => socket.terminate())
    socket.on('open', () => resolve(socket))
    socket.on('unexpected-response', (outgoing, response) => {
      outgoing.destroy()
      resolve(response.statusCode ?? 0)
    })
    socket.on('error', reject)
  })
}
const connected = async (server: Server, headers: Record<string, string>) => {
  const socket = await openSocket(server, headers)
  if (typeof socket === 'number') throw new Error(`refused with ${socket}`)
  return socket
}
const nextMessage = (socket: WebSocket) =>
  new Promise<unknown>((resolve) => socket.once('message', (data) => resolve(JSON.parse(data.toString()))))
const closeCode = (socket: WebSocket) => new Promise<number>((resolve) => socket.once('close', (code) => resolve(code)))

describe('the pages', () => {
  it('answers the console at / with headers that let it do only what it needs', async () => {
    const server = await startServer()
    const page = await send(server, '/')
    expect(page).toMatchObject({ status: 200, body: '<!doctype html><title>Gatehouse</title>' })
    expect(page.headers['content-security-policy']).toBe(
      `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self' ws://${server.host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    )
    expect(page.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
    })
    expect((await send(server, '/assets/app.js')).headers['content-type']).toContain('text/javascript')
  })

  it('is bound to 127.0.0.1 alone', async () => {
    const server = await startServer()
    const port = Number(new URL(server.origin).port)
    const refusedOn = (host: string) =>
      new Promise<boolean>((resolve) => {
        const socket = connect({ host, port })
        socket.on('connect', () => {
          socket.destroy()
          resolve(false)
        })
        socket.on('error', () => resolve(true))
      })
    expect(await refusedOn('127.0.0.1')).toBe(false)
    // Another loopback address: a server bound to every address would answer there as well.
    expect(await refusedOn('127.0.0.2')).toBe(true)
  })

  it.each([
    '/../ledger.sqlite',
    '/../../etc/passwd',
    '/%2e%2e/ledger.sqlite',
    '/%2e%2e%2fledger.sqlite',
    '/..%2fledger.sqlite',
    '/..%5cledger.sqlite',
    '/..\\ledger.sqlite',
    '/assets/../../ledger.sqlite',
    '/assets/%2e%2e/%2e%2e/ledger.sqlite',
    '/%252e%252e/ledger.sqlite',
    '/....//ledger.sqlite',
    '//ledger.sqlite',
    '/%00/ledger.sqlite',
    '/assets/app.js%00.html',
    '/%c0%ae%c0%ae/ledger.sqlite',
    '/.secret.js',
    '/%2esecret.js',
    '/%',
    'http://evil.example/../ledger.sqlite',
  ])('does not leave its folder for %s', async (path) => {
    const server = await startServer()
    const answer = await send(server, path)
    expect(answer.status).toBe(404)
    expect(answer.body).not.toContain('SECRET')
    expect(answer.body).not.toContain('dotfile')
  })

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('does not answer %s on a page', async (method) => {
    const server = await startServer()
    expect((await send(server, '/', { method, headers: { Origin: server.origin } })).status).toBe(405)
  })

  it('tries the next port when one is taken', async () => {
    const first = await startServer()
    const taken = Number(new URL(first.origin).port)
    const second = await startServer({ ports: [taken, 0] })
    expect(second.origin).not.toBe(first.origin)
  })
})

describe('who is let in', () => {
  it.each([
    ['a name that was rebound to 127.0.0.1', (s: Server) => `evil.example:${new URL(s.origin).port}`],
    ['localhost', (s: Server) => `localhost:${new URL(s.origin).port}`],
    ['no port', () => '127.0.0.1'],
    ['a trailing dot', (s: Server) => `127.0.0.1.:${new URL(s.origin).port}`],
    ['an address that continues', (s: Server) => `${s.host}.evil.example`],
  ])('refuses a Host that is not exactly ours: %s', async (_name, hostOf) => {
    const server = await startServer()
    const headers = { Host: hostOf(server) }
    expect((await send(server, '/', { headers })).status).toBe(403)
    expect((await openSession(server, server.token(), { ...headers, Origin: server.origin })).status).toBe(403)
    const cookie = await logIn(server)
    expect(await openSocket(server, { ...headers, Origin: server.origin, Cookie: cookie })).toBe(403)
  })

  const foreignOrigins: [string, (s: Server) => Record<string, string>][] = [
    ['a missing Origin', () => ({})],
    ['null', () => ({ Origin: 'null' })],
    ['another site', () => ({ Origin: 'https://evil.example' })],
    ['another port', () => ({ Origin: 'http://127.0.0.1:1' })],
    ['another scheme', (s) => ({ Origin: s.origin.replace('http', 'https') })],
    ['another name of this machine', (s) => ({ Origin: s.origin.replace('127.0.0.1', 'localhost') })],
    ['our origin and more', (s) => ({ Origin: `${s.origin}.evil.example` })],
  ]
  it.each(foreignOrigins)('refuses %s on the session, the socket and the upload', async (_name, originOf) => {
    const server = await startServer()
    const headers = originOf(server)
    const token = server.token()
    expect((await openSession(server, token, headers)).status).toBe(403)
    // The refused try did not use the token up.
    const cookie = (await openSession(server, token)).headers['set-cookie']?.[0]?.split(';')[0] ?? ''
    expect(await openSocket(server, { ...headers, Cookie: cookie })).toBe(403)
    expect(await openSocket(server, { ...headers, Authorization: `Bearer ${controlToken}` })).toBe(403)
    const put = await send(server, '/upload?name=a.csv', { method: 'PUT', headers: { ...headers, Cookie: cookie }, body: 'a' })
    expect(put.status).toBe(403)
    expect(server.backend.uploads).toEqual([])
  })

  it('loads nothing into pages of others, and lets a link be followed', async () => {
    const server = await startServer()
    const load = (site: string, mode: string, destination: string) =>
      send(server, '/assets/app.js', {
        headers: { 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': mode, 'Sec-Fetch-Dest': destination },
      }).then(({ status }) => status)
    expect(await load('cross-site', 'no-cors', 'script')).toBe(403)
    // Another port of this machine counts as the same site.
    expect(await load('same-site', 'no-cors', 'image')).toBe(403)
    expect(await load('cross-site', 'navigate', 'iframe')).toBe(403)
    expect(await load('cross-site', 'navigate', 'document')).toBe(200)
    expect(await load('same-origin', 'cors', 'script')).toBe(200)
    expect(await load('none', 'navigate', 'document')).toBe(200)
  })

  it('exchanges a token once, for a cookie that scripts and other sites never see', async () => {
    const server = await startServer()
    const token = server.token()
    const first = await openSession(server, token)
    expect(first.status).toBe(200)
    expect(first.headers['set-cookie']?.[0]).toMatch(
      new RegExp(`^gatehouse_session_${new URL(server.origin).port}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict$`),
    )
    const again = await openSession(server, token)
    expect(again.status).toBe(401)
    expect(again.headers['set-cookie']).toBeUndefined()
    expect(JSON.parse(again.body)).toMatchObject({ ok: false, error: { kind: 'refused' } })
  })

  it('does not use a token up by looking at the page', async () => {
    const server = await startServer()
    const token = server.token()
    await send(server, '/')
    await send(server, `/?token=${token}`)
    expect((await openSession(server, token)).status).toBe(200)
  })

  it.each([
    ['nothing', undefined],
    ['a number', 1],
    ['text', 'x'],
    ['an object', { length: 43 }],
    ['null', null],
  ])('takes no token that is %s', async (_name, token) => {
    const server = await startServer()
    expect((await openSession(server, token)).status).toBe(401)
  })

  it('takes no body that is too long or not JSON', async () => {
    const server = await startServer()
    const headers = { Origin: server.origin }
    expect((await send(server, '/session', { method: 'POST', headers, body: 'x'.repeat(5000) })).status).toBe(413)
    expect((await send(server, '/session', { method: 'POST', headers, body: '{' })).status).toBe(401)
  })

  it('makes wrong tokens wait, also for the right one', async () => {
    const server = await startServer()
    for (let i = 0; i < 10; i++) expect((await openSession(server, `wrong ${i}`)).status).toBe(401)
    const answer = await openSession(server, server.token())
    expect(answer.status).toBe(429)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  })

  it('tells whether a session counts', async () => {
    const server = await startServer()
    expect((await send(server, '/session')).status).toBe(401)
    const cookie = await logIn(server)
    expect((await send(server, '/session', { headers: { Cookie: cookie } })).status).toBe(204)
    expect((await send(server, '/session', { headers: { Cookie: `${cookie}x` } })).status).toBe(401)
  })

  it('keeps the sessions of two hosts on one machine apart', async () => {
    const [one, two] = [await startServer(), await startServer()]
    const cookie = await logIn(one)
    expect(await openSocket(two, { Origin: two.origin, Cookie: cookie })).toBe(401)
    expect(await connected(one, { Origin: one.origin, Cookie: `${await logIn(two)}; ${cookie}` })).toBeInstanceOf(WebSocket)
  })

  it('serves nothing but the control entrance when the console is a window', async () => {
    const server = await startServer({ renderer: null })
    for (const path of ['/', '/index.html', '/session']) expect((await send(server, path)).status).toBe(404)
    expect((await openSession(server, server.token())).status).toBe(404)
    const put = { method: 'PUT', headers: { Origin: server.origin }, body: 'a' }
    expect((await send(server, '/upload?name=a.csv', put)).status).toBe(404)
    const socket = await connected(server, { Origin: server.origin, Authorization: `Bearer ${controlToken}` })
    socket.send(JSON.stringify({ id: 1, call: 'stack.health', input: {} }))
    expect(await nextMessage(socket)).toEqual({ id: 1, ok: true, output: fakeHealth })
  })
})

describe('the socket', () => {
  it.each([
    ['no cookie', {}],
    ['a made-up session', { Cookie: 'gatehouse_session_1=x' }],
    ['a wrong bearer', { Authorization: 'Bearer wrong' }],
    ['a bearer of another scheme', { Authorization: `Basic ${controlToken}` }],
  ])('is closed to %s', async (_name, headers: Record<string, string>) => {
    const server = await startServer()
    expect(await openSocket(server, { ...headers, Origin: server.origin })).toBe(401)
  })

  it('carries replies and pushes', async () => {
    const server = await startServer()
    const socket = await connected(server, { Origin: server.origin, Cookie: await logIn(server) })
    socket.send(JSON.stringify({ id: 5, call: 'stack.health', input: {} }))
    expect(await nextMessage(socket)).toEqual({ id: 5, ok: true, output: fakeHealth })
    const pushed = nextMessage(socket)
    server.backend.emit('stack.changed', { health: fakeHealth })
    expect(await pushed).toEqual({ event: 'stack.changed', payload: { health: fakeHealth } })
  })

  it.each([
    ['a message that is too long', 'x'.repeat(2000), 1009],
    ['words that are not JSON', '{', 1007],
    ['bytes', Buffer.from([1, 2, 3]), 1003],
  ])('ends on %s', async (_name, message, code) => {
    const server = await startServer({ limits: { maxMessageBytes: 1000 } })
    const socket = await connected(server, { Origin: server.origin, Cookie: await logIn(server) })
    const closed = closeCode(socket)
    socket.send(message)
    expect(await closed).toBe(code)
  })

  it('answers an envelope that is none instead of falling over', async () => {
    const server = await startServer()
    const socket = await connected(server, { Origin: server.origin, Cookie: await logIn(server) })
    socket.send('[]')
    expect(await nextMessage(socket)).toMatchObject({ id: -1, ok: false, error: { kind: 'invalid' } })
  })

  it('drops a client that does not read, instead of keeping what it would have read', async () => {
    const server = await startServer({ limits: { maxWaitingBytes: 1 << 20 } })
    const socket = await connected(server, { Origin: server.origin, Cookie: await logIn(server) })
    const other = await connected(server, { Origin: server.origin, Authorization: `Bearer ${controlToken}` })
    socket.pause()
    const detail = 'x'.repeat(1 << 20)
    const health = { ...fakeHealth, temporal: { ...fakeHealth.temporal, detail } }
    // The kernel's own buffers take some megabytes before anything waits in ours.
    for (let i = 0; i < 200 && server.server.clientCount() === 2; i++) {
      const read = nextMessage(other)
      server.backend.emit('stack.changed', { health })
      await read
    }
    expect(server.server.clientCount()).toBe(1)
  })

  it('drops a client that does not answer pings', async () => {
    const server = await startServer({ limits: { pingMs: 20 } })
    const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/ws`, {
      headers: { Origin: server.origin, Cookie: await logIn(server) },
      autoPong: false,
    })
    expect(await closeCode(socket)).toBe(1006)
  })

  it('is not at another path', async () => {
    const server = await startServer()
    const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/other`, {
      headers: { Origin: server.origin, Cookie: await logIn(server) },
    })
    const status = await new Promise((resolve) =>
      socket.on('unexpected-response', (_out, response) => resolve(response.statusCode)),
    )
    socket.on('error', () => {})
    socket.terminate()
    expect(status).toBe(404)
  })
})

describe('an upload', () => {
  it('reaches the backend as it was sent', async () => {
    const server = await startServer()
    const body = Buffer.alloc(3_000_000, 'a,b\n')
    const answer = await send(server, `/upload?name=${encodeURIComponent('gut & schön 🐚.csv')}`, {
      method: 'PUT',
      headers: { Origin: server.origin, Cookie: await logIn(server) },
      body,
    })
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toMatchObject({ ok: true, output: { entries: [{ outcome: 'accepted' }] } })
    expect(server.backend.uploads).toEqual([{ name: 'gut & schön 🐚.csv', bytes: body }])
  })

  it.each([
    ['no session', '/upload?name=a.csv', false, 403],
    ['no name', '/upload', true, 400],
    ['an empty name', '/upload?name=', true, 400],
    ['an endless name', `/upload?name=${'a'.repeat(2000)}`, true, 400],
  ])('is refused with %s', async (_name, path, withSession, status) => {
    const server = await startServer()
    const headers = { Origin: server.origin, ...(withSession ? { Cookie: await logIn(server) } : {}) }
    const answer = await send(server, path, { method: 'PUT', headers, body: 'a' })
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.body)).toMatchObject({ ok: false })
    expect(server.backend.uploads).toEqual([])
  })

  it('answers the backend’s own refusal', async () => {
    const server = await startServer()
    server.backend.receiveUpload = async () => {
      throw new (await import('../../contract/errors.ts')).CallFailed({ kind: 'refused', message: 'Too large.' })
    }
    const headers = { Origin: server.origin, Cookie: await logIn(server) }
    const answer = await send(server, '/upload?name=a.csv', { method: 'PUT', headers, body: Buffer.alloc(100_000) })
    expect(answer.status).toBe(403)
    expect(JSON.parse(answer.body)).toEqual({ ok: false, error: { kind: 'refused', message: 'Too large.' } })
  })
})
