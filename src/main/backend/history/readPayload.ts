import type { Client } from '@temporalio/client'
import type { Payload } from '@temporalio/common'
import { notFound } from '../../../contract/errors.ts'
import type { RunValues } from '../../../contract/history.ts'
import type { RunPayloadRef } from '../../../contract/model.ts'
import { decodeSoon } from '../../../temporal/codec/decodeSoon.ts'
import { withinLimit } from '../../../temporal/grpc.ts'
import { historyPages } from '../../../temporal/historyPages.ts'
import { payloadView, placedInEvent, placedInRun, viewLists } from '../runs/payloads.ts'
import type { HistoryEvent } from '../runs/timeline.ts'
import { findPayloads, type PayloadAt, payloadsOfEvent } from './findPayloads.ts'
import { fitMessage } from './fitMessage.ts'
import { placeOf } from './readHistoryPage.ts'

interface Execution {
  workflowId: string
  runId: string
}

/**
 * The payload that `ref` names, as Temporal holds it.
 * @throws CallFailed `notFound`; a gRPC error when Temporal cannot be reached or has no such run.
 */
export async function findPayload(client: Client, execution: Execution, ref: RunPayloadRef): Promise<Payload> {
  const payload =
    ref.in === 'run'
      ? (await describedPayloads(client, execution)).find(({ path }) => path === ref.path)?.payload
      : await payloadOfEvent(client, execution, ref)
  if (!payload) throw notFound('This value is no more where it was. Read the run again.')
  return payload
}

type EventRef = RunPayloadRef & { in: 'event' }

async function payloadOfEvent(client: Client, execution: Execution, ref: EventRef) {
  const event = await findEvent(client, execution, ref)
  return event ? payloadsOfEvent(event).payloads[ref.index]?.payload : undefined
}

/**
 * One event, a page at a time from where the history was read: a run under way may have moved on since, so pages behind
 * that one are looked at too.
 */
async function findEvent(client: Client, execution: Execution, ref: EventRef): Promise<HistoryEvent | null> {
  const { newestFirst, older } = ref
  const wanted = BigInt(ref.eventId)
  for await (const { events } of historyPages(client, execution, { newestFirst, from: placeOf(older).token })) {
    const ids = events.map((event) => BigInt(String(event.eventId)))
    const found = ids.indexOf(wanted)
    if (found >= 0) return events[found] ?? null
    const last = ids.at(-1)
    if (last !== undefined && (newestFirst ? last < wanted : last > wanted)) return null
  }
  return null
}

/** What `describe` tells of a run: memo, search attributes, and of steps under way the last heartbeat and failure. */
async function describedPayloads(client: Client, execution: Execution): Promise<PayloadAt[]> {
  const { workflowExecutionInfo: info, pendingActivities } = await withinLimit(client, () =>
    client.workflowService.describeWorkflowExecution({ namespace: client.options.namespace, execution }),
  )
  const steps = (pendingActivities ?? []).map(
    ({ activityId, heartbeatDetails, lastFailure }) =>
      findPayloads({ [activityId ?? '']: { heartbeat: heartbeatDetails, lastFailure } }).payloads,
  )
  return [...findPayloads({ memo: info?.memo, searchAttributes: info?.searchAttributes }).payloads, ...steps.flat()]
}

/** Nobody may be there to answer a query; the rest is not kept waiting for longer. */
const statusWithinMs = 4_000

/** Values of a run that belong to no step. @throws a gRPC error when Temporal cannot be reached or has no such run. */
export async function readRunValues(client: Client, execution: Execution): Promise<RunValues> {
  const { namespace, loadedDataConverter } = client.options
  const [first, described, answer] = await Promise.all([
    withinLimit(client, () => client.workflowService.getWorkflowExecutionHistory({ namespace, execution, maximumPageSize: 1 })),
    describedPayloads(client, execution),
    askStatus(client, execution),
  ])
  const begun = first.history?.events?.[0]
  const ofStart = begun ? placedInEvent(begun) : []
  const ofRun = placedInRun(described)
  const under = (name: string) => (at: PayloadAt) => at.path === name || at.path.startsWith(`${name}.`)
  const views = await viewLists(
    [
      ofStart.filter(under('input')),
      ofRun.filter(under('memo')),
      ofRun.filter(under('searchAttributes')),
      ofStart.filter(under('header')),
    ],
    loadedDataConverter.payloadCodecs,
  )
  const [input = [], memo = [], searchAttributes = [], headers = []] = fitMessage(views)
  return { ...answer, input, headers, memo, searchAttributes }
}

async function askStatus(client: Client, execution: Execution): Promise<Pick<RunValues, 'status' | 'statusProblem'>> {
  try {
    const { queryResult, queryRejected } = await client.withDeadline(Date.now() + statusWithinMs, () =>
      client.workflowService.queryWorkflow({
        namespace: client.options.namespace,
        execution,
        query: { queryType: 'get_status' },
      }),
    )
    const [payload] = queryResult?.payloads ?? []
    if (queryRejected || !payload) return { status: null, statusProblem: 'The run gave no answer.' }
    const [decoded] = await decodeSoon(client.options.loadedDataConverter.payloadCodecs, [payload])
    return { status: decoded ? payloadView('get_status', decoded) : null, statusProblem: null }
  } catch (error) {
    const { details, message } = error as { details?: string; message: string }
    return { status: null, statusProblem: `No worker answered for the run: ${details || message}` }
  }
}
