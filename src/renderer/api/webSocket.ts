import type { Connection } from '../../contract/wire.ts'
import { createListeners, hostAway, outputOf, readReply } from './wire.ts'

/** Waits between tries to connect again, in milliseconds; the last one repeats. A restart of the host takes a few seconds. */
const backOff = [250, 500, 1000, 2000, 3000]

/** WebSocket.OPEN, which the type of a bare constructor does not carry. */
const openState = 1

export interface WebSocketOptions {
  /** Address of the host's socket, e.g. `ws://127.0.0.1:4000/ws`. */
  url: string
  /**
   * Asked after a socket that never opened: a browser does not tell a page why an upgrade failed.
   * `false` when the host is there and does not let this session in.
   */
  isAdmitted?: () => Promise<boolean>
  /** The constructor to use; the page's own when left out. */
  socket?: new (
    url: string,
  ) => WebSocket
  /** Waits between tries, in milliseconds; tests give short ones. */
  backOffMs?: readonly number[]
}

export interface WebSocketConnection extends Connection {
  /** Tries again at once instead of after the rest of the wait. */
  reconnect(): void
  close(): void
}

/**
 * The Connection of the web shell. It connects again by itself for as long as it is not closed or refused; calls that
 * are under way when the host goes away answer `unavailable`, because nobody can say whether the host still did them.
 */
export function createWebSocketConnection({
  url,
  isAdmitted = async () => true,
  socket: Socket = WebSocket,
  backOffMs = backOff,
}: WebSocketOptions): WebSocketConnection {
  const listeners = createListeners((event, problem) => console.error(`push ${event} does not fit the contract: ${problem}`))
  const pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  let socket: WebSocket | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let tries = 0
  let nextId = 1
  let closed = false

  const failPending = () => {
    for (const { reject } of pending.values()) reject(hostAway())
    pending.clear()
  }

  const connect = () => {
    clearTimeout(timer)
    const current = new Socket(url)
    let opened = false
    socket = current
    current.onopen = () => {
      opened = true
      tries = 0
      listeners.setStatus('open')
    }
    current.onmessage = ({ data }) => {
      let value: unknown
      try {
        value = JSON.parse(String(data))
      } catch {
        return
      }
      const answer = readReply(value)
      if (!answer) return listeners.receive(value)
      pending.get(answer.id)?.resolve(answer)
      pending.delete(answer.id)
    }
    current.onclose = async () => {
      if (socket !== current) return
      socket = null
      failPending()
      if (closed) return
      if (!opened && !(await isAdmitted())) {
        listeners.setStatus('refused')
        return
      }
      if (closed || socket) return
      listeners.setStatus('lost')
      timer = setTimeout(connect, backOffMs[Math.min(tries++, backOffMs.length - 1)])
    }
  }
  connect()

  return {
    async call(name, input) {
      const current = socket
      if (!current || current.readyState !== openState) throw hostAway()
      const id = nextId++
      const answer = await new Promise<unknown>((resolve, reject) => {
        pending.set(id, { resolve, reject })
        current.send(JSON.stringify({ id, call: name, input }))
      })
      return outputOf(name, answer as NonNullable<ReturnType<typeof readReply>>)
    },
    subscribe: listeners.subscribe,
    onStatus: listeners.onStatus,
    reconnect() {
      if (!socket && !closed) connect()
    },
    close() {
      closed = true
      clearTimeout(timer)
      socket?.close()
      failPending()
    },
  }
}
