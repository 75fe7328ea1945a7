import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client } from '@temporalio/client'
import type { DataConverter } from '@temporalio/common'
import type { Stage } from '../../contract/model.ts'
import { buildWorkflowBundle } from '../bundle.ts'
import { createClient } from '../client.ts'
import { createDataConverter } from '../codec/dataConverter.ts'
import type { RunObserver } from '../observer.ts'
import { startRun } from '../operations.ts'
import { defaultRetries } from '../retries.ts'
import { installRuntime } from '../runtime.ts'
import type { RunInput, RunSettings } from '../types.ts'
import { createWorker, type RunningWorker } from '../worker.ts'
import { type DevServer, startDevServer } from './devServer.ts'
import { createFakeDeps, type FakeDeps } from './fakeDeps.ts'
import { createRecorder, type Recorder } from './recorder.ts'

/** A whole little Temporal: server, client, worker, and parts that a story can interfere with. */
export interface TestBench extends FakeDeps, Recorder {
  server: DevServer
  workflowBundle: string
  client: Client
  worker: RunningWorker
  /** Starts another worker beside (or after) the first one. */
  startWorker(): Promise<RunningWorker>
  /** Starts a run of a file of that name (with a number before it) and answers its workflow id. */
  start(name: string, settings?: Partial<RunSettings>): Promise<string>
  /** Resolves when the worker tells that the run has reached the stage. */
  reaches(workflowId: string, stage: Stage): Promise<void>
  close(): Promise<void>
}

/** Retries without waits worth mentioning, for stories about what is retried and how often. */
export const quickRetries: RunSettings['retries'] = Object.fromEntries(
  Object.entries(defaultRetries).map(([step, policy]) => [
    step,
    { ...policy, initialIntervalSeconds: 0.01, maximumIntervalSeconds: 0.05 },
  ]),
) as unknown as RunSettings['retries']

const quick: RunSettings = {
  retries: quickRetries,
  demo_trainer: { min_seconds: 0, max_seconds: 0 },
  approval_timeout_seconds: 600,
}

let runtimeInstalled = false

/** A process has one runtime, however many benches it makes. What the SDK has to say is left out: failures are part of the stories. */
function quietRuntime() {
  if (runtimeInstalled) return
  runtimeInstalled = true
  const nothing = () => {}
  installRuntime({ debug: nothing, info: nothing, warn: nothing, error: nothing })
}

/**
 * @param dataConverter default: values in clear
 * @param workerConverter default: the same
 * @param listener hears all that the bench's own recorder hears
 */
export async function createTestBench({
  dataConverter = createDataConverter(),
  workerConverter = dataConverter,
  listener,
}: {
  dataConverter?: DataConverter
  workerConverter?: DataConverter
  listener?: RunObserver
} = {}): Promise<TestBench> {
  quietRuntime()
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-temporal-'))
  const workflowBundle = join(folder, 'bundle.js')
  const [server] = await Promise.all([startDevServer(), buildWorkflowBundle(workflowBundle)])
  const { client, close: closeClient } = await createClient({ ...server, identity: 'tests', dataConverter })
  const fake = createFakeDeps()
  const recorder = createRecorder()
  const workers: RunningWorker[] = []
  let started = 0
  const startWorker = async () => {
    const worker = await createWorker({
      ...server,
      workflowBundle,
      deps: fake.deps,
      observer: listener ? both(recorder.observer, listener) : recorder.observer,
      dataConverter: workerConverter,
      identity: `worker-${workers.length + 1}`,
      shutdownGraceMs: 50,
    })
    workers.push(worker)
    return worker
  }
  return {
    ...fake,
    ...recorder,
    server,
    workflowBundle,
    client,
    worker: await startWorker(),
    startWorker,
    async start(name, settings = {}) {
      const workflowId = `mlops-${++started}-${name}`
      await startRun(client, workflowId, inputFor(workflowId, settings))
      return workflowId
    },
    async reaches(workflowId, stage) {
      await recorder.until(
        (told) => told.kind === 'stageChanged' && told.event.workflowId === workflowId && told.event.stage === stage,
      )
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.stop()))
      await closeClient()
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const both = (one: RunObserver, other: RunObserver): RunObserver => ({
  stageChanged: (event) => [one, other].forEach((observer) => void observer.stageChanged(event)),
  attemptStarted: (event) => [one, other].forEach((observer) => void observer.attemptStarted(event)),
  attemptEnded: (event) => [one, other].forEach((observer) => void observer.attemptEnded(event)),
  progress: (event) => [one, other].forEach((observer) => void observer.progress(event)),
})

/** The file is named after the run, so that the fakes know whose it is. */
export const inputFor = (workflowId: string, settings: Partial<RunSettings> = {}): RunInput => ({
  file_path: `/inbox/${workflowId}.csv`,
  trigger_type: 'test',
  settings: { ...quick, ...settings },
})
