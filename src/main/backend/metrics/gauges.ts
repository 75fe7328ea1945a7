import { Gauge, type Registry } from 'prom-client'
import type { Log } from '../log.ts'

/** One value, or one for each combination of labels; null where there is nothing to tell now. */
export type Readings = number | null | readonly (readonly [labels: Record<string, string>, value: number])[]

/** Adds a gauge that is read at each scrape. */
export type AddGauge = (
  name: string,
  help: string,
  labelNames: readonly string[],
  read: () => Readings | Promise<Readings>,
) => void

/**
 * Gauges of this registry. What cannot be read now is left out of the answer: a part that fails must not take the other
 * parts' figures with it, and a stale value would be a wrong one.
 */
export const gaugesOf =
  (registry: Registry, log: Pick<Log, 'debug'>): AddGauge =>
  (name, help, labelNames, read) => {
    new Gauge({
      ...{ name, help, labelNames: [...labelNames], registers: [registry] },
      async collect() {
        this.reset()
        // prom-client sets a gauge without labels to 0.
        if (labelNames.length === 0) this.remove()
        try {
          const readings = await read()
          if (typeof readings === 'number') this.set(readings)
          else for (const [labels, value] of readings ?? []) this.set(labels, value)
        } catch (error) {
          log.debug({ err: error, metric: name }, 'a metric could not be read')
        }
      },
    })
  }
