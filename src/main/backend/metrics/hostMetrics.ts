/**
 * What a host counts and knows, by Prometheus' rules (https://prometheus.io/docs/practices/naming/): base units, `_total`
 * for counters, `_info` for labels with the value 1. Labels are of the pipeline's own few words (stages, steps, parts):
 * names of files, runs, models and people never become labels, as their number has no end and they are nobody else's business.
 */
import { statfsSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { Counter, Histogram, type Registry } from 'prom-client'
import type { KeyRingState } from '../../../contract/keys.ts'
import { endStages, type IntakeEntry, isEndStage, type Part, partState, type Stage, stages } from '../../../contract/model.ts'
import type { WorkersState } from '../../../contract/workers.ts'
import type { IntakeQueue } from '../intake/createTaker.ts'
import type { Ledger } from '../ledger/openLedger.ts'
import type { Log } from '../log.ts'
import type { RunRecord } from '../projection/runRecord.ts'
import { gaugesOf } from './gauges.ts'
import { createOutboxReader } from './outboxReader.ts'

/** Seconds: from a small file to one that is copied into the inbox for hours. */
const lagBuckets = [0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400]
/** Seconds: from a demonstration to an approval over a long weekend. */
const runBuckets = [10, 30, 60, 300, 900, 3600, 14_400, 86_400, 345_600]
/** A scrape waits for Temporal this long; Prometheus itself gives one up after ten seconds. */
const askWithinMs = 3_000
/** The metrics of a scrape are read within moments; scrapers come seconds apart. */
const sameScrapeMs = 500

export interface HostMetrics {
  /** A file became a run this long after it was first seen. */
  fileAccepted(seconds: number): void
  /** What became of files; one that waits is not counted yet. */
  filesTold(entries: readonly IntakeEntry[]): void
  runChanged(record: RunRecord): void
  decided(decision: 'approve' | 'reject', state: 'delivered' | 'refused'): void
}

export interface HostMetricsOptions {
  registry: Registry
  version: string
  profile: string
  /** The data folder, for the room on its disk. */
  folder: string
  ledger: Ledger
  parts(): Record<string, Part>
  runsByStage(): Partial<Record<Stage, number>>
  /** Runs that wait for a decision that nobody has taken yet. */
  awaitingApproval(): Pick<RunRecord, 'stageSince' | 'approvalDeadline'>[]
  intakeQueue(): IntakeQueue
  workers(): Promise<WorkersState>
  keys(): KeyRingState
  drillsOn(): number
  log: Pick<Log, 'debug'>
}

export function createHostMetrics(options: HostMetricsOptions): HostMetrics {
  const { registry, log } = options
  const registers = [registry]
  const gauge = gaugesOf(registry, log)
  const secondsSince = (time: string) => Math.max(0, (Date.now() - Date.parse(time)) / 1000)

  gauge(
    'gatehouse_build_info',
    'The version that runs and the profile it runs with; the value is always 1.',
    ['version', 'profile'],
    () => [[{ version: options.version, profile: options.profile }, 1]],
  )
  gauge('gatehouse_part_state', '1 for the state that a part of the stack is in, 0 for the others.', ['part', 'state'], () =>
    Object.entries(options.parts()).flatMap(([part, { state: is }]) =>
      partState.options.map((state) => [{ part, state }, state === is ? 1 : 0] as const),
    ),
  )
  gauge('gatehouse_drills_on', 'Drills (faults on purpose) that are switched on.', [], options.drillsOn)

  // Runs
  const runsEnded = new Counter({
    name: 'gatehouse_runs_ended_total',
    help: 'Runs that have ended, by the stage that they ended in.',
    labelNames: ['stage'],
    registers,
  })
  const runDurations = new Histogram({
    name: 'gatehouse_run_duration_seconds',
    help: 'From the acceptance of a file to the end of its run, waits for approval included, by the stage that it ended in.',
    labelNames: ['stage'],
    buckets: runBuckets,
    registers,
  })
  for (const stage of endStages) {
    runsEnded.inc({ stage }, 0)
    runDurations.zero({ stage })
  }
  gauge('gatehouse_runs', 'Runs that this host knows, by stage.', ['stage'], () => {
    const counts = options.runsByStage()
    return stages.map((stage) => [{ stage }, counts[stage] ?? 0] as const)
  })

  // Approvals
  const awaiting = onceAScrape(options.awaitingApproval)
  const decisions = new Counter({
    name: 'gatehouse_decisions_total',
    help: 'Decisions taken here, by kind (approve, reject) and whether the run took them (delivered, refused).',
    labelNames: ['decision', 'state'],
    registers,
  })
  for (const decision of ['approve', 'reject']) {
    for (const state of ['delivered', 'refused']) decisions.inc({ decision, state }, 0)
  }
  gauge('gatehouse_approvals_pending', 'Runs that wait for a decision.', [], () => awaiting().length)
  gauge('gatehouse_approvals_oldest_age_seconds', 'How long the oldest of them has waited; 0 while none waits.', [], () =>
    awaiting().reduce((oldest, { stageSince }) => Math.max(oldest, secondsSince(stageSince)), 0),
  )
  gauge(
    'gatehouse_approvals_next_deadline_timestamp_seconds',
    'When the first of them rejects itself, in seconds since 1970; absent while none waits.',
    [],
    () => {
      const deadlines = options
        .awaitingApproval()
        .flatMap(({ approvalDeadline: at }) => (at === null ? [] : Date.parse(at) / 1000))
      return deadlines.length === 0 ? null : Math.min(...deadlines)
    },
  )

  // Intake
  const files = new Counter({
    name: 'gatehouse_intake_files_total',
    help: 'Files that were dealt with, by outcome (accepted, already_processed, refused).',
    labelNames: ['outcome'],
    registers,
  })
  for (const outcome of ['accepted', 'already_processed', 'refused']) files.inc({ outcome }, 0)
  const lag = new Histogram({
    name: 'gatehouse_intake_lag_seconds',
    help: 'From the first sight of a file to its acceptance, the settle time included.',
    buckets: lagBuckets,
    registers,
  })
  gauge(
    'gatehouse_intake_queue_files',
    'Files in the inbox that are not dealt with yet, by what they wait for (settling, working, waiting: no room, or still being written).',
    ['state'],
    () => Object.entries(options.intakeQueue()).map(([state, count]) => [{ state }, count] as const),
  )

  // What was accepted and is on its way
  const outboxes = onceAScrape(createOutboxReader(options.ledger))
  gauge('gatehouse_outbox_entries', 'What was accepted here and is not confirmed yet, by outbox.', ['outbox'], () =>
    outboxes().map(({ outbox, count }) => [{ outbox }, count] as const),
  )
  gauge('gatehouse_outbox_oldest_age_seconds', 'How long the oldest of it has waited; 0 while nothing does.', ['outbox'], () =>
    outboxes().map(({ outbox, oldest }) => [{ outbox }, oldest === null ? 0 : secondsSince(oldest)] as const),
  )

  // Temporal's task queue
  const queue = onceAScrape(() => within(options.workers()))
  gauge(
    'gatehouse_task_queue_backlog_tasks',
    'Tasks of the pipelines’ queue that no worker has taken yet, by kind of task; absent while Temporal does not tell.',
    ['task'],
    async () => {
      const waiting = (await queue())?.waiting
      return waiting ? [[{ task: 'activity' }, waiting.steps] as const, [{ task: 'workflow' }, waiting.runs] as const] : null
    },
  )
  gauge('gatehouse_task_queue_backlog_age_seconds', 'How long the oldest of them has waited.', [], async () => {
    return (await queue())?.waiting?.oldestSeconds ?? null
  })
  gauge('gatehouse_task_queue_workers', 'Workers that take tasks of the pipelines’ queue, wherever they run.', [], async () => {
    const state = await queue()
    return state === null || state.problem !== null ? null : state.workers.length
  })

  // Keys
  const keys = onceAScrape(options.keys)
  gauge('gatehouse_encryption_on', '1 while new payloads are encrypted, 0 while they are written in clear.', [], () =>
    keys().encrypting ? 1 : 0,
  )
  gauge('gatehouse_keys_available', '1 while the keys can be had, 0 while work waits for them.', [], () =>
    keys().problem === null ? 1 : 0,
  )
  gauge(
    'gatehouse_key_budget_used_ratio',
    'Share of its messages that the sealing key has used; it is rotated at 0.9.',
    [],
    () => {
      const sealing = keys().keys.find(({ state }) => state === 'sealing')
      return sealing ? sealing.messages / sealing.messageBudget : null
    },
  )

  // Room on the disk, as the user of this process may use it
  const disk = onceAScrape(() => statfsSync(options.folder))
  gauge('gatehouse_disk_free_bytes', 'Room left on the disk of the data folder.', [], () => {
    const { bavail, bsize } = disk()
    return bavail * bsize
  })
  gauge('gatehouse_disk_size_bytes', 'Size of the disk of the data folder.', [], () => {
    const { blocks, bsize } = disk()
    return blocks * bsize
  })

  return {
    fileAccepted: (seconds) => lag.observe(seconds),
    filesTold(entries) {
      for (const { outcome } of entries) {
        if (outcome !== 'waiting') files.inc({ outcome: outcome === 'alreadyProcessed' ? 'already_processed' : outcome })
      }
    },
    runChanged({ stage, acceptedAt, endedAt }) {
      if (!isEndStage(stage)) return
      runsEnded.inc({ stage })
      if (endedAt) runDurations.observe({ stage }, Math.max(0, (Date.parse(endedAt) - Date.parse(acceptedAt)) / 1000))
    },
    decided: (decision, state) => decisions.inc({ decision, state }),
  }
}

/** What several metrics of one scrape are read from is read once. */
function onceAScrape<T>(read: () => T): () => T {
  let last: { at: number; value: T } | null = null
  return () => {
    const now = performance.now()
    if (last === null || now - last.at > sameScrapeMs) last = { at: now, value: read() }
    return last.value
  }
}

/** null when there is no answer in time. */
const within = <T>(answer: Promise<T>): Promise<T | null> =>
  Promise.race([answer.catch(() => null), new Promise<null>((resolve) => setTimeout(resolve, askWithinMs, null).unref())])
