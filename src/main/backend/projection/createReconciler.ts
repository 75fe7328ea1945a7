import { setTimeout as wait } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import { PayloadConverterError, ValueError } from '@temporalio/common'
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow/index.js'
import { type Stage, type StepName, stepNames } from '../../../contract/model.ts'
import { isUnreadable } from '../../../temporal/codec/encryptionCodec.ts'
import { KeysUnavailable } from '../../../temporal/codec/keySource.ts'
import { type DescribedRun, describeRun, listOpen, listRuns } from '../../../temporal/executions.ts'
import { isAnswer } from '../../../temporal/grpc.ts'
import { statusQueryName } from '../../../temporal/names.ts'
import type { RunInput, RunResult, RunStatus } from '../../../temporal/types.ts'
import { fileNameOf } from '../intake/names.ts'
import type { Log } from '../log.ts'
import { decodeFailureView, failureView } from '../runs/failureView.ts'
import { isoOf } from '../runs/protoTime.ts'
import { failedBefore, pausedOf } from '../runs/timeline.ts'
import { countedOnBy } from './countAttempts.ts'
import type { Projection } from './createProjection.ts'
import { endedByClient, endedByTemporal } from './endedByTemporal.ts'
import { patchFromStatus, type RunRecord, stageOfClosed } from './runRecord.ts'

export interface Reconciler {
  /** Asks Temporal about one run, soon; several wishes for the same run become one question. */
  refresh(workflowId: string): void
  /** Compares everything now; called when Temporal comes (back) up. */
  sweep(): void
  /** Waits a moment for the questions that are under way: asked again by the SDK on a closed connection they would end the host. */
  close(): Promise<void>
}

interface Options {
  projection: Projection
  client(): Client | null
  log: Log
}

const sweepEveryMs = 3_000
// A long list is swept less often: what this host's own worker does is known without it.
const sweepEveryMsWhenLong = 15_000
const longList = 300
const refreshAfterMs = 150
// One description of a run takes the server about a millisecond.
const stepsPerSweep = 20
const parallelRefreshes = 4
// Visibility lags behind, and two machines' clocks differ: ends are looked for this much further back than the last sweep.
const closedOverlapMs = 10 * 60_000
// A query needs a live worker; without one the rest of the answer must not wait.
const queryWithinMs = 3_000
// A little longer than a query may take.
const closeWithinMs = 3_500

/** Keeps the projection true: what other workers and clients did, and what happened while this host was away. */
export function createReconciler({ projection, client, log }: Options): Reconciler {
  const wanted = new Set<string>()
  let refreshTimer: NodeJS.Timeout | null = null
  let refreshing = 0
  let sweepTimer: NodeJS.Timeout | null = null
  let sweeping = false
  let lookedAt = 0
  const underWayNow = new Set<Promise<void>>()
  let closed = false
  /** Runs whose stage differed in the last sweep: a second difference is no race with an event under way. */
  let suspects = new Set<string>()
  let lookedForGone = false
  /** Ends before this moment (ms of the epoch) were looked through already. */
  let closedSeenUntil = latestEnd(projection)

  function refresh(workflowId: string): void {
    wanted.add(workflowId)
    refreshTimer ??= setTimeout(drain, refreshAfterMs)
  }

  function keepUntilDone(asked: Promise<void>): void {
    underWayNow.add(asked)
    void asked.finally(() => underWayNow.delete(asked))
  }

  function drain(): void {
    refreshTimer = null
    while (!closed && refreshing < parallelRefreshes && wanted.size > 0) {
      const id = wanted.values().next().value as string
      wanted.delete(id)
      const temporal = client()
      if (!temporal) continue
      refreshing++
      const asked = refreshRun(temporal, projection, id)
        .catch((error) => log.debug({ workflowId: id, err: error }, 'refresh failed'))
        .finally(() => {
          refreshing--
          if (wanted.size > 0 && !closed) refreshTimer ??= setTimeout(drain, 0)
        })
      keepUntilDone(asked)
    }
  }

  async function sweepOnce(temporal: Client): Promise<void> {
    const open = new Map<string, { runId: string; stage: Stage | null }>()
    for await (const { workflowId, runId, stage, startedAt } of listOpen(temporal)) {
      open.set(workflowId, { runId, stage })
      if (!projection.get(workflowId)) await adopt(temporal, projection, workflowId, runId, startedAt)
    }
    const nowSuspect = new Set<string>()
    for (const [workflowId, { runId, stage }] of open) {
      const record = projection.get(workflowId)
      if (!record) continue
      const differs = record.runId !== runId || (stage !== null && stage !== record.stage)
      if (differs && suspects.has(workflowId)) refresh(workflowId)
      else if (differs) nowSuspect.add(workflowId)
    }
    for (const record of projection.open()) {
      if (record.runId === null || open.has(record.workflowId)) continue
      if (!suspects.has(record.workflowId)) nowSuspect.add(record.workflowId)
      else if (await isUnknown(temporal, record.workflowId)) projection.update(record.workflowId, goneNow(record))
      else refresh(record.workflowId)
    }
    suspects = nowSuspect
    // Another Temporal is in use after a start only, so that is when those of the last one may be back.
    if (!lookedForGone) for (const workflowId of projection.gone()) refresh(workflowId)
    lookedForGone = true
    for (const workflowId of projection.unreadable()) refresh(workflowId)
    await adoptClosed(temporal)
    await lookAtSteps(temporal, open)
  }

  /** Attempts of workers that no host is beside are told by Temporal alone, and only until the next one: some at a time. */
  async function lookAtSteps(temporal: Client, open: ReadonlyMap<string, unknown>): Promise<void> {
    const inSteps = projection
      .open()
      .filter(({ workflowId, stage }) => open.has(workflowId) && stage !== 'Queued' && stage !== 'AwaitingApproval')
    const from = inSteps.length === 0 ? 0 : lookedAt % inSteps.length
    lookedAt = from + stepsPerSweep
    for (const { workflowId } of [...inSteps, ...inSteps].slice(from, from + Math.min(stepsPerSweep, inSteps.length))) {
      const countsOn = countingOn(projection, workflowId)
      const description = await describeRun(temporal, workflowId)
      if (!closed && description.status === 'RUNNING')
        projection.update(workflowId, await underWay(temporal, description, projection, countsOn))
    }
  }

  /** Runs of other clients that began and ended between two sweeps, or while this host was away. */
  async function adoptClosed(temporal: Client): Promise<void> {
    const began = Date.now()
    const since = new Date(Math.max(0, closedSeenUntil - closedOverlapMs)).toISOString()
    for await (const run of listRuns(temporal, `ExecutionStatus!='Running' AND CloseTime>='${since}'`)) {
      if (run.status === 'CONTINUED_AS_NEW' || projection.get(run.workflowId)) continue
      await adopt(temporal, projection, run.workflowId, run.runId, run.startedAt)
      refresh(run.workflowId)
    }
    closedSeenUntil = began
  }

  function sweep(): void {
    if (sweepTimer) clearTimeout(sweepTimer)
    const temporal = client()
    if (closed) return
    if (!temporal || sweeping) {
      sweepTimer = setTimeout(sweep, sweepEveryMs)
      return
    }
    sweeping = true
    const asked = sweepOnce(temporal)
      .catch((error) => log.debug({ err: error }, 'sweep failed'))
      .finally(() => {
        sweeping = false
        if (!closed) sweepTimer = setTimeout(sweep, projection.open().length > longList ? sweepEveryMsWhenLong : sweepEveryMs)
      })
    keepUntilDone(asked)
  }
  sweepTimer = setTimeout(sweep, sweepEveryMs)

  return {
    refresh,
    sweep,
    async close() {
      closed = true
      if (refreshTimer) clearTimeout(refreshTimer)
      if (sweepTimer) clearTimeout(sweepTimer)
      await Promise.race([Promise.allSettled(underWayNow), wait(closeWithinMs, undefined, { ref: false })])
    },
  }
}

/** When the last run that is known here ended (ms of the epoch); 0 when none did: then all that Temporal keeps is looked through. */
const latestEnd = (projection: Projection): number =>
  projection
    .list({ limit: 5000, offset: 0 })
    .runs.reduce((latest, run) => Math.max(latest, run.endedAt ? Date.parse(run.endedAt) : 0), 0)

/** Temporal's answer about one run, written into the projection. */
export async function refreshRun(temporal: Client, projection: Projection, workflowId: string): Promise<void> {
  const handle = temporal.workflow.getHandle(workflowId)
  const countsOn = countingOn(projection, workflowId)
  const description = await describeRun(temporal, workflowId)
  const { status, stage } = description
  const record = projection.get(workflowId)
  const known: Partial<RunRecord> = {
    runId: description.runId,
    // Reset to a step it is another execution, and still the same run.
    startedAt: earlier(record?.startedAt ?? null, description.startedAt.toISOString()),
    // One that no worker has told a stage of waits for its first.
    ...(record?.gone ? { gone: false, problem: null, stage: stage ?? 'Queued' } : {}),
  }

  if (status === 'RUNNING') {
    projection.update(workflowId, {
      ...known,
      ...(stage ? { stage } : {}),
      ...(await underWay(temporal, description, projection, countsOn)),
    })
    // Metrics and checks are known to the workflow alone; the stage tells whether there are any yet.
    const needsStatus = record?.metrics === null || record?.stage !== stage || stage === 'AwaitingApproval'
    if (!needsStatus) return
    const answer = await within(
      queryWithinMs,
      // Else the SDK goes on asking, also on a connection that was closed meanwhile.
      temporal.withDeadline(Date.now() + queryWithinMs, () => handle.query<RunStatus>(statusQueryName)),
    )
    if (answer) {
      const { stage: _, problem: __, ...patch } = patchFromStatus(answer)
      projection.update(workflowId, patch)
    }
    return
  }

  const endedAt = description.closedAt?.toISOString() ?? new Date().toISOString()
  const ended = { ...known, stageSince: endedAt, endedAt, retryAt: null, paused: null, decisionPending: false }
  if (status === 'COMPLETED') {
    const outcome = await handle.result().then(
      (result: RunResult) => patchFromStatus(result),
      (error: unknown) => {
        if (!cannotBeRead(error)) throw error
        return { stage: stage ?? 'Completed', problem: `The result of this run cannot be read. ${error.message}` }
      },
    )
    projection.update(workflowId, { ...ended, ...outcome })
    return
  }
  const closed = stageOfClosed[status]
  if (!closed) return // continued as new: its successor is found under the same id
  const byTemporal = status === 'TERMINATED' ? await endedByTemporal(temporal, { workflowId, runId: description.runId }) : null
  if (byTemporal !== null) {
    projection.update(workflowId, { ...ended, stage: 'Failed', problem: byTemporal })
    return
  }
  const byClient = closed === 'Cancelled' ? await endedByClient(temporal, { workflowId, runId: description.runId }) : null
  if (byClient !== null) {
    projection.update(workflowId, { ...ended, stage: closed, problem: byClient })
    return
  }
  const problem = await handle.result().then(
    () => null,
    (error: unknown) => {
      if (error instanceof KeysUnavailable) throw error // not the run's failure: it is asked for again
      return failureView(error).message
    },
  )
  projection.update(workflowId, { ...ended, stage: closed, problem })
}

const earlier = (known: string | null, told: string) => (known !== null && known < told ? known : told)

/** Whether Temporal answers that it has no such run; asked right after it answered about others of the same namespace. */
const isUnknown = (temporal: Client, workflowId: string): Promise<boolean> =>
  describeRun(temporal, workflowId).then(
    () => false,
    (error: unknown) => {
      if (isAnswer(error, 'notFound')) return true
      throw error
    },
  )

function goneNow({ sha256 }: RunRecord): Partial<RunRecord> {
  const at = new Date().toISOString()
  const why = 'Temporal no longer has this run: it was deleted there, or belongs to another Temporal than the one in use.'
  const next = sha256 === '' ? '' : ' "Run again" gives its file a new run.'
  const problem = `${why} How it ended is not known; what it had made is kept.${next}`
  return {
    stage: 'Cancelled',
    stageSince: at,
    endedAt: at,
    gone: true,
    problem,
    retryAt: null,
    paused: null,
    decisionPending: false,
  }
}

/** A result that no second look will read; how its run ended is told by what Temporal keeps in clear. */
const cannotBeRead = (error: unknown): error is Error =>
  isUnreadable(error) || error instanceof PayloadConverterError || error instanceof ValueError

type CountsOn = (runId: string, step: StepName, attempt: number) => number

/** Counts on from the attempts that are known now: taken before Temporal is asked, its answer is no older than they are. */
function countingOn(projection: Projection, workflowId: string): CountsOn {
  const asked = projection.get(workflowId)?.runId ?? null
  const known = asked === null ? [] : projection.attempts(asked)
  return (runId, step, attempt) => (runId === asked ? countedOnBy(known, step, attempt) : 0)
}

/** What the step under way is doing, from the pending activity that Temporal describes. */
async function underWay(
  temporal: Client,
  description: DescribedRun,
  projection: Projection,
  countsOn: CountsOn,
): Promise<Partial<RunRecord>> {
  const [pending] = description.pendingActivities
  if (!pending) return { retryAt: null, paused: null }
  const attempt = pending.attempt ?? 1
  const started = pending.state === 2 // PENDING_ACTIVITY_STATE_STARTED
  const failure =
    attempt > 1 && pending.lastFailure
      ? await decodeFailureView(temporal.options.loadedDataConverter, pending.lastFailure)
      : undefined
  const failed = failure ? failedBefore(pending, failure) : null
  const step = stepNames.find((name) => name === pending.activityId)
  // Temporal forgets it when the next attempt fails; of another worker's nobody else tells.
  if (failed && step) projection.keepSeen(description.runId, { step, ...failed })
  const last = started ? attempt : attempt - 1
  const offset = step ? countsOn(description.runId, step, attempt) : 0
  return {
    // While it waits, Temporal already counts the attempt to come; the list shows the one that failed.
    attempt: last + offset,
    maxAttempts: pending.maximumAttempts ? pending.maximumAttempts + offset : null,
    paused: pausedOf(pending),
    retryAt:
      started || attempt === 1 || pending.paused
        ? null
        : (isoOf(pending.nextAttemptScheduleTime) ?? isoOf(pending.scheduledTime)),
    ...(failure ? { problem: failure.message } : {}),
  }
}

/** A run that another client started: its file's name is in its input. */
async function adopt(
  temporal: Client,
  projection: Projection,
  workflowId: string,
  runId: string,
  startTime: Date,
): Promise<void> {
  const { history } = await temporal.workflowService.getWorkflowExecutionHistory({
    namespace: temporal.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  })
  const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes
  // An input that a foreign codec encoded can't be read: such a run is shown under its id.
  const input = await decodeFromPayloadsAtIndex<Partial<RunInput> | null>(
    temporal.options.loadedDataConverter,
    0,
    started?.input?.payloads,
  ).catch(() => null)
  const path = typeof input?.file_path === 'string' ? input.file_path : ''
  projection.adopt({
    workflowId,
    runId,
    path,
    fileName: fileNameOf(path) || workflowId,
    startedAt: startTime.toISOString(),
    submittedBy: started?.identity || 'another Temporal client',
  })
}

const within = <T>(ms: number, promise: Promise<T>): Promise<T | null> =>
  Promise.race([promise.catch(() => null), new Promise<null>((resolve) => setTimeout(resolve, ms, null).unref())])
