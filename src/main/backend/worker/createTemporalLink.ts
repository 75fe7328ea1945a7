import type { Client } from '@temporalio/client'
import type { DataConverter } from '@temporalio/common'
import type { Part } from '../../../contract/model.ts'
import type { ActivityDeps } from '../../../temporal/activities/deps.ts'
import { createClient, type TemporalClient } from '../../../temporal/client.ts'
import type { TemporalAddress } from '../../../temporal/connection.ts'
import type { RunObserver } from '../../../temporal/observer.ts'
import { installRuntime } from '../../../temporal/runtime.ts'
import { createWorker, type RunningWorker, type WorkerSlots } from '../../../temporal/worker.ts'
import type { Log } from '../log.ts'
import type { Hold } from './hold.ts'

export interface TemporalLink {
  /** null while Temporal cannot be reached. */
  client(): Client | null
  namespace(): string
  /** The worker's line in the status bar. */
  worker(): Part
  /** null while the worker takes no work. */
  slots(): WorkerSlots | null
  onChange(listener: () => void): () => void
  /** The stack's idea of where Temporal is, or whether it is there, has changed. */
  addressChanged(): void
  /** `hold` may answer otherwise now. */
  holdChanged(): void
  /** Gives work in flight back to Temporal and closes the connections. */
  close(): Promise<void>
}

interface Options {
  address(): TemporalAddress | null
  workflowBundle: string
  deps: ActivityDeps
  observer: RunObserver
  /**
   * Payloads are encrypted for one namespace, and which one the stack knows. They differ in patience alone: a call is
   * tried again by who made it, while the SDK takes a codec's refusal for the end of the worker.
   */
  dataConverters(namespace: string): { client: DataConverter; worker: DataConverter }
  /**
   * null when the worker may take work. Without keys each step that it took would wait until its attempt has timed out,
   * and attempts are counted.
   */
  hold(): Hold | null
  identity: string
  log: Log
}

// Training in the demo trainer costs nothing but a timer, so many runs may be in it at once.
const slots = 100
const firstRetryMs = 1_000
const longestRetryMs = 15_000
/** What is held for a moment only must not cost the steps under way their attempt; they heartbeat within ten seconds. */
const holdAfterMs = 5_000

/**
 * Client and worker of this host, kept on the address that the stack names. A worker that ends by itself is started
 * again; a server that comes back on the same port is found again by the SDK's own connection.
 */
export function createTemporalLink({
  address,
  workflowBundle,
  deps,
  observer,
  dataConverters,
  hold,
  identity,
  log,
}: Options): TemporalLink {
  installRuntime(log)
  const listeners = new Set<() => void>()
  let current: Current | null = null
  let connecting: Promise<void> | null = null
  let problem: string | null = null
  let failures = 0
  let retryTimer: NodeJS.Timeout | null = null
  let holdTimer: NodeJS.Timeout | null = null
  /** The last worker that was held, on its way to its end. */
  let ending: Promise<void> = Promise.resolve()
  let closed = false

  const tell = () => {
    for (const listener of listeners) listener()
  }

  function addressChanged(): void {
    if (closed || connecting) return
    const wanted = address()
    if (wanted && current?.key !== keyOf(wanted)) {
      connecting = connect(wanted).finally(() => {
        connecting = null
        tell()
        const now = address()
        if (!closed && !retryTimer && now && current?.key !== keyOf(now)) addressChanged()
        else holdChanged()
      })
    }
  }

  async function connect(wanted: TemporalAddress): Promise<void> {
    if (retryTimer) clearTimeout(retryTimer)
    retryTimer = null
    const old = current
    current = null
    if (old) await endOf(old)
    try {
      const converters = dataConverters(wanted.namespace)
      const client = await createClient({ ...wanted, identity, dataConverter: converters.client })
      const startWorker = () =>
        createWorker({
          ...wanted,
          identity,
          dataConverter: converters.worker,
          workflowBundle,
          deps,
          observer,
          maxConcurrentActivities: slots,
          log,
        })
      const next: Current = { key: keyOf(wanted), client, worker: null, startWorker }
      if (!hold()) await giveWorker(next)
      if (closed) await endOf(next)
      else current = next
    } catch (error) {
      retryLater(error)
    }
  }

  async function giveWorker(to: Current): Promise<void> {
    const worker = await to.startWorker()
    to.worker = worker
    problem = null
    failures = 0
    worker.stopped.catch((error) => restart(worker, error))
  }

  function endHeld(): void {
    const why = hold()
    const worker = current?.worker
    if (!current || !worker || !why) return
    log.warn({ why: why.detail }, 'the worker is held')
    current.worker = null
    ending = worker.stop()
    tell()
  }

  /** Ends the worker when it was to be held, and begins another when it may work again. The client stays. */
  function holdChanged(): void {
    if (closed || connecting || !current) return // whoever connects looks itself
    const held = hold()
    if (holdTimer && (!held || held.atOnce)) {
      clearTimeout(holdTimer)
      holdTimer = null
    }
    if (held?.atOnce) endHeld()
    else if (held && current.worker) {
      holdTimer ??= setTimeout(() => {
        holdTimer = null
        endHeld()
      }, holdAfterMs)
    }
    if (!held && !current.worker) {
      const mine = current
      connecting = giveWorker(mine)
        .catch((error) => {
          current = null
          void endOf(mine)
          retryLater(error)
        })
        .finally(() => {
          connecting = null
          tell()
          holdChanged()
        })
    }
  }

  function restart(worker: RunningWorker, error: unknown): void {
    if (closed || current?.worker !== worker) return
    const old = current
    current = null
    void endOf(old)
    retryLater(error)
    tell()
  }

  function retryLater(error: unknown): void {
    problem = error instanceof Error ? error.message : String(error)
    log.error({ err: error }, 'the worker does not run')
    retryTimer = setTimeout(
      () => {
        retryTimer = null
        addressChanged()
      },
      Math.min(longestRetryMs, firstRetryMs * 2 ** failures++),
    )
  }

  return {
    client: () => (current && address() ? current.client.client : null),
    namespace: () => address()?.namespace ?? 'default',
    worker() {
      const part = { summary: '', detail: '', remedy: '', progress: null, address: null }
      if (current?.worker && address())
        return { ...part, state: 'up', summary: `${current.worker.slots().activity.used}/${slots}` }
      const held = hold()
      if (current && held) return { ...part, state: held.state, detail: held.detail, remedy: held.remedy }
      if (problem)
        return {
          ...part,
          state: 'down',
          detail: `The worker does not run: ${problem}.`,
          remedy: 'It is started again by itself.',
        }
      return { ...part, state: 'starting', detail: 'The worker starts as soon as Temporal is up.' }
    },
    slots: () => (current?.worker && address() ? current.worker.slots() : null),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    addressChanged,
    holdChanged,
    async close() {
      closed = true
      if (retryTimer) clearTimeout(retryTimer)
      if (holdTimer) clearTimeout(holdTimer)
      await connecting
      if (current) await endOf(current)
      current = null
      await ending
    },
  }
}

interface Current {
  key: string
  client: TemporalClient
  /** null while it is held. */
  worker: RunningWorker | null
  startWorker(): Promise<RunningWorker>
}

const keyOf = (address: TemporalAddress) => `${address.address} ${address.namespace}`

async function endOf({ worker, client }: Current): Promise<void> {
  await worker?.stop()
  await client.close().catch(() => undefined)
}
