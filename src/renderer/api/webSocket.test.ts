import { afterEach, describe, expect, it } from 'vitest'
import { type WebSocket as Client, WebSocketServer } from 'ws'
import type { CallFailed } from '../../contract/errors.ts'
import type { ConnectionStatus } from '../../contract/wire.ts'
import { createWebSocketConnection, type WebSocketConnection } from './webSocket.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const info = { version: '1', home: '/h', operator: 'ada', host: 'w', platform: 'linux' }

async function listen(port = 0, answer: (message: { id: number; call: string }, client: Client) => void = reply(info)) {
  const server = new WebSocketServer({ port, host: '127.0.0.1' })
  server.on('connection', (client) => client.on('message', (data) => answer(JSON.parse(data.toString()), client)))
  await new Promise((resolve) => server.once('listening', resolve))
  const stop = () =>
    new Promise<void>((resolve) => {
      for (const client of server.clients) client.terminate()
      server.close(() => resolve())
    })
  closing.push(stop)
  return { server, stop, port: (server.address() as { port: number }).port }
}
const reply = (output: unknown) => (message: { id: number }, client: Client) =>
  client.send(JSON.stringify({ id: message.id, ok: true, output }))

function connect(port: number, isAdmitted?: () => Promise<boolean>) {
  const connection: WebSocketConnection = createWebSocketConnection({
    url: `ws://127.0.0.1:${port}/ws`,
    isAdmitted,
    backOffMs: [5],
  })
  closing.push(() => connection.close())
  const until = (wanted: ConnectionStatus) =>
    new Promise<void>((resolve) => {
      const stop = connection.onStatus((status) => {
        if (status !== wanted) return
        queueMicrotask(() => stop())
        resolve()
      })
    })
  return { connection, until }
}
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error: CallFailed) => error.error,
  )

describe('createWebSocketConnection', () => {
  it('calls, and gives each caller its own answer', async () => {
    const held: (() => void)[] = []
    const { port } = await listen(0, (message, client) => {
      // Answered in the opposite order.
      held.unshift(() => reply({ ...info, version: String(message.id) })(message, client))
      if (held.length === 3) for (const answer of held) answer()
    })
    const { connection, until } = connect(port)
    await until('open')
    const answers = await Promise.all([1, 2, 3].map(() => connection.call('app.info', {})))
    expect(answers.map((a) => a.version)).toEqual(['1', '2', '3'])
  })

  it('passes the host’s error on', async () => {
    const error = { kind: 'conflict', message: 'Already decided.' }
    const { port } = await listen(0, (message, client) => client.send(JSON.stringify({ id: message.id, ok: false, error })))
    const { connection, until } = connect(port)
    await until('open')
    expect(await failure(connection.call('app.info', {}))).toEqual(error)
  })

  it('does not hand on an answer that does not fit the contract', async () => {
    const { port } = await listen(0, reply({ version: 1 }))
    const { connection, until } = connect(port)
    await until('open')
    expect(await failure(connection.call('app.info', {}))).toMatchObject({ kind: 'internal' })
  })

  it('hands pushes to who subscribed, and ignores those that it does not know', async () => {
    const { server, port } = await listen()
    const { connection, until } = connect(port)
    await until('open')
    const told = new Promise((resolve) => connection.subscribe('notice', resolve))
    const notice = { kind: 'stackUp', title: 'Up', body: '', subject: null, workflowId: null }
    for (const client of server.clients) {
      client.send('not JSON')
      client.send(JSON.stringify({ event: 'toString', payload: {} }))
      client.send(JSON.stringify({ event: 'later', payload: {} }))
      client.send(JSON.stringify({ event: 'notice', payload: notice }))
    }
    expect(await told).toEqual(notice)
  })

  it('answers unavailable for calls under way when the host goes away, and comes back by itself', async () => {
    let arrive = () => {}
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve
    })
    const first = await listen(0, () => arrive())
    const { connection, until } = connect(first.port)
    await until('open')
    const pending = failure(connection.call('app.info', {}))
    await arrived
    await first.stop()
    expect(await pending).toMatchObject({ kind: 'unavailable' })
    await until('lost')
    expect(await failure(connection.call('app.info', {}))).toMatchObject({ kind: 'unavailable' })
    await listen(first.port)
    await until('open')
    expect(await connection.call('app.info', {})).toEqual(info)
  })

  it('is refused, and stays so, where the host is there and does not let it in', async () => {
    let upgrades = 0
    const server = new WebSocketServer({
      port: 0,
      host: '127.0.0.1',
      verifyClient: (_info, done) => {
        upgrades++
        // Not 401: Node's own WebSocket asks a second time after that one; browsers do not.
        done(false, 403)
      },
    })
    await new Promise((resolve) => server.once('listening', resolve))
    closing.push(() => new Promise((resolve) => server.close(resolve)))
    const { connection, until } = connect((server.address() as { port: number }).port, async () => false)
    await until('refused')
    expect(await failure(connection.call('app.info', {}))).toMatchObject({ kind: 'unavailable' })
    expect(upgrades).toBe(1)
  })
})
