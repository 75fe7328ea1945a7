import type { Client } from '@temporalio/client'
import { withinLimit } from '../../../temporal/grpc.ts'
import type { HistoryEvent } from '../runs/timeline.ts'

/** A history in order, as Temporal holds it; of a long one its beginning and its newest part. */
export interface ReadEvents {
  events: readonly HistoryEvent[]
  /** The events between those two parts, by their ids; null when all was read. */
  notRead: { first: number; last: number } | null
}

/** A run of our pipelines has some dozens of events; one of another kind may have 50,000. */
const mostNewest = 1_000
/** Temporal counts what was written at once, mostly by one workflow task, as one; it gives 256 of these at most. */
const mostWrites = 256
/** What a run began with is in its very first. */
const firstWrites = 10

/**
 * A run's events, newest first until its beginning or until enough were read; then what it began with too. A short
 * history, and that is the usual one, is one call.
 * @param pageSize of one call, in writes.
 * @param mostEvents how many of the newest are enough, about: the last page may bring some more.
 * @throws a gRPC error when Temporal cannot be reached or has no such run.
 */
export async function readEvents(
  client: Client,
  execution: { workflowId: string; runId: string },
  { pageSize = mostWrites, mostEvents = mostNewest } = {},
): Promise<ReadEvents> {
  const { workflowService, options } = client
  const asked = { namespace: options.namespace, execution, maximumPageSize: pageSize }
  const newest: HistoryEvent[] = []
  let token: Uint8Array | undefined
  do {
    const page = await withinLimit(client, () =>
      workflowService.getWorkflowExecutionHistoryReverse({ ...asked, nextPageToken: token }),
    )
    newest.push(...(page.history?.events ?? []))
    token = page.nextPageToken ?? undefined
  } while (token && token.length > 0 && newest.length < mostEvents)
  newest.reverse()
  if (!token || token.length === 0) return { events: newest, notRead: null }

  const { history } = await withinLimit(client, () =>
    workflowService.getWorkflowExecutionHistory({ ...asked, maximumPageSize: Math.min(pageSize, firstWrites) }),
  )
  const newestFrom = idOf(newest[0])
  const beginning = (history?.events ?? []).filter((event) => idOf(event) < newestFrom)
  const notRead = { first: idOf(beginning.at(-1)) + 1, last: newestFrom - 1 }
  return { events: [...beginning, ...newest], notRead: notRead.first > notRead.last ? null : notRead }
}

/** At most 51,200 events go into a history, so that their ids are safe numbers. */
export const idOf = (event: HistoryEvent | undefined): number => Number(event?.eventId ?? 0)

/** What is said where a part of a history was not read; null when all was. */
export const incompleteWords = ({ notRead }: ReadEvents): string | null =>
  notRead &&
  `This run's history is long: its events ${notRead.first} to ${notRead.last} were not read for this view. The History tab reads them, page by page.`
