import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { assertNever } from '../../../contract/model.ts'
import type { Log } from '../log.ts'
import type { Serving, ServingData, ServingReport, ServingRequest } from './servingThread.ts'

export interface ServingThread {
  /** Settles once the endpoint is open, or has failed to open for the first time; never rejects. */
  start(ports: readonly number[]): Promise<void>
  /** Has the endpoint look at the deployment record now. Never rejects; a thread that dies meanwhile ends it too. */
  look(): Promise<void>
  state(): ServingState
  close(): Promise<void>
}

export interface ServingState {
  /** null while the endpoint is not open. */
  port: number | null
  /** What the endpoint said last; null before it said anything. */
  serving: Serving | null
  /** Why it is not open; null while it is, or is being opened for the first time. */
  trouble: string | null
  /** That it ended by itself and was started again, in a sentence; null when it never did. */
  restarted: string | null
}

interface Options extends Omit<ServingData, 'ports'> {
  /** Absolute path of `servingThread` (TypeScript source or bundle). */
  threadFile: string
  log: Log
  onChange(): void
}

const firstWaitMs = 100
const longestWaitMs = 5_000
/** An endpoint that lasted this long is started again without a longer wait. */
const goodTimeMs = 30_000
/** For requests in flight and the thread's own end. */
const closeDeadlineMs = 5_000
/** A model of 256 MiB of text, twice during a switch; what does not fit ends this thread and not the app. */
const memoryMb = 3_072

/**
 * Keeps one environment's endpoint running in a thread of its own. A thread that ends by itself is started again, on the
 * same port where it is still free, with the model that is deployed.
 */
export function serveInThread({ threadFile, log, onChange, ...data }: Options): ServingThread {
  const { environment } = data
  let worker: Worker | null = null
  let closing = false
  let running: Promise<void> = Promise.resolve()
  let state: ServingState = { port: null, serving: null, trouble: null, restarted: null }
  let lastLook = 0
  const looks = new Map<number, () => void>()
  const awake = new AbortController()

  const change = (next: Partial<ServingState>) => {
    state = { ...state, ...next }
    onChange()
  }

  /** One thread's life. Settles with the reason of its end. */
  function live(ports: readonly number[], onOpen: () => void): Promise<string> {
    return new Promise((resolve) => {
      // The host's own options (an inspector, a test runner's loader) are not the thread's.
      const started = new Worker(pathToFileURL(threadFile), {
        workerData: { ...data, ports } satisfies ServingData,
        execArgv: [],
        resourceLimits: { maxOldGenerationSizeMb: memoryMb },
      })
      worker = started
      let reason: string | null = null
      started.on('message', (report: ServingReport) => {
        switch (report.kind) {
          case 'open':
            log.info({ environment, port: report.port }, 'endpoint open')
            change({ port: report.port, serving: report.serving, trouble: null })
            return onOpen()
          case 'failed':
            reason = report.reason
            return
          case 'serving':
            change({ serving: report.serving })
            if (report.id !== null) looks.get(report.id)?.()
            return
          case 'fault':
            return log.error({ err: report.error, environment }, 'endpoint failed to answer')
          default:
            return assertNever(report)
        }
      })
      started.on('error', (error) => {
        reason ??= error instanceof Error ? error.message : String(error)
        log.error({ err: error, environment }, 'the endpoint’s thread crashed')
      })
      started.once('exit', (code) => {
        worker = null
        for (const done of looks.values()) done()
        resolve(reason ?? `its thread ended with code ${code}`)
      })
    })
  }

  async function keep(first: readonly number[], settled: () => void): Promise<void> {
    let wait = firstWaitMs
    let had: number | null = null
    for (;;) {
      const begun = performance.now()
      const reason = await live(had === null ? first : [had, ...first], settled)
      settled()
      if (closing) return
      if (performance.now() - begun > goodTimeMs) wait = firstWaitMs
      log.warn({ environment, reason, againInMs: wait }, 'the endpoint ended; it is started again')
      const { port } = state
      had = port ?? had
      const at = new Date().toISOString().slice(11, 19)
      const restarted = `It ended by itself at ${at} UTC (${reason}) and was started again.`
      change({ port: null, trouble: reason, ...(port !== null && { restarted }) })
      await sleep(wait, undefined, { signal: awake.signal }).catch(() => {})
      if (closing) return
      wait = Math.min(longestWaitMs, wait * 2)
    }
  }

  return {
    start(ports) {
      return new Promise((settled) => {
        running = keep(ports, settled)
      })
    },
    async look() {
      const asked = worker
      if (asked === null) return
      const id = ++lastLook
      await new Promise<void>((resolve) => {
        looks.set(id, resolve)
        asked.postMessage({ kind: 'look', id } satisfies ServingRequest)
      })
      looks.delete(id)
    },
    state: () => state,
    async close() {
      closing = true
      awake.abort()
      const open = worker
      open?.postMessage({ kind: 'close' } satisfies ServingRequest)
      const deadline = setTimeout(() => void open?.terminate(), closeDeadlineMs)
      await running
      clearTimeout(deadline)
      state = { port: null, serving: null, trouble: null, restarted: null }
    },
  }
}
