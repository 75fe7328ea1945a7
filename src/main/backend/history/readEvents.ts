import type { Client } from '@temporalio/client'
import { historyPages } from '../../../temporal/historyPages.ts'
import type { HistoryEvent } from '../runs/timeline.ts'

/** A history in order, as Temporal holds it; of a long one its beginning and its newest part. */
export interface ReadEvents {
  events: readonly HistoryEvent[]
  /** The events between those two parts, by their ids; null when all was read. */
  notRead: { first: number; last: number } | null
}

/** A run of our pipelines has some dozens of events; one of another kind may have 50,000. */
const mostNewest = 1_000
/** More than the values of any run of our pipelines; Temporal ends runs whose history grows beyond 50 MB. */
const mostNewestBytes = 24 * 1024 * 1024
/** What a run began with is in its very first. */
const firstWrites = 10

/**
 * A run's events, newest first until its beginning or until enough were read; then what it began with too. A short
 * history, and that is the usual one, is one call.
 * @param mostWrites of one call.
 * @param mostEvents how many of the newest are enough, about: the last page may bring some more.
 * @param mostBytes how many bytes of them are enough, about.
 * @throws a gRPC error when Temporal cannot be reached or has no such run.
 */
export async function readEvents(
  client: Client,
  execution: { workflowId: string; runId: string },
  {
    mostWrites = Number.POSITIVE_INFINITY,
    mostEvents = mostNewest,
    mostBytes = mostNewestBytes,
  }: { mostWrites?: number; mostEvents?: number; mostBytes?: number } = {},
): Promise<ReadEvents> {
  const newest: HistoryEvent[] = []
  let bytes = 0
  let all = false
  for await (const page of historyPages(client, execution, { newestFirst: true, mostWrites })) {
    newest.push(...page.events)
    bytes += page.bytes
    all = page.next === undefined
    if (newest.length >= mostEvents || bytes >= mostBytes) break
  }
  newest.reverse()
  if (all) return { events: newest, notRead: null }

  const newestFrom = idOf(newest[0])
  const first = await firstPage(client, execution, Math.min(firstWrites, mostWrites))
  const begun = first.filter((event) => idOf(event) < newestFrom)
  const notRead = { first: idOf(begun.at(-1)) + 1, last: newestFrom - 1 }
  return { events: [...begun, ...newest], notRead: notRead.first > notRead.last ? null : notRead }
}

async function firstPage(client: Client, execution: { workflowId: string; runId: string }, writes: number) {
  for await (const { events } of historyPages(client, execution, { writes })) return events
  return []
}

/** At most 51,200 events go into a history, so that their ids are safe numbers. */
export const idOf = (event: HistoryEvent | undefined): number => Number(event?.eventId ?? 0)

/** What is said where a part of a history was not read; null when all was. */
export const incompleteWords = ({ notRead }: ReadEvents): string | null =>
  notRead &&
  `This run's history is long: its events ${notRead.first} to ${notRead.last} were not read for this view. The History tab reads them, page by page.`
