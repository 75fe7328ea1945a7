import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import type { Push } from '../../contract/wire.ts'
import type { Dispatch } from '../api/dispatch.ts'

export interface SocketLimits {
  /** Bytes of one message from a client; a submit of 10,000 paths fits. */
  maxMessageBytes: number
  /** Bytes that may wait for a slow client before it is dropped: it reconnects and reads afresh, the host's memory stays. */
  maxWaitingBytes: number
  /** Calls of one client that may be under way. */
  maxCallsUnderWay: number
  pingMs: number
}
const defaults: SocketLimits = {
  maxMessageBytes: 8 << 20,
  maxWaitingBytes: 16 << 20,
  maxCallsUnderWay: 256,
  pingMs: 15_000,
}

/** How long a client may take to answer our close. */
const lastWordMs = 500

export interface SocketTransport {
  /** Completes an upgrade that has been let in. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void
  broadcast(push: Push): void
  clientCount(): number
  close(): void
}

/** Request, reply and push envelopes as JSON text over WebSockets. */
export function createSocketTransport(dispatch: Dispatch, limits: Partial<SocketLimits> = {}): SocketTransport {
  const { maxMessageBytes, maxWaitingBytes, maxCallsUnderWay, pingMs } = { ...defaults, ...limits }
  const server = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes, perMessageDeflate: false })
  const unanswered = new WeakSet<WebSocket>()

  const send = (client: WebSocket, text: string) => {
    if (client.readyState !== WebSocket.OPEN) return
    if (client.bufferedAmount > maxWaitingBytes) return client.terminate()
    client.send(text)
  }

  const serve = (client: WebSocket) => {
    let underWay = 0
    client.on('message', async (data: RawData, isBinary: boolean) => {
      // 1003: the protocol is text; 1008: more at once than a console ever asks.
      if (isBinary) return client.close(1003, 'text only')
      if (underWay >= maxCallsUnderWay) return client.close(1008, 'too many calls at once')
      let raw: unknown
      try {
        raw = JSON.parse(data.toString())
      } catch {
        return client.close(1007, 'not JSON')
      }
      underWay++
      const reply = await dispatch(raw)
      underWay--
      send(client, JSON.stringify(reply))
    })
    client.on('pong', () => unanswered.delete(client))
    // A broken frame or an oversized message; ws closes the socket itself.
    client.on('error', () => {})
  }

  const pinging = setInterval(() => {
    for (const client of server.clients) {
      if (unanswered.has(client)) {
        client.terminate()
        continue
      }
      unanswered.add(client)
      client.ping()
    }
  }, pingMs)
  pinging.unref()

  return {
    accept(request, socket, head) {
      server.handleUpgrade(request, socket, head, serve)
    },
    broadcast(push) {
      if (server.clients.size === 0) return
      const text = JSON.stringify(push)
      for (const client of server.clients) send(client, text)
    },
    clientCount: () => server.clients.size,
    close() {
      clearInterval(pinging)
      // 1001: going away. A client that does not answer in time must not hold up the host's end.
      const clients = [...server.clients]
      for (const client of clients) client.close(1001, 'the host ends')
      const timer = setTimeout(() => clients.forEach((client) => void client.terminate()), lastWordMs)
      timer.unref()
      server.close()
    },
  }
}
