import { createServer } from 'node:net'

/**
 * Tests' own ports, beside those of usual servers and below those that systems give to clients by themselves (from 32768 on
 * Linux): a port of the latter may be a stranger's a moment after it was free. Fixed ports of tests lie from 22000 on.
 */
const first = 24_000
const count = 8_000
/** Tests run in several processes, and each begins elsewhere. */
let next = (process.pid * 211) % count

/**
 * A port of 127.0.0.1 that is free, and that no other call in this process gives.
 * @throws when all of them are taken
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < count; tries++) {
    const port = first + next
    next = (next + 1) % count
    if (await isFree(port)) return port
  }
  throw new Error(`No port from ${first} to ${first + count - 1} is free.`)
}

const isFree = (port: number) =>
  new Promise<boolean>((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
