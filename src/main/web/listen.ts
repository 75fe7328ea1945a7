import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The console's own port first, then its neighbours, then any that is free. */
export const consolePorts: readonly number[] = [4780, 4781, 4782, 4783, 4784, 4785, 4786, 4787, 4788, 4789, 0]
/** For a host whose page is a window: only the control entrance listens, anywhere. */
export const anyPort: readonly number[] = [0]

/**
 * Binds to 127.0.0.1 and to nothing else, on the first port that is free; gives that port.
 * @throws the last error when no port can be had.
 */
export async function listenOnLoopback(server: Server, ports: readonly number[]): Promise<number> {
  let problem: unknown = new Error('no port to listen on was given')
  for (const port of ports) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
          server.off('error', reject)
          resolve()
        })
      })
      return (server.address() as AddressInfo).port
    } catch (error) {
      problem = error
      const code = (error as NodeJS.ErrnoException).code
      if (code !== 'EADDRINUSE' && code !== 'EACCES') break
    }
  }
  throw problem
}
