import WebSocket, { type RawData } from 'ws'
import { type CallError, unavailable } from '../../contract/errors.ts'
import { type ConnectionStatus, type Push, push as pushSchema, type Reply, reply as replySchema } from '../../contract/wire.ts'

/**
 * Headers that let this process in, or null when it has nothing that would. Asked before every try; `refused` tells
 * that the host did not take what was given before.
 * @throws when the host has to be asked and does not answer.
 */
export type Credentials = (refused: boolean) => Promise<Record<string, string> | null>

export interface HostLinkOptions {
  /** The host's origin, e.g. `http://127.0.0.1:4780`. */
  origin: string
  credentials: Credentials
  /** Tries again by itself when the host goes away. */
  reconnect: boolean
}

/** One WebSocket to a host in another process: envelopes in, envelopes out. */
export interface HostLink {
  /** Never rejects: a host that is away answers `unavailable`. */
  send(call: string, input: unknown): Promise<Reply>
  onPush(listener: (push: Push) => void): () => void
  /** Calls back at once with what is known, then on every change. */
  onStatus(listener: (status: ConnectionStatus) => void): () => void
  /** Looks at once whether the host is there, for after a sleep: a socket may be dead without knowing it. */
  check(): void
  close(): void
}

/** Milliseconds before the next try; the host is on this machine, so a try is cheap. */
const waits = [250, 500, 1000, 2000]
/** A host on this machine that does not answer within this time after a sleep is not there any more, in milliseconds. */
const pongMs = 3_000
const waitAfter = (failures: number) => waits[Math.min(failures, waits.length - 1)] ?? 2000

const away = (): CallError =>
  unavailable('host', 'Gatehouse’s host does not answer. What it accepted is kept; this continues when it is back.').error

/**
 * Opens the link and keeps it open. Must run on Node 16 as well (an attached window in an old Electron).
 */
export function createHostLink({ origin, credentials, reconnect }: HostLinkOptions): HostLink {
  const pushListeners = new Set<(push: Push) => void>()
  const statusListeners = new Set<(status: ConnectionStatus) => void>()
  const pending = new Map<number, (reply: Reply) => void>()
  const queued: string[] = []
  let status: ConnectionStatus = 'connecting'
  let socket: WebSocket | null = null
  let timer: NodeJS.Timeout | undefined
  let pongTimer: NodeJS.Timeout | undefined
  let nextId = 1
  let failures = 0
  let closed = false

  const setStatus = (next: ConnectionStatus) => {
    if (next === status) return
    status = next
    for (const listener of [...statusListeners]) listener(next)
  }

  const failPending = () => {
    queued.length = 0
    for (const [id, settle] of [...pending]) {
      pending.delete(id)
      settle({ id, ok: false, error: away() })
    }
  }

  const receive = (text: string) => {
    let message: unknown
    try {
      message = JSON.parse(text)
    } catch {
      return
    }
    const asReply = replySchema.safeParse(message)
    if (asReply.success) {
      const settle = pending.get(asReply.data.id)
      pending.delete(asReply.data.id)
      settle?.(asReply.data)
      return
    }
    const asPush = pushSchema.safeParse(message)
    if (asPush.success) for (const listener of [...pushListeners]) listener(asPush.data)
  }

  const ended = (next: 'lost' | 'refused') => {
    socket = null
    failPending()
    if (closed) return
    setStatus(next)
    if (!reconnect) return
    timer = setTimeout(tryAgain, waitAfter(failures++))
  }

  const tryAgain = () => {
    timer = undefined
    void connect()
  }

  const connect = async () => {
    let headers: Record<string, string> | null
    try {
      headers = await credentials(status === 'refused')
    } catch {
      return ended('lost')
    }
    if (closed) return
    if (!headers) return ended('refused')
    let refused = false
    const opening = new WebSocket(`${origin.replace(/^http/, 'ws')}/ws`, { origin, headers, perMessageDeflate: false })
    socket = opening
    opening.on('open', () => {
      failures = 0
      setStatus('open')
      for (const text of queued.splice(0)) opening.send(text)
    })
    opening.on('unexpected-response', (_request, response) => {
      refused = response.statusCode === 401 || response.statusCode === 403
      opening.terminate()
    })
    opening.on('message', (data: RawData, isBinary: boolean) => {
      if (!isBinary) receive(data.toString())
    })
    // Always followed by `close`, which says what to do.
    opening.on('error', () => {})
    opening.on('close', () => ended(refused ? 'refused' : 'lost'))
  }
  void connect()

  return {
    send(call, input) {
      const id = nextId++
      if (closed || status === 'lost' || status === 'refused') return Promise.resolve({ id, ok: false, error: away() })
      return new Promise((settle) => {
        pending.set(id, settle)
        const text = JSON.stringify({ id, call, input })
        if (socket?.readyState === WebSocket.OPEN) socket.send(text)
        else queued.push(text)
      })
    },
    onPush(listener) {
      pushListeners.add(listener)
      return () => pushListeners.delete(listener)
    },
    onStatus(listener) {
      statusListeners.add(listener)
      listener(status)
      return () => statusListeners.delete(listener)
    },
    check() {
      if (closed) return
      if (timer) {
        clearTimeout(timer)
        return tryAgain()
      }
      const asked = socket
      if (asked?.readyState !== WebSocket.OPEN || pongTimer) return
      pongTimer = setTimeout(() => asked.terminate(), pongMs)
      const answered = () => {
        clearTimeout(pongTimer)
        pongTimer = undefined
      }
      asked.once('pong', answered)
      asked.once('close', answered)
      asked.ping()
    },
    close() {
      closed = true
      clearTimeout(timer)
      clearTimeout(pongTimer)
      failPending()
      try {
        socket?.close()
      } catch {
        // ws throws for a socket whose handshake failed this very moment; there is nothing left to close then.
      }
      socket = null
    },
  }
}
