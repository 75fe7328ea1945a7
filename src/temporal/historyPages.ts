import type { Client } from '@temporalio/client'
import proto, { type temporal } from '@temporalio/proto'
import { isAnswer, withinLimit } from './grpc.ts'

type HistoryEvent = temporal.api.history.v1.IHistoryEvent

/** Some events of a history, as one call gave them. */
export interface StoredPage {
  events: readonly HistoryEvent[]
  /** What they take as Temporal sends them. */
  bytes: number
  /** Where this page began, undefined at the history's beginning, and how many writes it asked for. */
  token: Uint8Array | undefined
  writes: number
  /** Where the next page begins, undefined behind the last one, and how many writes it should ask for. */
  next: Uint8Array | undefined
  nextWrites: number
}

interface Options {
  newestFirst?: boolean
  /** The `next` of a page that was read before. */
  from?: Uint8Array | undefined
  /** How many writes the first page asks for, and any page at most. */
  writes?: number
  mostWrites?: number
  /** About how many bytes a page should hold. */
  pageBytes?: number
}

/**
 * Temporal counts what was written at once, mostly by one workflow task, as one; it gives 256 of these at most, and has no
 * bound of bytes: 200 signals of 1 MB in one answer are more than it can send within any patience of ours.
 */
const temporalsMost = 256
/** A run of our pipelines is about as long; of the largest events that Temporal takes (2 MB) these are 64 MB. */
const firstWrites = 32
const usualPageBytes = 16 * 1024 * 1024
/** What comes is guessed from what has come: so much more at a time is asked for at most. */
const mostGrowth = 8

/**
 * The pages of a history, each of about `pageBytes` whatever its events hold, from the first event or from the newest.
 * Whoever has enough leaves the loop.
 * @throws a gRPC error when Temporal cannot be reached, has no such run, does not know `from`, or cannot give one write.
 */
export async function* historyPages(
  client: Client,
  execution: { workflowId: string; runId?: string },
  { newestFirst = false, from, writes = firstWrites, mostWrites = temporalsMost, pageBytes = usualPageBytes }: Options = {},
): AsyncGenerator<StoredPage> {
  const { workflowService, options } = client
  let token = from
  let asked = Math.min(writes, mostWrites, temporalsMost)
  for (;;) {
    const request = { namespace: options.namespace, execution, maximumPageSize: asked, nextPageToken: token }
    const answer = await withinLimit<Answer>(client, () =>
      newestFirst
        ? workflowService.getWorkflowExecutionHistoryReverse(request)
        : workflowService.getWorkflowExecutionHistory(request),
    ).catch((error) => {
      if (asked > 1 && isAnswer(error, 'deadlineExceeded', 'resourceExhausted')) return null
      throw error
    })
    if (answer === null) {
      asked = Math.ceil(asked / mostGrowth)
      continue
    }
    const events = answer.history?.events ?? []
    const bytes = events.reduce((sum, event) => sum + eventBytes(event), 0)
    const next = answer.nextPageToken?.length ? answer.nextPageToken : undefined
    const fitting = Math.floor((pageBytes * asked) / Math.max(1, bytes))
    const nextWrites = Math.max(1, Math.min(fitting, asked * mostGrowth, mostWrites, temporalsMost))
    yield { events, bytes, token, writes: asked, next, nextWrites }
    if (!next) return
    token = next
    asked = nextWrites
  }
}

interface Answer {
  history?: temporal.api.history.v1.IHistory | null
  nextPageToken?: Uint8Array | null
}

/** As many of the first events as `bytes` hold, one at least: an event is never split. */
export function firstEvents(events: readonly HistoryEvent[], bytes: number): readonly HistoryEvent[] {
  let taken = 0
  const over = events.findIndex((event, index) => {
    taken += eventBytes(event)
    return index > 0 && taken > bytes
  })
  return over < 0 ? events : events.slice(0, over)
}

/** What an event takes as Temporal sends it. */
const eventBytes = (event: HistoryEvent): number => proto.temporal.api.history.v1.HistoryEvent.encode(event).finish().length

/** A whole history in order. @throws as `historyPages` does. */
export async function wholeHistory(
  client: Client,
  execution: { workflowId: string; runId?: string },
): Promise<temporal.api.history.v1.IHistory> {
  const events: HistoryEvent[] = []
  for await (const page of historyPages(client, execution)) events.push(...page.events)
  return { events }
}
