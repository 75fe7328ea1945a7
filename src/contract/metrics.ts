/** The Prometheus endpoint of a host. */
import { z } from 'zod'

export const metricsSettings = z.object({
  on: z.boolean(),
  /** null: the first one that is free from 4790 on. */
  port: z.number().int().min(1).max(65_535).nullable(),
})
export type MetricsSettings = z.infer<typeof metricsSettings>

export const metricsState = z.object({
  /** What a scraper asks, `http://127.0.0.1:PORT/metrics`; null while it is off or has no port. */
  url: z.string().nullable(),
  /** Why it is not offered although it is on; null otherwise. */
  problem: z.string().nullable(),
})
export type MetricsState = z.infer<typeof metricsState>
