/** Drills of a bare worker: the host beside it says what an attempt is to meet, so that counts are kept in one place. */
import type { Faults } from '../../temporal/activities/faults.ts'
import type { Log } from '../backend/log.ts'
import { NoHostError } from '../control/connectToHost.ts'
import type { HostBeside } from './hostBeside.ts'

/** Without a host there is nobody who could have switched a drill on: work then goes on as usual. Never throws. */
export function createHostFaults({ host, log }: { host: Pick<HostBeside, 'call'>; log: Log }): Faults {
  return {
    async before(attempt) {
      try {
        return (await host.call('drills.meet', attempt)).fault
      } catch (error) {
        if (!(error instanceof NoHostError)) log.warn({ err: error }, 'the host could not be asked for drills')
        return null
      }
    },
  }
}
