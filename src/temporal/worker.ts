import { hostname } from 'node:os'
import type { DataConverter } from '@temporalio/common'
import { NativeConnection, Worker } from '@temporalio/worker'
import { createActivities } from './activities/createActivities.ts'
import type { ActivityDeps } from './activities/deps.ts'
import type { TemporalAddress } from './connection.ts'
import { observeAttempts, observeStages } from './interceptors.ts'
import { taskQueue } from './names.ts'
import type { RunObserver } from './observer.ts'
import type { SdkLog } from './runtime.ts'

export interface WorkerOptions extends TemporalAddress {
  /** Absolute path of the file that `buildWorkflowBundle` wrote. */
  workflowBundle: string
  deps: ActivityDeps
  observer: RunObserver
  /** Shown as who made an attempt. */
  identity?: string
  /** Not optional: one that was forgotten would write values in clear. */
  dataConverter: DataConverter
  taskQueue?: string
  log?: SdkLog
  maxConcurrentActivities?: number
  /** How long steps under way may go on after a stop was asked for, before they are given back to Temporal. */
  shutdownGraceMs?: number
}

/** Tasks under way and how many there may be: steps, and moves of workflows. */
export interface WorkerSlots {
  activity: { used: number; total: number }
  workflow: { used: number; total: number }
}

export interface RunningWorker {
  readonly identity: string
  slots(): WorkerSlots
  /** Settles when the worker has stopped: rejected when it stopped by itself, because it cannot go on. */
  readonly stopped: Promise<void>
  /** Gives work under way back to Temporal, ends, and closes the connection. Idempotent; never throws. */
  stop(): Promise<void>
}

const workflowSlots = 40

/**
 * Connects a worker and starts it.
 * @throws when the server does not answer, the namespace is missing, or the bundle cannot be loaded.
 */
export async function createWorker(options: WorkerOptions): Promise<RunningWorker> {
  const slots = options.maxConcurrentActivities ?? 200
  const identity = options.identity ?? `${process.pid}@${hostname()}`
  const connection = await NativeConnection.connect({
    address: options.address,
    tls: options.tls,
    apiKey: options.apiKey,
  })
  let worker: Worker
  try {
    worker = await Worker.create({
      connection,
      identity,
      namespace: options.namespace,
      taskQueue: options.taskQueue ?? taskQueue,
      workflowBundle: { codePath: options.workflowBundle },
      activities: createActivities(options.deps, options.observer),
      dataConverter: options.dataConverter,
      sinks: observeStages(options.observer),
      interceptors: { activity: [observeAttempts(options.observer, identity)] },
      // A training sleeps or computes elsewhere, so its slot costs little: many at once, with room for the short steps.
      maxConcurrentActivityTaskExecutions: slots,
      maxConcurrentWorkflowTaskExecutions: workflowSlots,
      // A run that waits for its approval is replayed when it is asked for; a cached one costs about 1 MB of memory.
      maxCachedWorkflows: 100,
      // Also how soon a step hears of a cancellation; steps heartbeat every two seconds.
      maxHeartbeatThrottleInterval: '2 seconds',
      shutdownGraceTime: options.shutdownGraceMs ?? 1000,
      shutdownForceTime: (options.shutdownGraceMs ?? 1000) + 9000,
    })
  } catch (error) {
    await connection.close()
    throw error
  }
  const stopped = worker.run().finally(() => connection.close().catch(() => {}))
  // Whoever does not listen learns of it by stop(); an unheard rejection must not end the host.
  stopped.catch((error) => options.log?.error({ err: error }, 'the worker stopped by itself'))
  options.log?.info({ identity, slots, namespace: options.namespace }, 'the worker runs')
  return {
    identity,
    stopped,
    slots() {
      const { numInFlightActivities, numInFlightWorkflowActivations } = worker.getStatus()
      return {
        activity: { used: numInFlightActivities, total: slots },
        workflow: { used: numInFlightWorkflowActivations, total: workflowSlots },
      }
    },
    async stop() {
      // shutdown() throws unless the worker runs: it may be stopping already, or have failed.
      if (worker.getState() === 'RUNNING') worker.shutdown()
      await stopped.catch(() => {})
    },
  }
}
