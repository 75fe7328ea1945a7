import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { takeKeyEnvironment } from '../../backend/keys/environmentKeys.ts'
import { createLog, logProcess } from '../../backend/log.ts'
import { openSecrets } from '../../backend/secrets/openSecrets.ts'
import { appPaths } from '../../paths.ts'
import type { Context } from '../context.ts'
import { type ExitCode, exitCodes, UsageError } from '../exitCodes.ts'
import { type WorkerFlags, workUntilTold } from '../workUntilTold.ts'

/**
 * A worker without intake and console, until it is told to end. It shares the data folder (store, deployments, secrets)
 * with the host that accepts the files; on another machine that folder has to be a shared one.
 */
export async function runWorker({ home, out }: Context, flags: WorkerFlags): Promise<ExitCode> {
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
  const ending = new AbortController()
  const end = () => ending.abort(new Error('the worker was told to end'))
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, end)

  const log = createLog(join(home.logs, 'worker.log'))
  const stopLoggingProcess = logProcess(log)
  let isFirst = true
  try {
    const how = await workUntilTold({
      ...flags,
      ...{ home, paths, log },
      secrets: await openSecrets({ home, log }),
      keys: takeKeyEnvironment(),
      ending: ending.signal,
      say: (line) => void process.stderr.write(`${line}\n`),
      onPolling({ identity, temporal: { address, namespace }, metricsUrl }) {
        if (!isFirst) return
        isFirst = false
        out.data({ ready: true, worker: identity, temporal: address, namespace, metrics: metricsUrl })
        if (metricsUrl) out.line(`Metrics: ${metricsUrl}`)
        out.line(`The worker ${identity} works for ${address}, namespace ${namespace}. Ctrl+C ends it.`)
      },
    })
    out.line('The worker has ended; steps that were under way are given back to Temporal.')
    return how === 'told' ? exitCodes.done : exitCodes.failed
  } catch (error) {
    if (ending.signal.aborted) return exitCodes.done
    throw error
  } finally {
    for (const signal of signals) process.off(signal, end)
    stopLoggingProcess()
  }
}
