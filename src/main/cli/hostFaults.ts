/** Drills of a bare worker: the host beside it says what an attempt is to meet, so that counts are kept in one place. */
import type { Faults } from '../../temporal/activities/faults.ts'
import type { Home } from '../backend/home.ts'
import type { Log } from '../backend/log.ts'
import { connectToHost, type HostConnection, NoHostError } from '../control/connectToHost.ts'

/** Without a host there is nobody who could have switched a drill on: work then goes on as usual. Never throws. */
export function createHostFaults({
  home,
  log,
}: {
  home: Pick<Home, 'root' | 'control'>
  log: Log
}): Faults & { close(): Promise<void> } {
  let host: Promise<HostConnection> | null = null
  const connected = () => {
    host ??= connectToHost(home).then((connection) => {
      connection.onStatus((status) => {
        if (status === 'lost' || status === 'refused') host = null
      })
      return connection
    })
    return host
  }
  return {
    async before(attempt) {
      try {
        return (await (await connected()).call('drills.meet', attempt)).fault
      } catch (error) {
        host = null
        if (!(error instanceof NoHostError)) log.warn({ err: error }, 'the host could not be asked for drills')
        return null
      }
    },
    async close() {
      await host?.then(
        (connection) => connection.close(),
        () => {},
      )
    },
  }
}
