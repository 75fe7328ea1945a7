import { DefaultLogger, type LogEntry, Runtime } from '@temporalio/worker'

/** The part of a pino logger that is used here. */
export interface SdkLog {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

// The runtime is one per process by the SDK's design; this flag only remembers that.
let installed = false

/**
 * Sets up the SDK's runtime, of which a process has one: call it before the first worker or native connection. A second
 * call changes nothing.
 *
 * The host ends its workers itself, so the runtime takes no signals (its handlers would swallow Electron's quit).
 */
export function installRuntime(log: SdkLog): void {
  if (installed) return
  installed = true
  Runtime.install({
    shutdownSignals: [],
    // So soon the console's list of workers is true; the SDK's own minute is long to look at.
    workerHeartbeatInterval: '10 seconds',
    logger: new DefaultLogger('DEBUG', (entry) => forward(log, entry)),
    telemetryOptions: { logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } } },
  })
}

function forward(log: SdkLog, { level, message, meta }: LogEntry) {
  const fields = sdkFields(meta ?? {})
  switch (level) {
    case 'TRACE':
    case 'DEBUG':
      return log.debug(fields, message)
    case 'INFO':
      return log.info(fields, message)
    case 'WARN':
      return log.warn(fields, message)
    case 'ERROR':
      return log.error(fields, message)
  }
}

/**
 * Fields of a line of the SDK under the names that the host's own lines have. A run's failures may quote its data, and
 * decoded payloads never reach a file: of an error of a workflow or an activity only the name and type stay. The console
 * shows the rest.
 */
export function sdkFields(meta: Record<string | symbol, unknown>): object {
  // Without what the SDK keeps under symbols for itself.
  const { error, taskToken: _, workflowRunId, activityId, ...rest } = Object.fromEntries(Object.entries(meta))
  const fields = {
    ...rest,
    ...(workflowRunId === undefined ? {} : { runId: workflowRunId }),
    ...(activityId === undefined ? {} : { step: activityId }),
  }
  if (error === undefined) return fields
  if (rest.workflowId === undefined && workflowRunId === undefined) return { ...fields, err: error }
  const { name, type } = (typeof error === 'object' && error ? error : {}) as { name?: unknown; type?: unknown }
  return { ...fields, error: { name, type } }
}
