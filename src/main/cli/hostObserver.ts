/** The console hears of a bare worker's attempts as of the host's own: by the host beside it. */
import { mostObserved, type Observed } from '../../contract/observed.ts'
import type { RunObserver } from '../../temporal/observer.ts'
import type { Log } from '../backend/log.ts'
import { NoHostError } from '../control/connectToHost.ts'
import type { HostBeside } from './hostBeside.ts'

/** Gathered this long, so that a burst of steps is some calls and not hundreds, in milliseconds. */
const tellAfterMs = 100
/** A host that is away is tried again this much later, in milliseconds. */
const againAfterMs = 2_000
/** What waits for a host that is away; older news is let go, as Temporal knows how things stand. */
const mostWaiting = 5_000

export interface HostObserver extends RunObserver {
  /** Tells what still waits, if the host is there, and stops. */
  close(): Promise<void>
}

/** Tells in order and keeps what could not be told; of the progress of an attempt only the latest. Never throws. */
export function createHostObserver({ host, log }: { host: Pick<HostBeside, 'call'>; log: Log }): HostObserver {
  let waiting: Observed[] = []
  let timer: NodeJS.Timeout | null = null
  let telling: Promise<void> | null = null
  let closed = false

  const schedule = (ms: number) => {
    if (!closed) timer ??= setTimeout(tell, ms)
  }
  function tell(): Promise<void> {
    if (timer) clearTimeout(timer)
    timer = null
    telling ??= tellOnce().finally(() => {
      telling = null
    })
    return telling
  }
  async function tellOnce(): Promise<void> {
    while (waiting.length > 0) {
      const events = waiting.slice(0, mostObserved)
      waiting = waiting.slice(events.length)
      try {
        await host.call('workers.tell', { events })
      } catch (error) {
        // Told again, it changes nothing: the host keeps attempts by when they began.
        waiting = [...events, ...waiting].slice(-mostWaiting)
        if (!(error instanceof NoHostError)) log.debug({ err: error }, 'the host could not be told of steps')
        schedule(againAfterMs)
        return
      }
    }
  }
  const add = (event: Observed) => {
    if (event.kind === 'progress') {
      const { workflowId, step } = event
      waiting = waiting.filter((e) => !(e.kind === 'progress' && e.workflowId === workflowId && e.step === step))
    }
    waiting.push(event)
    schedule(tellAfterMs)
  }

  return {
    stageChanged: ({ workflowId, runId, stage, at }) => add({ kind: 'stage', workflowId, runId, stage, at }),
    attemptStarted: (event) => add({ kind: 'started', ...event }),
    attemptEnded: (event) => add({ kind: 'ended', ...event }),
    progress: ({ workflowId, runId, step, attempt, ...progress }) =>
      add({ kind: 'progress', workflowId, runId, step, attempt, progress }),
    async close() {
      closed = true
      await tell()
    },
  }
}
