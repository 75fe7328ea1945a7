/** Who works on a task queue, and what waits there. */
import type { Client } from '@temporalio/client'
import { optionalTsToDate } from '@temporalio/common/lib/time.js'
import proto, { type temporal } from '@temporalio/proto'
import { isAnswer, withinLimit } from './grpc.ts'

export interface ListedWorker {
  identity: string
  host: string | null
  processId: number | null
  taskQueue: string
  sdk: string | null
  build: string | null
  startedAt: string | null
  lastSeenAt: string
  slots: { used: number; total: number } | null
}

export interface QueueWorkers {
  workers: ListedWorker[]
  /** Steps that no worker has taken yet, runs that wait to be told what comes next, and the age of the oldest in seconds. */
  waiting: { steps: number; runs: number; oldestSeconds: number } | null
}

const { TASK_QUEUE_TYPE_ACTIVITY, TASK_QUEUE_TYPE_WORKFLOW } = proto.temporal.api.enums.v1.TaskQueueType
const { WORKER_STATUS_RUNNING } = proto.temporal.api.enums.v1.WorkerStatus
const pageSize = 1000
/** Workers tell of themselves every ten seconds (`installRuntime`), those of another SDK once a minute; a killed one is listed on for a while. */
const lostAfterMs = 90_000

/**
 * Workers that take work from one queue; one that is ending takes none, and that is often its last word. Servers before 1.29 list no workers: of them only who polled in the
 * last minutes is known.
 * @throws when Temporal cannot be reached
 */
export async function workersOf(client: Client, taskQueue: string): Promise<QueueWorkers> {
  const { namespace } = client.options
  const describe = (taskQueueType: temporal.api.enums.v1.TaskQueueType) =>
    withinLimit(client, () =>
      client.workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue }, taskQueueType, reportStats: true }),
    )
  const [steps, runs] = await Promise.all([describe(TASK_QUEUE_TYPE_ACTIVITY), describe(TASK_QUEUE_TYPE_WORKFLOW)])
  const waiting =
    steps.stats && runs.stats
      ? {
          steps: Number(steps.stats.approximateBacklogCount ?? 0),
          runs: Number(runs.stats.approximateBacklogCount ?? 0),
          oldestSeconds: Math.max(ageOf(steps.stats), ageOf(runs.stats)),
        }
      : null
  const heard = await heartbeats(client, taskQueue)
  const workers = heard ? heard.map(listed) : steps.pollers.map((poller) => polled(poller, taskQueue))
  return { workers, waiting }
}

const ageOf = (stats: temporal.api.taskqueue.v1.ITaskQueueStats) => Number(stats.approximateBacklogAge?.seconds ?? 0)

/** null where the server does not know the question. */
async function heartbeats(client: Client, taskQueue: string): Promise<temporal.api.worker.v1.IWorkerHeartbeat[] | null> {
  const { namespace } = client.options
  const found: temporal.api.worker.v1.IWorkerHeartbeat[] = []
  let nextPageToken: Uint8Array | undefined
  try {
    do {
      const page = await withinLimit(client, () => client.workflowService.listWorkers({ namespace, pageSize, nextPageToken }))
      for (const { workerHeartbeat } of page.workersInfo) {
        const lastSeen = optionalTsToDate(workerHeartbeat?.heartbeatTime)?.getTime() ?? 0
        if (workerHeartbeat?.taskQueue !== taskQueue || workerHeartbeat.status !== WORKER_STATUS_RUNNING) continue
        if (Date.now() - lastSeen < lostAfterMs) found.push(workerHeartbeat)
      }
      nextPageToken = page.nextPageToken
    } while (nextPageToken && nextPageToken.length > 0)
    return found
  } catch (error) {
    if (isAnswer(error, 'unimplemented', 'permissionDenied', 'notFound')) return null
    throw error
  }
}

function listed(worker: temporal.api.worker.v1.IWorkerHeartbeat): ListedWorker {
  const { hostInfo, activityTaskSlotsInfo: slots } = worker
  const used = slots?.currentUsedSlots ?? 0
  return {
    identity: worker.workerIdentity ?? '',
    host: hostInfo?.hostName || null,
    processId: Number(hostInfo?.processId) || null,
    taskQueue: worker.taskQueue ?? '',
    sdk: worker.sdkName ? `${worker.sdkName.replace('temporal-', '')} ${worker.sdkVersion ?? ''}`.trim() : null,
    build: worker.deploymentVersion?.buildId || null,
    startedAt: optionalTsToDate(worker.startTime)?.toISOString() ?? null,
    lastSeenAt: (optionalTsToDate(worker.heartbeatTime) ?? new Date(0)).toISOString(),
    slots: slots ? { used, total: used + (slots.currentAvailableSlots ?? 0) } : null,
  }
}

const polled = (poller: temporal.api.taskqueue.v1.IPollerInfo, taskQueue: string): ListedWorker => ({
  identity: poller.identity ?? '',
  host: null,
  processId: null,
  taskQueue,
  sdk: null,
  build: poller.workerVersionCapabilities?.buildId || null,
  startedAt: null,
  lastSeenAt: (optionalTsToDate(poller.lastAccessTime) ?? new Date(0)).toISOString(),
  slots: null,
})
