/** Entry of a worker thread: one environment's endpoint. `serveInThread` starts it and starts it again. */
import type { Server } from 'node:http'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { assertNever } from '../../../contract/model.ts'
import type { Environment } from '../../../temporal/types.ts'
import { createDeployments } from '../endpoints/deployments.ts'
import { createFileStore } from '../store/fileStore.ts'
import { servingLimits } from './limits.ts'
import { listenOnFirstFree } from './listenOnFirstFree.ts'
import { modelReader } from './modelReader.ts'
import { createPredictServer } from './predictServer.ts'
import type { ExampleRow } from './servedModel.ts'
import { createServedModels, type Health, type ServedModels } from './servedModels.ts'
import { createServingMetrics } from './servingMetrics.ts'

export interface ServingData {
  environment: Environment
  /** Where the deployment records are. */
  folder: string
  storeFolder: string
  /** To be tried in this order. */
  ports: readonly number[]
}

export type ServingRequest = { kind: 'look'; id: number } | { kind: 'close' }

/** What the endpoint serves, as the host shows it. */
export interface Serving {
  health: Health
  /** A row that the model takes; null where none is asked of it. */
  exampleRow: ExampleRow | null
}

export type ServingReport =
  | { kind: 'open'; port: number; serving: Serving }
  /** No port could be had; the thread ends. */
  | { kind: 'failed'; reason: string }
  /** After every look; `id` is that of the request for it, null when it was another's. */
  | { kind: 'serving'; id: number | null; serving: Serving }
  | { kind: 'fault'; error: unknown }

/** The record and the model's file may change while nobody asks; the host shows it within this time. */
const lookEveryMs = 2_000
/** Requests in flight get so long to end before a closing endpoint leaves them. */
const closeWithinMs = 3_000

async function run({ environment, folder, storeFolder, ports }: ServingData): Promise<void> {
  const inner = createServedModels({
    environment,
    deployments: createDeployments(folder, environment),
    store: createFileStore(storeFolder),
    reader: modelReader,
  })
  const serving = (): Serving => ({
    health: inner.health(),
    exampleRow: inner.current()?.answering?.exampleRow ?? null,
  })
  let told = ''
  const models: ServedModels = {
    ...inner,
    // Whoever asks for a look, the host hears of what it found.
    async look() {
      const health = await inner.look()
      const text = JSON.stringify(health)
      if (text !== told) tell({ kind: 'serving', id: null, serving: serving() })
      told = text
      return health
    },
  }
  const server = createPredictServer({
    environment,
    models,
    metrics: createServingMetrics(environment, models),
    limits: servingLimits,
    onFault: (error) => tell({ kind: 'fault', error }),
  })

  // The model first: nobody who finds the port open is told that there is none.
  await models.look()
  const opened = await listenOnFirstFree(server, ports)
  if (opened === null) {
    tell({ kind: 'failed', reason: `none of the ports ${ports.join(', ')} of 127.0.0.1 is free` })
    host.close()
    return
  }
  server.on('error', (error) => tell({ kind: 'fault', error }))
  tell({ kind: 'open', port: opened, serving: serving() })
  const ticker = setInterval(() => void models.look(), lookEveryMs)
  host.on('message', (request: ServingRequest) => {
    switch (request.kind) {
      case 'look':
        void models.look().then(() => tell({ kind: 'serving', id: request.id, serving: serving() }))
        break
      case 'close':
        clearInterval(ticker)
        void close(server).then(() => host.close())
        break
      default:
        assertNever(request)
    }
  })
}

async function close(open: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    open.close(() => resolve())
    open.closeIdleConnections()
    setTimeout(() => open.closeAllConnections(), closeWithinMs).unref()
  })
}

const host = threadPort()
const tell = (report: ServingReport) => host.postMessage(report)
void run(workerData as ServingData)

function threadPort(): MessagePort {
  if (parentPort !== null) return parentPort
  throw new Error('servingThread is the entry of a worker thread and cannot be started by itself')
}
