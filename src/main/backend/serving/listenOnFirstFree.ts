import type { Server } from 'node:http'

/**
 * Listens on the first of `ports` that is free on 127.0.0.1; 0 stands for any.
 * @returns the port; null when none is free
 */
export async function listenOnFirstFree(server: Server, ports: readonly number[]): Promise<number | null> {
  for (const port of ports) if (await listen(server, port)) return portOf(server)
  return null
}

/** false when the port is taken or not allowed. */
function listen(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      server.off('listening', onListening)
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false)
      else reject(error)
    }
    const onListening = () => {
      server.off('error', onError)
      resolve(true)
    }
    server.once('error', onError).once('listening', onListening)
    server.listen(port, '127.0.0.1')
  })
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the endpoint listens on no port')
  return address.port
}
