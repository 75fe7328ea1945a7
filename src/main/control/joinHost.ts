import { setTimeout as wait } from 'node:timers/promises'
import type { Home } from '../backend/home.ts'
import { connectToHost, type HostConnection, NoHostError } from './connectToHost.ts'

/** How long a second copy waits for a first one that is just starting or ending. */
const patienceMs = 12_000

/**
 * For a second copy whose folder is locked: connects to the first one, or tells that the folder came free meanwhile
 * (`null`: try to become the host again).
 * @throws NoHostError when the folder stays locked by something that does not answer.
 */
export async function joinHost(home: Home, isFree: () => boolean): Promise<HostConnection | null> {
  const until = performance.now() + patienceMs
  for (;;) {
    try {
      return await connectToHost(home)
    } catch (error) {
      if (!(error instanceof NoHostError)) throw error
    }
    if (isFree()) return null
    if (performance.now() > until) {
      throw new NoHostError(
        `The data folder ${home.root} is in use by another Gatehouse that does not answer. Nothing was changed. End that process, or name another folder with GATEHOUSE_HOME.`,
      )
    }
    await wait(250)
  }
}
