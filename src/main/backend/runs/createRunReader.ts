import type { Client } from '@temporalio/client'
import type { Payload } from '@temporalio/common'
import { invalid, notFound, unavailable } from '../../../contract/errors.ts'
import type {
  HistoryPage,
  HistoryPiece,
  HistorySearch,
  PayloadPiece,
  RunValues,
  StepPayloads,
} from '../../../contract/history.ts'
import type { Deployment, RunDetail, RunPayloadRef, StepName } from '../../../contract/model.ts'
import { patienceMs, StillDecoding } from '../../../temporal/codec/decodeSoon.ts'
import { describeRun } from '../../../temporal/executions.ts'
import { isAnswer } from '../../../temporal/grpc.ts'
import { taskQueue } from '../../../temporal/names.ts'
import type { Environment } from '../../../temporal/types.ts'
import type { HistorySearcher } from '../history/createHistorySearch.ts'
import { exportHistory } from '../history/exportHistory.ts'
import { payloadPiece } from '../history/payloadPieces.ts'
import { incompleteWords, type ReadEvents, readEvents } from '../history/readEvents.ts'
import { readHistoryPage } from '../history/readHistoryPage.ts'
import { findPayload, readRunValues } from '../history/readPayload.ts'
import { type RunPayloads, readRunPayloads } from '../history/readRunPayloads.ts'
import type { Projection, RecordedAttempt } from '../projection/createProjection.ts'
import { type RunRecord, summaryOf } from '../projection/runRecord.ts'
import { decodeFailureView, failureView } from './failureView.ts'
import { decodeProgress } from './heartbeat.ts'
import { stepPayloads } from './payloads.ts'
import { isoOf } from './protoTime.ts'
import { runEncryption } from './runEncryption.ts'
import { buildTimeline, type HistoryEvent, type PendingActivity, resetsOf } from './timeline.ts'

export interface RunReader {
  /** @throws CallFailed `notFound`. Without Temporal the answer holds what is known here, and says so in `incomplete`. */
  detail(workflowId: string): Promise<RunDetail>
  /** @throws CallFailed `notFound` or `unavailable`. */
  payloads(workflowId: string, step: StepName): Promise<StepPayloads>
  /**
   * One page of its history, newest first; without `older` the newest. A run that was not started yet has none.
   * @throws CallFailed `notFound`, `invalid` or `unavailable`.
   */
  history(asked: { workflowId: string; older: string | null; limit: number }): Promise<HistoryPage>
  /** Input and results, decoded. @throws CallFailed `notFound` or `unavailable`. */
  runPayloads(workflowId: string): Promise<RunPayloads>
  /** @throws CallFailed `notFound` or `unavailable`. */
  search(asked: { workflowId: string; text: string; reveal: boolean }): Promise<HistorySearch>
  /** One piece of its history as a JSON file. @throws CallFailed `notFound`, `invalid` or `unavailable`. */
  exported(asked: { workflowId: string; decoded: boolean; after: string | null }): Promise<HistoryPiece>
  /** @throws CallFailed `notFound` or `unavailable`. */
  values(workflowId: string): Promise<RunValues>
  /** One piece of a payload's bytes. @throws CallFailed `notFound`, `unavailable`, or `conflict` when it cannot be decoded. */
  payload(asked: { workflowId: string; ref: RunPayloadRef; part: 'stored' | 'decoded'; from: number }): Promise<PayloadPiece>
}

interface Options {
  projection: Projection
  client(): Client | null
  namespace(): string
  /** Where an environment answers now; null while it has no address. */
  endpointAddress(environment: Environment): string | null
  temporalUiUrl(): string | null
  /** Who asked at about this moment for the run to go back to a step; null when nobody did so here. */
  askedToReset(workflowId: string, at: string): string | null
  searcher: HistorySearcher
}

/** Reads one run in full: Temporal's history and pending activities, with what this host recorded. */
export function createRunReader({
  projection,
  client,
  namespace,
  endpointAddress,
  temporalUiUrl,
  askedToReset,
  searcher,
}: Options): RunReader {
  const recordOf = (workflowId: string) => {
    const record = projection.get(workflowId)
    if (!record) throw notFound(`There is no run ${workflowId} here.`)
    return record
  }

  const lately = createLately<Payload>()
  const reach = (workflowId: string) => {
    const { runId } = recordOf(workflowId)
    const temporal = client()
    if (!temporal) throw unavailable('temporal', 'Values are read from Temporal, which cannot be reached now.')
    return { temporal, execution: runId === null ? null : { workflowId, runId } }
  }

  return {
    async detail(workflowId) {
      const { runId } = recordOf(workflowId)
      const temporal = client()
      const { events, pending, incomplete } = await readTemporal(temporal, workflowId, runId)
      const record = recordOf(workflowId) // may have moved on while Temporal was asked
      const soon = createPatience(patienceMs)
      const steps = await buildTimeline({
        record,
        events,
        pending,
        recorded: runId ? [...attemptsBefore(record, events, projection), ...projection.attempts(runId)] : [],
        // Without Temporal there is no history, and so no failure to decode.
        decodeFailure: async (failure) =>
          temporal
            ? soon(decodeFailureView(temporal.options.loadedDataConverter, failure), {
                ...failureView(new StillDecoding(patienceMs)),
                type: null,
              })
            : failureView(new Error(failure.message ?? '')),
        decodeProgress: async (activity) =>
          temporal ? soon(decodeProgress(temporal.options.loadedDataConverter, activity), null) : null,
      })
      const live = projection.progress(workflowId)
      const step = live && steps.find((candidate) => candidate.step === live.step)
      if (live && step?.state === 'running' && live.progress.at >= (step.progress?.at ?? '')) step.progress = live.progress
      const uiUrl = temporalUiUrl()
      return {
        ...summaryOf(record),
        startedAt: firstStart(record.startedAt, events),
        steps,
        resets: resetsOf(events, (at) => askedToReset(workflowId, at)),
        gateChecks: record.gateChecks,
        deployments: record.deployments.map((deployment) => atAddress(deployment, endpointAddress(deployment.environment))),
        modelId: record.modelId,
        notes: record.notes,
        namespace: namespace(),
        taskQueue,
        temporalUrl:
          uiUrl && runId
            ? `${uiUrl}/namespaces/${encodeURIComponent(namespace())}/workflows/${encodeURIComponent(workflowId)}/${runId}`
            : null,
        encryption: runEncryption(events),
        incomplete,
      }
    },

    async payloads(workflowId, step) {
      const { runId } = recordOf(workflowId)
      const temporal = client()
      if (!temporal) throw unavailable('temporal', 'Inputs and results are read from Temporal, which cannot be reached now.')
      if (!runId) return stepPayloads(step, nothingRead, [], temporal.options.loadedDataConverter)
      try {
        const [history, { pendingActivities }] = await Promise.all([
          readEvents(temporal, { workflowId, runId }),
          describeRun(temporal, workflowId, runId),
        ])
        return await stepPayloads(step, history, pendingActivities, temporal.options.loadedDataConverter)
      } catch (error) {
        throw historyProblem(error)
      }
    },

    async runPayloads(workflowId) {
      const { temporal, execution } = reach(workflowId)
      if (!execution) return { input: [], results: [], incomplete: null }
      try {
        return await readRunPayloads(temporal, execution)
      } catch (error) {
        throw historyProblem(error)
      }
    },

    async values(workflowId) {
      const { temporal, execution } = reach(workflowId)
      if (!execution) return { status: null, statusProblem: 'The run was not started yet.', ...noValues }
      try {
        return await readRunValues(temporal, execution)
      } catch (error) {
        throw historyProblem(error)
      }
    },

    async payload({ workflowId, ref, part, from }) {
      const { temporal, execution } = reach(workflowId)
      if (!execution) throw notFound('The run was not started yet: it has no values.')
      try {
        const stored = await lately.get(`${execution.runId} ${JSON.stringify(ref)}`, () => findPayload(temporal, execution, ref))
        return await payloadPiece(stored, { part, from }, temporal.options.loadedDataConverter.payloadCodecs)
      } catch (error) {
        throw historyProblem(error)
      }
    },

    async search({ workflowId, ...asked }) {
      const { temporal, execution } = reach(workflowId)
      if (!execution) return { hits: [], total: 0, covered: 0, events: 0, unreadable: 0, left: 0, done: true }
      try {
        return await searcher.search(temporal, { ...execution, ...asked })
      } catch (error) {
        throw historyProblem(error)
      }
    },

    async exported({ workflowId, decoded, after }) {
      const { temporal, execution } = reach(workflowId)
      if (!execution) throw notFound('The run was not started yet: it has no history.')
      try {
        return await exportHistory(temporal, { ...execution, decoded, after })
      } catch (error) {
        throw historyProblem(error)
      }
    },

    async history({ workflowId, older, limit }) {
      const { runId } = recordOf(workflowId)
      if (!runId) return { events: [], older: null, unreadable: 0 }
      const temporal = client()
      if (!temporal) throw unavailable('temporal', 'The history is read from Temporal, which cannot be reached now.')
      try {
        return await readHistoryPage(temporal, { workflowId, runId, older, limit })
      } catch (error) {
        throw historyProblem(error)
      }
    },
  }
}

/** Waits so long for all that it is given together, and takes what stands in for the rest. */
function createPatience(ms: number) {
  const until = performance.now() + ms
  return async <T>(coming: Promise<T>, otherwise: T): Promise<T> => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<T>((resolve) => {
      timer = setTimeout(() => resolve(otherwise), Math.max(0, until - performance.now()))
    })
    try {
      return await Promise.race([coming, late])
    } finally {
      clearTimeout(timer)
    }
  }
}

const noValues = { input: [], memo: [], searchAttributes: [], headers: [] }

/** Pieces of one payload are asked for one after the other. */
const latelyMs = 10_000

/** Keeps the value that was asked for last for a moment; as Temporal holds it, so nothing decoded stays. */
function createLately<T>() {
  let kept: { key: string; value: Promise<T> } | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  return {
    get(key: string, read: () => Promise<T>): Promise<T> {
      if (kept?.key !== key) kept = { key, value: read() }
      const { value } = kept
      const forget = () => {
        if (kept?.value === value) kept = null
      }
      value.catch(forget)
      clearTimeout(timer)
      timer = setTimeout(forget, latelyMs)
      timer.unref()
      return value
    },
  }
}

/** What can be said of a history that could not be read; else the error itself. */
function historyProblem(error: unknown): unknown {
  if (isAnswer(error, 'notFound'))
    return notFound('Temporal holds no history of this run any more (it was deleted there, or its retention is over).')
  if (isAnswer(error, 'invalidArgument'))
    return invalid('Temporal does not know this page. Read the history from its newest event.', 'older')
  if (isAnswer(error, 'unavailable', 'deadlineExceeded', 'resourceExhausted'))
    return unavailable('temporal', 'Temporal did not give the history in time. Nothing was lost; try again.')
  return error
}

/** A run that was sent back to a step is another execution, whose history still begins with the first start. */
function firstStart(known: string | null, events: readonly HistoryEvent[]): string | null {
  const told = isoOf(events[0]?.eventTime)
  return told && known && told < known ? told : known
}

async function readTemporal(temporal: Client | null, workflowId: string, runId: string | null) {
  const nothing = { events: nothingRead.events, pending: [] as PendingActivity[] }
  if (!runId) return { ...nothing, incomplete: null } // not started yet: there is nothing to read
  if (!temporal) return { ...nothing, incomplete: 'Temporal cannot be reached; this is what was seen here.' }
  try {
    const [history, description] = await Promise.all([
      readEvents(temporal, { workflowId, runId }),
      describeRun(temporal, workflowId, runId),
    ])
    return { events: history.events, pending: description.pendingActivities, incomplete: incompleteWords(history) }
  } catch (error) {
    return { ...nothing, incomplete: `${(historyProblem(error) as Error).message} This is what was seen here.` }
  }
}

/**
 * Attempts of the executions that this one was reset from: a failure stays readable after "Retry from this step". Only of
 * steps that this execution has come to; the others are still ahead of it.
 */
function attemptsBefore(record: RunRecord, events: readonly HistoryEvent[], projection: Projection): RecordedAttempt[] {
  const reached = new Set(events.map((event) => event.activityTaskScheduledEventAttributes?.activityId))
  // A history tells where it was reset from last, and where it began; what lies between is known here alone.
  const { originalExecutionRunId: first } = events[0]?.workflowExecutionStartedEventAttributes ?? {}
  const left = events.flatMap((event) => event.workflowTaskFailedEventAttributes?.baseRunId || [])
  const before = new Set([...(first ? [first] : []), ...record.earlierRunIds, ...left])
  if (record.runId) before.delete(record.runId)
  return [...before].flatMap((runId) => projection.attempts(runId)).filter(({ step }) => reached.has(step))
}

const nothingRead: ReadEvents = { events: [], notRead: null }

/** A run keeps the address that it deployed to; an endpoint may have moved to another port since. */
function atAddress(deployment: Deployment, address: string | null): Deployment {
  if (address === null) return deployment
  return { ...deployment, url: `${address}/models/${encodeURIComponent(deployment.modelId)}` }
}
