/** A worker beside the host of a data folder, in a process of its own: from its keys to its last step. */
import { join } from 'node:path'
import { Registry } from 'prom-client'
import type { Faults } from '../../temporal/activities/faults.ts'
import { createDataConverter } from '../../temporal/codec/dataConverter.ts'
import { createEncryptionCodec } from '../../temporal/codec/encryptionCodec.ts'
import type { TemporalAddress } from '../../temporal/connection.ts'
import { observeAll } from '../../temporal/observer.ts'
import { installRuntime } from '../../temporal/runtime.ts'
import { createWorker, type RunningWorker } from '../../temporal/worker.ts'
import { encryptionMode } from '../backend/encryption/encryptionMode.ts'
import { sampleKeyIds } from '../backend/encryption/sampleKeyIds.ts'
import { createEndpoints } from '../backend/endpoints/createEndpoints.ts'
import { accountName, type Home, hostName } from '../backend/home.ts'
import { createKeyRing } from '../backend/keys/createKeyRing.ts'
import type { KeyEnvironment } from '../backend/keys/environmentKeys.ts'
import { untilKeysAreAway, untilKeysAreThere } from '../backend/keys/waitForKeys.ts'
import { type Log, logWith } from '../backend/log.ts'
import { type MetricsServer, startMetricsServer } from '../backend/metrics/metricsServer.ts'
import { addProcessMetrics } from '../backend/metrics/processMetrics.ts'
import { createWorkerMetrics } from '../backend/metrics/workerMetrics.ts'
import { createPool } from '../backend/postgres/createPool.ts'
import type { SecretStore } from '../backend/secrets/secretStore.ts'
import { createSettings } from '../backend/settings/createSettings.ts'
import { createFileStore } from '../backend/store/fileStore.ts'
import { createActivityDeps } from '../backend/worker/activityDeps.ts'
import { observeInLog } from '../backend/worker/observeInLog.ts'
import { type AppPaths, appVersion } from '../paths.ts'
import { UsageError } from './exitCodes.ts'
import { createHostBeside } from './hostBeside.ts'
import { createHostFaults } from './hostFaults.ts'
import { createHostObserver } from './hostObserver.ts'
import { findPlaces } from './workerPlaces.ts'

export interface WorkerFlags {
  /** `host:port` of Temporal; default: where the profile, or the host on the data folder, says. */
  address?: string
  namespace?: string
  /** Where this worker's metrics are offered on 127.0.0.1; 0 is any free one. Default: nowhere. */
  metricsPort?: number
}

export interface WorkOptions extends WorkerFlags {
  home: Home
  paths: AppPaths
  secrets: SecretStore
  /** What keys the environment names. */
  keys: KeyEnvironment
  log: Log
  /** Aborted when the worker is to end. */
  ending: AbortSignal
  /** Says what is waited for. */
  say(line: string): void
  /** A host is there, or about to be: it has started this process. */
  hostComes?: boolean
  /** It takes steps from now on; told again after each pause. */
  onPolling(at: { identity: string; temporal: TemporalAddress; metricsUrl: string | null }): void
  /** It takes no steps for now. */
  onResting?(): void
  /** A drill is about to kill this process. */
  onDrilled?(): void
}

/** As the host's own worker waits: shorter than the time after which a step without a heartbeat is given to another. */
const keysAwayMs = 5_000

/**
 * Works until it is told to end, with steps under way given back to Temporal; moves with Temporal, and pauses without keys.
 * @returns `told`, or `ended` where the worker cannot go on by itself
 * @throws what keeps it from beginning; rejects with anything once `ending` is aborted
 */
export async function workUntilTold(options: WorkOptions): Promise<'told' | 'ended'> {
  const { home, paths, secrets, log, ending, say } = options
  const { address, namespace, metricsPort } = options
  // The host's keys: this worker makes none, and what it charges counts for all.
  const keyRing = createKeyRing({ home, secrets, log, openRuns: () => [], makesKeys: false, environment: options.keys })
  const places = await findPlaces({ home, paths, secrets, log, say, hostComes: options.hostComes })
  const pool = createPool({ config: places.postgres, problem: places.postgresProblem, log })
  const store = createFileStore(home.store)
  const host = createHostBeside(home)
  const faults = tellingOfCrashes(createHostFaults({ host, log }), options.onDrilled)
  const observer = createHostObserver({ host, log })
  const registry = new Registry()
  let worker: RunningWorker | null = null
  const metrics = createWorkerMetrics({ registry, slots: () => worker?.slots() ?? null, log })
  let metricsServer: MetricsServer | null = null
  const steps = createActivityDeps({
    ...{ home, paths, store, pool, faults, log },
    codeVersion: appVersion(paths.root),
    // Never started here: it switches by the shared folder and asks the host's endpoint.
    endpoints: createEndpoints({ folder: join(home.root, 'deployments'), store, threadFile: paths.threads.serving, log }),
    pipelineFor: createSettings(home, paths.resources, log).pipelineFor,
  })
  try {
    if (metricsPort !== undefined) {
      addProcessMetrics(registry)
      metricsServer = await startMetricsServer(registry, [metricsPort], log).catch((error: Error) => {
        throw new UsageError(`Metrics cannot be offered on port ${metricsPort} (${error.message}). Name another one.`)
      })
    }
    const find = async () => {
      const found = address === undefined ? await places.temporal(ending) : { address, namespace: 'default' }
      return { ...found, namespace: namespace ?? found.namespace }
    }
    let temporal = await find()
    const workerLog = logWith(log, () => ({ encryption: encryptionMode(keyRing.state()) }))
    installRuntime(workerLog)
    const codec = createEncryptionCodec({
      keys: keyRing.patientSource,
      namespace: temporal.namespace,
      sampleKeyIds: sampleKeyIds(),
      handOnUnreadable: true,
    })
    const identity = `${accountName()}@${hostName()} (worker ${process.pid})`
    const startWorker = () =>
      createWorker({
        ...temporal,
        workflowBundle: paths.workflowBundle,
        deps: steps.deps,
        observer: observeAll(observer, metrics.observer, observeInLog(workerLog)),
        dataConverter: createDataConverter([codec], paths.failureConverter),
        identity,
        log: workerLog,
      })
    const told = new Promise<'told'>((resolve) => {
      if (ending.aborted) resolve('told')
      ending.addEventListener('abort', () => resolve('told'), { once: true })
    })
    for (;;) {
      // Without keys each step that it took would wait until its attempt has timed out, and attempts are counted.
      await keyRing.ready
      const why = keyRing.state()
      if (why.problem !== null) say(`${why.problem} ${why.remedy} This worker waits until then.`)
      await untilKeysAreThere(keyRing, ending)
      const started = await startWorker()
      worker = started
      options.onPolling({ identity, temporal, metricsUrl: metricsServer?.url ?? null })
      const watching = new AbortController()
      const how = await Promise.race([
        told,
        started.stopped.then(() => 'ended' as const),
        untilKeysAreAway(keyRing, keysAwayMs, watching.signal).then(() => 'held' as const),
        ...(address === undefined ? [places.temporalMoved(temporal, watching.signal).then(() => 'moved' as const)] : []),
      ]).finally(() => watching.abort())
      worker = null
      options.onResting?.()
      await started.stop()
      if (how === 'moved') {
        temporal = await find()
        say(`Temporal is at ${temporal.address} now; this worker follows.`)
      }
      if (how === 'told' || how === 'ended') return how
    }
  } finally {
    // The last steps are told of before the host is let go.
    await observer.close()
    await Promise.allSettled([metricsServer?.close(), steps.close(), pool.close(), places.close(), host.close()])
    keyRing.close()
  }
}

const tellingOfCrashes = (faults: Faults, onDrilled?: () => void): Faults => ({
  async before(attempt) {
    const fault = await faults.before(attempt)
    if (fault?.kind === 'crash') onDrilled?.()
    return fault
  },
})
