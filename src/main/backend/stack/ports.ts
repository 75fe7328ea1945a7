import { createServer } from 'node:net'

/** true when nothing listens there and we may. @param port 0 is never free */
export function isFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)))
  })
}

/**
 * The first free port of the wanted ones, else the next free one after the last of them.
 * @param taken ports that were just given to somebody else
 */
export async function choosePort(wanted: number[], taken: number[] = []): Promise<number> {
  const following = Array.from({ length: 200 }, (_, i) => (wanted.at(-1) ?? 1024) + 1 + i)
  for (const port of [...wanted, ...following]) {
    if (port > 0 && port < 65_536 && !taken.includes(port) && (await isFree(port))) return port
  }
  throw new Error(`No free port near ${wanted.at(-1)}. Close some programs that listen there.`)
}
