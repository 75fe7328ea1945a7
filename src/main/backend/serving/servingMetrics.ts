/**
 * What an endpoint counts, in Prometheus' text format. Names and units by its rules
 * (https://prometheus.io/docs/practices/naming/): base units, `_total` for counters, `_info` for labels with the value 1.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Environment } from '../../../temporal/types.ts'
import type { ServedModels } from './servedModels.ts'

/** The paths that are counted apart. Names from outside never become labels: anyone could make up any number of them. */
export type Route = '/predict' | '/models/{id}/predict' | '/models/{id}' | '/health' | '/metrics' | 'other'

/** Seconds. The first ones lie around what a row takes, so that a change of that shows. */
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

export interface ServingMetrics {
  readonly contentType: string
  answered(route: Route, status: number, seconds: number): void
  predicted(modelId: string, rows: number): void
  /** The text of `GET /metrics`. */
  text(): Promise<string>
}

export function createServingMetrics(environment: Environment, models: Pick<ServedModels, 'current' | 'health'>): ServingMetrics {
  const registry = new Registry()
  registry.setDefaultLabels({ environment })
  const registers = [registry]
  const requests = new Counter({
    name: 'gatehouse_http_requests_total',
    help: 'Requests answered, by route and HTTP status.',
    labelNames: ['route', 'code'],
    registers,
  })
  const duration = new Histogram({
    name: 'gatehouse_http_request_duration_seconds',
    help: 'Time from the headers of a request to the end of its answer, by route.',
    labelNames: ['route'],
    buckets,
    registers,
  })
  const rows = new Counter({
    name: 'gatehouse_predicted_rows_total',
    help: 'Rows predicted, by model.',
    labelNames: ['model_id'],
    registers,
  })
  new Gauge({
    name: 'gatehouse_model_info',
    help: 'The model that answers now; the value is always 1.',
    labelNames: ['model_id', 'sha256', 'task'],
    registers,
    collect() {
      this.reset()
      const model = models.current()
      if (model === null) return
      const { model_id, sha256 } = model.deployed
      this.set({ model_id, sha256, task: model.answering?.schema.task ?? 'none' }, 1)
    },
  })
  new Gauge({
    name: 'gatehouse_model_deployed_timestamp_seconds',
    help: 'When the model that answers now was deployed, in seconds since 1970.',
    registers,
    collect() {
      this.reset()
      const model = models.current()
      if (model !== null) this.set(Date.parse(model.deployed.deployed_at) / 1000)
    },
  })
  new Gauge({
    name: 'gatehouse_model_healthy',
    help: '1 while the endpoint serves the model that the deployment record names, 0 otherwise.',
    registers,
    collect() {
      this.set(models.health().status === 'ok' ? 1 : 0)
    },
  })
  return {
    contentType: registry.contentType,
    answered(route, status, seconds) {
      requests.inc({ route, code: status })
      duration.observe({ route }, seconds)
    },
    predicted(modelId, count) {
      rows.inc({ model_id: modelId }, count)
    },
    text: () => registry.metrics(),
  }
}
