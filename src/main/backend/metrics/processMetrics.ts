import { collectDefaultMetrics, type Registry } from 'prom-client'

/** Gauges under names that are a counter's (https://prometheus.io/docs/practices/naming/); the same figures stand without `_total`. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

/**
 * CPU, memory, open files, event loop and garbage collection of this process, under the names of Prometheus' client
 * libraries. From then on the event loop is sampled every 10 ms, which nothing ends: call it once somebody wants to know.
 */
export function addProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry })
  for (const name of misnamed) registry.removeSingleMetric(name)
}
