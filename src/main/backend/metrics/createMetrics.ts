import { Registry } from 'prom-client'
import type { MetricsSettings, MetricsState } from '../../../contract/metrics.ts'
import type { WorkerSlots } from '../../../temporal/worker.ts'
import type { Log } from '../log.ts'
import { createHostMetrics, type HostMetrics, type HostMetricsOptions } from './hostMetrics.ts'
import { createMetricsEndpoint, type MetricsEndpoint } from './metricsEndpoint.ts'
import { createWorkerMetrics, type WorkerMetrics } from './workerMetrics.ts'

/** What a host counts for scrapers: from its start, told for as long as the settings say so. */
export interface Metrics extends HostMetrics, WorkerMetrics {
  endpoint: MetricsEndpoint
  /** As a scraper would read them, also where none may. */
  text(): Promise<string>
}

interface Options extends Omit<HostMetricsOptions, 'registry' | 'log'> {
  /** null while the worker takes no work. */
  slots(): WorkerSlots | null
  settings(): MetricsSettings
  onState(state: MetricsState): void
  log: Log
}

export function createMetrics({ slots, settings, onState, ...host }: Options): Metrics {
  const registry = new Registry()
  const { log } = host
  return {
    ...createHostMetrics({ ...host, registry }),
    ...createWorkerMetrics({ registry, slots, log }),
    text: () => registry.metrics(),
    endpoint: createMetricsEndpoint({ registry, settings, onState, log }),
  }
}
