import { isDeepStrictEqual } from 'node:util'
import type { Registry } from 'prom-client'
import type { MetricsSettings, MetricsState } from '../../../contract/metrics.ts'
import type { Log } from '../log.ts'
import { type MetricsServer, startMetricsServer } from './metricsServer.ts'
import { addProcessMetrics } from './processMetrics.ts'

export interface MetricsEndpoint {
  state(): MetricsState
  /** To be called at the start and whenever the settings changed; settles once that holds or its problem is known. */
  settingsChanged(): Promise<void>
  close(): Promise<void>
}

interface Options {
  registry: Registry
  settings(): MetricsSettings
  onState(state: MetricsState): void
  log: Log
}

/** The neighbours of the console's own ports. */
export const metricsPorts: readonly number[] = [4790, 4791, 4792, 4793, 4794, 4795, 4796, 4797, 4798, 4799, 0]
/** A port that is taken may become free; whoever set it wants that one. */
const againAfterMs = 10_000

/** The metrics of a host, offered for as long as the settings say so. */
export function createMetricsEndpoint({ registry, settings, onState, log }: Options): MetricsEndpoint {
  let server: MetricsServer | null = null
  let serving: MetricsSettings | null = null
  let problem: string | null = null
  let timer: NodeJS.Timeout | null = null
  let hasProcessMetrics = false
  let closed = false
  /** One change at a time. */
  let turn: Promise<void> = Promise.resolve()

  const state = (): MetricsState => ({ url: server?.url ?? null, problem })

  async function apply(): Promise<void> {
    if (timer) clearTimeout(timer)
    timer = null
    const wanted: MetricsSettings = closed ? { on: false, port: null } : settings()
    if (isDeepStrictEqual(wanted, serving) && problem === null) return
    const before = state()
    await server?.close()
    server = null
    serving = wanted
    problem = null
    if (wanted.on) await open(wanted.port)
    if (!closed && !isDeepStrictEqual(before, state())) onState(state())
  }

  async function open(port: number | null): Promise<void> {
    try {
      if (!hasProcessMetrics) addProcessMetrics(registry)
      hasProcessMetrics = true
      server = await startMetricsServer(registry, port === null ? metricsPorts : [port], log)
      log.info({ url: server.url }, 'metrics are offered')
    } catch (error) {
      const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      const why = taken ? 'another program has it' : (error as Error).message
      problem = `Port ${port ?? ''} cannot be had (${why}). Metrics are offered once it is free; or set another port.`
      log.warn({ err: error, port }, 'metrics cannot be offered; it is tried again')
      timer = setTimeout(() => void change(), againAfterMs).unref()
    }
  }

  const change = () => {
    turn = turn.then(apply).catch((error: unknown) => log.error({ err: error }, 'the metrics endpoint could not be changed'))
    return turn
  }

  return {
    state,
    settingsChanged: change,
    close() {
      closed = true
      return change()
    },
  }
}
