import type { Client } from '@temporalio/client'
import type { WorkerInfo, WorkerProcess, WorkerStopped, WorkersState } from '../../../contract/workers.ts'
import type { ListedWorker, QueueWorkers } from '../../../temporal/workers.ts'
import type { Hold } from './hold.ts'

export interface Workers {
  /** What holds this host's own worker off; null while it may work. */
  hold(): Hold | null
  /** Stops this host's own worker, or lets it work again. What is so already is left as it is. */
  switch(on: boolean, by: string, reason: string): void
  list(): Promise<WorkersState>
}

interface Options {
  client(): Client | null
  ask(client: Client): Promise<QueueWorkers>
  host: string
  processId: number
  onSwitch(): void
  /** The worker process that this host started. */
  process: {
    state(): WorkerProcess | null
    /** true for one that is no more. */
    hasEnded(identity: string): boolean
  }
}

/**
 * This host's own worker as an operator switches it, and all workers as Temporal knows them. A stop lasts until it is
 * taken back or the host starts anew: whoever starts Gatehouse next must not wonder why nothing goes on.
 */
export function createWorkers({ client, ask, host, processId, onSwitch, process }: Options): Workers {
  let stopped: WorkerStopped | null = null

  const infoOf = (worker: ListedWorker): WorkerInfo => {
    const here = worker.host === host && worker.processId === processId
    // A server that tells no hosts tells the identity, in which a worker of a process of its own names its machine.
    const isOnThisMachine = worker.host === null ? worker.identity.includes(`@${host} (worker `) : worker.host === host
    return { ...worker, here, beside: isOnThisMachine && !here }
  }
  const byName = (a: WorkerInfo, b: WorkerInfo) =>
    Number(b.here) - Number(a.here) || a.identity.localeCompare(b.identity) || (a.processId ?? 0) - (b.processId ?? 0)

  return {
    hold: () =>
      stopped && {
        state: 'off',
        detail: `The worker was stopped by ${stopped.by}: ${stopped.reason}`,
        remedy: 'Start it again under Workers, or with "gatehouse workers start". Runs wait until then; nothing is lost.',
        atOnce: true,
      },
    switch(on, by, reason) {
      if (on === (stopped === null)) return
      stopped = on ? null : { by, at: new Date().toISOString(), reason }
      onSwitch()
    },
    async list() {
      const nothing = { stopped, process: process.state(), workers: [], waiting: null }
      const temporal = client()
      if (!temporal) return { ...nothing, problem: 'Workers are asked for at Temporal, which cannot be reached now.' }
      try {
        const { workers, waiting } = await ask(temporal)
        const there = workers.filter(({ identity }) => !process.hasEnded(identity))
        return { stopped, process: process.state(), workers: there.map(infoOf).toSorted(byName), waiting, problem: null }
      } catch (error) {
        return { ...nothing, problem: `Temporal did not tell its workers (${(error as Error).message}).` }
      }
    },
  }
}
