import type { Client } from '@temporalio/client'
import type { PayloadView } from '../../../contract/model.ts'
import { historyPages } from '../../../temporal/historyPages.ts'
import { placedInEvent, viewEach } from '../runs/payloads.ts'
import type { HistoryEvent } from '../runs/timeline.ts'

export interface RunPayloads {
  input: PayloadView[]
  /** Of each activity that has completed, by its id (the latest one counts), and of the run itself as `run`. */
  results: { name: string; payloads: PayloadView[] }[]
  /** Why something may be missing, in a sentence; null when all was read. */
  incomplete: string | null
}

/** Events that are looked through: a run of our pipelines has some dozens; one of another kind may have 50,000. */
const mostEvents = 2_000
/** Temporal ends runs whose history grows beyond 50 MB. */
const mostBytes = 64 * 1024 * 1024

/** What went into a run and what came out of its steps, decoded. @throws a gRPC error when Temporal does not give its history. */
export async function readRunPayloads(client: Client, execution: { workflowId: string; runId: string }): Promise<RunPayloads> {
  const { events, all } = await firstEvents(client, execution)
  const names = new Map<string, string>()
  const completed = new Map<string, HistoryEvent>()
  for (const event of events) {
    const { activityId } = event.activityTaskScheduledEventAttributes ?? {}
    if (activityId) names.set(String(event.eventId), activityId)
    const answers = event.activityTaskCompletedEventAttributes?.scheduledEventId
    const name = answers ? names.get(String(answers)) : undefined
    if (name) completed.set(name, event)
    if (event.workflowExecutionCompletedEventAttributes) completed.set('run', event)
  }
  const converter = client.options.loadedDataConverter
  const [first] = events
  const view = (event: HistoryEvent, field: string, label: string) =>
    viewEach(
      placedInEvent(event)
        .filter(({ path }) => path === field || path.startsWith(`${field}.`))
        .map((placed) => ({ ...placed, path: label })),
      converter,
    )
  const [input, results] = await Promise.all([
    first ? view(first, 'input', 'The input') : [],
    Promise.all(
      [...completed].map(async ([name, event]) => ({ name, payloads: await view(event, 'result', `The result of ${name}`) })),
    ),
  ])
  return { input, results, incomplete: all ? null : `Only its first ${events.length} events were looked through.` }
}

async function firstEvents(client: Client, execution: { workflowId: string; runId: string }) {
  const events: HistoryEvent[] = []
  let bytes = 0
  for await (const page of historyPages(client, execution)) {
    events.push(...page.events)
    bytes += page.bytes
    if (page.next === undefined) return { events, all: true }
    if (events.length >= mostEvents || bytes >= mostBytes) break
  }
  return { events, all: false }
}
