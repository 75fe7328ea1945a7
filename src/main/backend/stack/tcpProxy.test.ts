/** Real sockets: an echo server, the proxy, and a client that says what came back. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTcpProxy, type TcpProxy } from './tcpProxy.ts'

let echo: Server
let proxy: TcpProxy
let port = 0
let target: { host: string; port: number } | null = null
const served = new Set<Socket>()

beforeEach(async () => {
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    served.add(socket)
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
  target = { host: '127.0.0.1', port: (echo.address() as { port: number }).port }
  proxy = createTcpProxy({ target: () => target, random: () => 0.5 })
  port = await proxy.open()
})
afterEach(async () => {
  await proxy.close()
  for (const socket of served) socket.destroy()
  served.clear()
  await new Promise((resolve) => echo.close(resolve))
})

const open = () =>
  new Promise<Socket>((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true }, () => resolve(socket))
    socket.once('error', reject)
  })
const echoed = (socket: Socket, text: string) =>
  new Promise<string>((resolve, reject) => {
    socket.once('data', (chunk) => resolve(chunk.toString()))
    socket.once('error', reject)
    socket.write(text)
  })
const codeOf = (socket: Socket) =>
  new Promise<string>((resolve) => socket.once('error', (error) => resolve((error as NodeJS.ErrnoException).code ?? '')))

test('open, 8 MB come back as they were, and an end is an end', async () => {
  const sent = Buffer.alloc(8 * 1024 ** 2)
  for (let i = 0; i < sent.length; i++) sent[i] = (i * 31) % 251
  const socket = await open()
  socket.end(sent)
  expect((await buffer(socket)).equals(sent)).toBe(true)
})

test('cut: who is connected and who connects is reset; back, a new connection works', async () => {
  const socket = await open()
  expect(await echoed(socket, 'before')).toBe('before')
  const reset = codeOf(socket)
  proxy.set({ kind: 'cut' })
  expect(await reset).toBe('ECONNRESET')
  const during = connect({ host: '127.0.0.1', port })
  expect(await codeOf(during)).toBe('ECONNRESET')
  proxy.set({ kind: 'open' })
  expect(await echoed(await open(), 'after')).toBe('after')
})

test('silent: nothing comes and nothing breaks; back, what was sent meanwhile arrives once and in order', async () => {
  const socket = await open()
  expect(await echoed(socket, 'before')).toBe('before')
  proxy.set({ kind: 'silent' })
  let heard = ''
  const all = new Promise<void>((resolve) =>
    socket.on('data', (chunk) => {
      heard += chunk
      if (heard === 'onetwothree') resolve()
    }),
  )
  for (const word of ['one', 'two', 'three']) await new Promise((resolve) => socket.write(word, resolve))
  // Another connection through an open proxy has gone there and back by then; this one must not have.
  const other = createTcpProxy({ target: () => target })
  const otherPort = await other.open()
  const witness = connect({ host: '127.0.0.1', port: otherPort })
  for (let i = 0; i < 20; i++) await echoed(witness, `${i}`)
  await other.close()
  expect(heard).toBe('')
  proxy.set({ kind: 'open' })
  await all
})

test('slow: there and back takes twice the latency, in order, and open again nothing is kept waiting', async () => {
  proxy.set({ kind: 'slow', seconds: 0.1, bytesPerSecond: 1_000_000 })
  const socket = await open()
  const began = performance.now()
  expect(await echoed(socket, 'late')).toBe('late')
  expect(performance.now() - began).toBeGreaterThanOrEqual(195)
  proxy.set({ kind: 'slow', seconds: 600, bytesPerSecond: 1 })
  const answer = echoed(socket, 'kept')
  proxy.set({ kind: 'open' })
  expect(await answer).toBe('kept')
})

test('no server: the connection is reset, and the next one goes where the server is then', async () => {
  const there = target
  target = null
  expect(await codeOf(connect({ host: '127.0.0.1', port }))).toBe('ECONNRESET')
  target = { host: '127.0.0.1', port: 1 }
  expect(await codeOf(connect({ host: '127.0.0.1', port }))).toBe('ECONNRESET')
  target = there
  expect(await echoed(await open(), 'there')).toBe('there')
})

test('a server that goes away takes its connections with it', async () => {
  const socket = await open()
  await echoed(socket, 'before')
  const gone = new Promise((resolve) => socket.once('close', resolve))
  socket.on('error', () => {})
  for (const one of served) one.resetAndDestroy()
  await gone
})
