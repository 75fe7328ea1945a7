import type { Home } from '../backend/home.ts'
import { connectToHost, type HostConnection } from '../control/connectToHost.ts'

/** The host that runs on a bare worker's data folder, as long as there is one. */
export interface HostBeside {
  /** @throws `NoHostError` while there is none, or what the call is refused with. */
  call: HostConnection['call']
  close(): Promise<void>
}

/** Connects at the first call, and anew at the first after the host went away. */
export function createHostBeside(home: Pick<Home, 'root' | 'control'>): HostBeside {
  let host: Promise<HostConnection> | null = null
  const connected = () => {
    host ??= connectToHost(home).then((connection) => {
      connection.onStatus((status) => {
        if (status === 'lost' || status === 'refused') host = null
      })
      return connection
    })
    host.catch(() => {
      host = null
    })
    return host
  }
  return {
    call: async (name, input) => (await connected()).call(name, input),
    async close() {
      await host?.then(
        (connection) => connection.close(),
        () => {},
      )
    },
  }
}
