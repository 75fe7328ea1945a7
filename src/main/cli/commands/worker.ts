import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { createDataConverter } from '../../../temporal/codec/dataConverter.ts'
import { createEncryptionCodec } from '../../../temporal/codec/encryptionCodec.ts'
import { observeAll } from '../../../temporal/observer.ts'
import { installRuntime } from '../../../temporal/runtime.ts'
import { createWorker, type RunningWorker } from '../../../temporal/worker.ts'
import { encryptionMode } from '../../backend/encryption/encryptionMode.ts'
import { sampleKeyIds } from '../../backend/encryption/sampleKeyIds.ts'
import { createEndpoints } from '../../backend/endpoints/createEndpoints.ts'
import { accountName, hostName } from '../../backend/home.ts'
import { createKeyRing } from '../../backend/keys/createKeyRing.ts'
import { takeKeyEnvironment } from '../../backend/keys/environmentKeys.ts'
import { untilKeysAreAway, untilKeysAreThere } from '../../backend/keys/waitForKeys.ts'
import { createLog, logProcess, logWith } from '../../backend/log.ts'
import { type MetricsServer, startMetricsServer } from '../../backend/metrics/metricsServer.ts'
import { addProcessMetrics } from '../../backend/metrics/processMetrics.ts'
import { createWorkerMetrics } from '../../backend/metrics/workerMetrics.ts'
import { createPool } from '../../backend/postgres/createPool.ts'
import { openSecrets } from '../../backend/secrets/openSecrets.ts'
import { createSettings } from '../../backend/settings/createSettings.ts'
import { createFileStore } from '../../backend/store/fileStore.ts'
import { createActivityDeps } from '../../backend/worker/activityDeps.ts'
import { observeInLog } from '../../backend/worker/observeInLog.ts'
import { appPaths, appVersion } from '../../paths.ts'
import type { Context } from '../context.ts'
import { type ExitCode, exitCodes, UsageError } from '../exitCodes.ts'
import { createHostBeside } from '../hostBeside.ts'
import { createHostFaults } from '../hostFaults.ts'
import { createHostObserver } from '../hostObserver.ts'
import { findPlaces } from '../workerPlaces.ts'

export interface WorkerFlags {
  /** `host:port` of Temporal; default: where the profile, or the host on the data folder, says. */
  address?: string
  namespace?: string
  /** Where this worker's metrics are offered on 127.0.0.1; 0 is any free one. Default: nowhere. */
  metricsPort?: number
}

/**
 * A worker without intake and console, until it is told to end. It shares the data folder (store, deployments, secrets)
 * with the host that accepts the files; on another machine that folder has to be a shared one.
 */
export async function runWorker({ home, out }: Context, { address, namespace, metricsPort }: WorkerFlags): Promise<ExitCode> {
  const paths = appPaths()
  if (!existsSync(home.store)) {
    // A run whose dataset is not there fails for good, so a worker that cannot have any must not take one.
    throw new UsageError(
      `There is no dataset store in ${home.root}. A worker reads the datasets and models of the host that accepts files: name its data folder with --home (on another machine: shared), or start the host once.`,
    )
  }
  if (!existsSync(paths.workflowBundle)) {
    throw new UsageError(`The workflow is not built: there is no ${paths.workflowBundle}. Run "npm run build" first.`)
  }
  const say = (line: string) => void process.stderr.write(`${line}\n`)
  const ending = new AbortController()
  const end = () => ending.abort(new Error('the worker was told to end'))
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, end)

  const log = createLog(join(home.logs, 'worker.log'))
  const stopLoggingProcess = logProcess(log)
  const secrets = await openSecrets({ home, log })
  // The host's keys: this worker makes none, and what it charges counts for all.
  const keyRing = createKeyRing({ home, secrets, log, openRuns: () => [], makesKeys: false, environment: takeKeyEnvironment() })
  const places = await findPlaces({ home, paths, secrets, log, say })
  const pool = createPool({ config: places.postgres, problem: places.postgresProblem, log })
  const store = createFileStore(home.store)
  const host = createHostBeside(home)
  const faults = createHostFaults({ host, log })
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
      const found = address === undefined ? await places.temporal(ending.signal) : { address, namespace: 'default' }
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
      if (ending.signal.aborted) resolve('told')
      ending.signal.addEventListener('abort', () => resolve('told'), { once: true })
    })
    for (let first = true; ; first = false) {
      // Without keys each step that it took would wait until its attempt has timed out, and attempts are counted.
      await keyRing.ready
      const why = keyRing.state()
      if (why.problem !== null) say(`${why.problem} ${why.remedy} This worker waits until then.`)
      await untilKeysAreThere(keyRing, ending.signal)
      const started = await startWorker()
      worker = started
      if (first) {
        const { address: at, namespace: of } = temporal
        out.data({ ready: true, worker: identity, temporal: at, namespace: of, metrics: metricsServer?.url ?? null })
        if (metricsServer) out.line(`Metrics: ${metricsServer.url}`)
        out.line(`The worker ${identity} works for ${temporal.address}, namespace ${temporal.namespace}. Ctrl+C ends it.`)
      }
      const watching = new AbortController()
      const how = await Promise.race([
        told,
        started.stopped.then(() => 'ended' as const),
        untilKeysAreAway(keyRing, keysAwayMs, watching.signal).then(() => 'held' as const),
        ...(address === undefined ? [places.temporalMoved(temporal, watching.signal).then(() => 'moved' as const)] : []),
      ]).finally(() => watching.abort())
      worker = null
      await started.stop()
      if (how === 'moved') {
        temporal = await find()
        say(`Temporal is at ${temporal.address} now; this worker follows.`)
      }
      if (how === 'held' || how === 'moved') continue
      out.line('The worker has ended; steps that were under way are given back to Temporal.')
      return how === 'told' ? exitCodes.done : exitCodes.failed
    }
  } catch (error) {
    if (ending.signal.aborted) return exitCodes.done
    throw error
  } finally {
    for (const signal of signals) process.off(signal, end)
    // The last steps are told of before the host is let go.
    await observer.close()
    await Promise.allSettled([metricsServer?.close(), steps.close(), pool.close(), places.close(), host.close()])
    keyRing.close()
    stopLoggingProcess()
  }
}

/** As the host's own worker waits: shorter than the time after which a step without a heartbeat is given to another. */
const keysAwayMs = 5_000
