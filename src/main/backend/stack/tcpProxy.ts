/** A TCP proxy between the host and a server of its stack, for drills that make the network fail (decision 172). */
import { connect, createServer, type Server, type Socket } from 'node:net'

/** What the network does to everything that goes through. */
export type LinkCondition =
  | { kind: 'open' }
  /** Connections are reset, and new ones too. */
  | { kind: 'cut' }
  /** Nothing arrives and nobody is told: what was sent waits, as TCP sends it again, and arrives when the link is back. */
  | { kind: 'silent' }
  /** Each piece arrives `seconds` later, half of that more or less by chance, and at most so many bytes a second. */
  | { kind: 'slow'; seconds: number; bytesPerSecond: number }

export interface TcpProxy {
  /** Listens on a free port of loopback, the same until it is closed. */
  open(): Promise<number>
  /** Holds at once, for connections that are there as for new ones. */
  set(condition: LinkCondition): void
  /** Resets what is left. */
  close(): Promise<void>
}

interface Options {
  /** Where new connections go; null while there is no server. */
  target(): { host: string; port: number } | null
  /** 0 to 1, 1 excluded. */
  random?: () => number
}

/** More on the way in one direction makes the sender wait, as a full pipe does. */
const mostOnTheWay = 256 * 1024

/** Carries bytes unchanged and in order, under the condition that is set; open at first. */
export function createTcpProxy({ target, random = Math.random }: Options): TcpProxy {
  let condition: LinkCondition = { kind: 'open' }
  const links = new Set<{ condition(): void; reset(): void }>()
  let server: Server | null = null

  function accept(near: Socket): void {
    const to = target()
    if (condition.kind === 'cut' || to === null) {
      near.on('error', () => {})
      near.resetAndDestroy()
      return
    }
    const far = connect({ ...to, allowHalfOpen: true, noDelay: true })
    const reset = () => {
      near.resetAndDestroy()
      far.resetAndDestroy()
    }
    const ways = [carry(near, far, () => condition, random), carry(far, near, () => condition, random)]
    const link = {
      condition() {
        if (condition.kind === 'cut') reset()
        else for (const way of ways) way.look()
      },
      reset,
    }
    links.add(link)
    for (const socket of [near, far]) {
      socket.on('error', reset)
      socket.once('close', () => {
        for (const way of ways) way.socketClosed(socket)
        if (near.destroyed && far.destroyed) links.delete(link)
      })
    }
  }

  return {
    open: () =>
      new Promise((resolve, reject) => {
        const listening = createServer({ allowHalfOpen: true, noDelay: true }, accept)
        server = listening
        listening.once('error', reject)
        listening.listen(0, '127.0.0.1', () => {
          const address = listening.address()
          if (address === null || typeof address === 'string') reject(new Error('the proxy has no port'))
          else resolve(address.port)
        })
      }),
    set(next) {
      condition = next
      for (const link of [...links]) link.condition()
    },
    async close() {
      const closing = server
      server = null
      if (!closing) return
      const closed = new Promise<void>((resolve) => closing.close(() => resolve()))
      for (const link of [...links]) link.reset()
      await closed
    },
  }
}

/** One direction. */
function carry(from: Socket, to: Socket, condition: () => LinkCondition, random: () => number) {
  /** null is the end of what `from` sends. */
  const onTheWay: { chunk: Buffer | null; due: number }[] = []
  let bytes = 0
  let lastDue = 0
  let timer: NodeJS.Timeout | null = null
  let isFull = false

  const dueOf = (size: number) => {
    const now = performance.now()
    const is = condition()
    if (is.kind !== 'slow') return now
    const delay = is.seconds * (0.5 + random()) * 1000
    // Never before the piece ahead of it, and not before that one has gone through.
    lastDue = Math.max(now + delay, lastDue + (size / is.bytesPerSecond) * 1000)
    return lastDue
  }
  const deliver = (chunk: Buffer | null) => {
    if (to.destroyed) return
    if (chunk === null) to.end()
    else isFull = !to.write(chunk)
  }
  const look = () => {
    if (timer) clearTimeout(timer)
    timer = null
    const is = condition()
    if (is.kind === 'silent') {
      from.pause()
      return
    }
    while (!isFull) {
      const next = onTheWay[0]
      if (!next) break
      const wait = is.kind === 'slow' ? next.due - performance.now() : 0
      if (wait > 0) {
        timer = setTimeout(look, wait)
        break
      }
      onTheWay.shift()
      bytes -= next.chunk?.length ?? 0
      deliver(next.chunk)
    }
    if (bytes < mostOnTheWay && !isFull) from.resume()
    else from.pause()
  }
  const take = (chunk: Buffer | null) => {
    onTheWay.push({ chunk, due: dueOf(chunk?.length ?? 0) })
    bytes += chunk?.length ?? 0
    look()
  }
  from.on('data', take)
  from.on('end', () => take(null))
  to.on('drain', () => {
    isFull = false
    look()
  })
  return {
    look,
    /** What a sender had sent before it closed still arrives; for a receiver that is gone nothing can. */
    socketClosed(socket: Socket) {
      if (socket !== to) return
      if (timer) clearTimeout(timer)
      onTheWay.length = 0
      from.destroy()
    },
  }
}
