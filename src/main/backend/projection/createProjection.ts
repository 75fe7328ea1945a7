import type { CallOutput, ValidInput } from '../../../contract/calls.ts'
import type { Emit } from '../../../contract/events.ts'
import {
  type Attempt,
  assertNever,
  isEndStage,
  type Progress,
  type RunSummary,
  type Stage,
  type StepName,
} from '../../../contract/model.ts'
import type { Observed } from '../../../contract/observed.ts'
import { runFits } from '../../../contract/runFilter.ts'
import { newestFirst, sortRuns } from '../../../contract/runSort.ts'
import type { RunObserver } from '../../../temporal/observer.ts'
import { isLedgerFree, whileHeldMs } from '../ledger/ledgerTurn.ts'
import type { Ledger } from '../ledger/openLedger.ts'
import type { Log } from '../log.ts'
import { countedOnBy } from './countAttempts.ts'
import {
  emptySealedPart,
  gateChecksOf,
  patchFromStatus,
  type RunRecord,
  type SealedPart,
  sealedPartOf,
  summaryOf,
} from './runRecord.ts'
import type { Sealer } from './sealer.ts'

export interface Projection {
  list(query: ValidInput<'runs.list'>): CallOutput<'runs.list'>
  get(workflowId: string): RunRecord | undefined
  /** How many runs are in each stage. */
  byStage(): Partial<Record<Stage, number>>
  /** Runs whose sealed part could not be read at the start: Temporal knows it still. */
  unreadable(): string[]
  /** Runs that have not ended, as far as is known here. */
  open(): RunRecord[]
  /** Runs that Temporal did not have when it was last asked. */
  gone(): string[]
  /** Reads rows that the intake has just written. */
  load(workflowIds: readonly string[]): void
  /** Takes in a run that another Temporal client started. */
  adopt(run: { workflowId: string; runId: string; fileName: string; path: string; startedAt: string; submittedBy: string }): void
  /** Changes what is known of a run; a run that has ended keeps its end unless it became another execution, or was gone. */
  update(workflowId: string, patch: Partial<RunRecord>): void
  attempts(runId: string): RecordedAttempt[]
  progress(workflowId: string): { step: StepName; attempt: number; progress: Progress } | undefined
  /** Fed by the worker of this process. */
  observer: RunObserver
  /** What a bare worker beside this host tells of its steps. */
  hear(event: Observed): void
  /** Keeps an attempt that Temporal still knows and this host has not seen, before Temporal drops it. */
  keepSeen(runId: string, attempt: RecordedAttempt): void
  flush(): void
  close(): void
}

export type RecordedAttempt = Attempt & { step: StepName }

interface Options {
  ledger: Ledger
  sealer: Sealer
  emit: Emit
  /** A run came into another stage, seen as it happened. */
  onTransition(record: RunRecord, from: Stage): void
  /** An attempt ended that no worker told of: Temporal gave it up. */
  onAttemptTimedOut?(step: StepName): void
  /** An attempt failed: whoever can ask Temporal finds out when the next one starts. */
  onAttemptFailed(workflowId: string): void
  log: Log
}

// Changes are gathered this long, so that a burst of a thousand files is some transactions and pushes, not thousands.
const flushAfterMs = 100
// A full disk is not freed within the second.
const flushAgainAfterMs = 5_000

// A worker and the server tell the end of one attempt by two clocks; after a retry by hand numbers begin again, much later.
const sameAttemptMs = 10_000

const selectRuns = `
  SELECT r.workflow_id, r.file_name, r.sha256, r.size_bytes, r.origin, r.submitted_by, r.accepted_at,
         p.run_id, p.stage, p.stage_since, p.started_at, p.ended_at, p.revision, p.sealed,
         o.last_error, EXISTS (SELECT 1 FROM decision_outbox d WHERE d.workflow_id = r.workflow_id AND d.state = 'pending') AS decision_pending
  FROM run r LEFT JOIN projection p USING (workflow_id) LEFT JOIN start_outbox o USING (workflow_id)`

/** Keeps the console's picture of every run: in memory for answers, in the ledger for the next launch. */
export function createProjection({
  ledger,
  sealer,
  emit,
  onTransition,
  onAttemptTimedOut,
  onAttemptFailed,
  log,
}: Options): Projection {
  const records = new Map<string, RunRecord>()
  /** Those that have not ended: a few among many, and asked for every other second. */
  const open = new Map<string, RunRecord>()
  /** Ids, newest first: the order of the list, which no update changes. */
  let newest: string[] | null = null
  /** What no console was told of yet, and what the ledger does not hold yet: while it cannot be written they differ. */
  const untold = new Set<string>()
  const dirty = new Set<string>()
  const dirtyAttempts = new Map<string, RecordedAttempt & { runId: string }>()
  /** Attempts that this process has begun, by run and step: their end is written beside their start. */
  const running = new Map<string, { startedAt: string; worker: string | null }>()
  /** What Temporal's number of the attempt under way is short of, by run and step. */
  const offsets = new Map<string, number>()
  const latestProgress = new Map<string, { step: StepName; attempt: number; progress: Progress }>()
  let timer: NodeJS.Timeout | null = null
  let writeTimer: NodeJS.Timeout | null = null

  const selectAll = ledger.prepare(`${selectRuns} ORDER BY r.accepted_at DESC, r.rowid DESC`)
  const selectOne = ledger.prepare(`${selectRuns} WHERE r.workflow_id = ?`)
  const upsertProjection = ledger.prepare(`
    INSERT INTO projection (workflow_id, run_id, stage, stage_since, started_at, ended_at, revision, sealed)
    VALUES (@workflowId, @runId, @stage, @stageSince, @startedAt, @endedAt, @revision, @sealed)
    ON CONFLICT (workflow_id) DO UPDATE SET run_id = excluded.run_id, stage = excluded.stage, stage_since = excluded.stage_since,
      started_at = excluded.started_at, ended_at = excluded.ended_at, revision = excluded.revision, sealed = excluded.sealed`)
  const upsertAttempt = ledger.prepare(`
    INSERT INTO attempt (run_id, step, attempt, started_at, ended_at, outcome, worker, sealed)
    VALUES (@runId, @step, @attempt, @startedAt, @endedAt, @outcome, @worker, @sealed)
    ON CONFLICT (run_id, step, started_at) DO UPDATE SET ended_at = excluded.ended_at, outcome = excluded.outcome, sealed = excluded.sealed`)
  const selectAttempts = ledger.prepare('SELECT * FROM attempt WHERE run_id = ? ORDER BY started_at, attempt')
  const insertClientRun = ledger.prepare(`
    INSERT OR IGNORE INTO run (workflow_id, file_name, sha256, size_bytes, source_path, origin, submitted_by, accepted_at)
    VALUES (?, ?, '', 0, ?, 'client', ?, ?)`)

  const put = (record: RunRecord) => {
    if (!records.has(record.workflowId)) newest = null
    records.set(record.workflowId, record)
    if (isEndStage(record.stage)) open.delete(record.workflowId)
    else open.set(record.workflowId, record)
  }
  const unreadable: string[] = []
  for (const row of selectAll.iterate() as IterableIterator<Row>) {
    put(recordOf(row, sealer))
    if (row.run_id && row.sealed && sealer.open(row.sealed) === null) unreadable.push(row.workflow_id)
  }

  const schedule = () => {
    timer ??= setTimeout(flush, flushAfterMs)
  }
  const changedNow = (workflowId: string) => {
    untold.add(workflowId)
    dirty.add(workflowId)
  }

  function flush(): void {
    if (timer) clearTimeout(timer)
    timer = null
    if (!writeTimer) writeWhatIsNew()
    const changed = [...untold].flatMap((id) => records.get(id) ?? [])
    untold.clear()
    if (changed.length > 0) emit('runs.changed', { runs: changed.map(summaryOf) })
  }

  function writeWhatIsNew(): void {
    if (writeTimer) clearTimeout(writeTimer)
    writeTimer = null
    if (dirty.size === 0 && dirtyAttempts.size === 0) return
    if (!isLedgerFree(ledger)) {
      writeTimer = setTimeout(writeWhatIsNew, whileHeldMs)
      return
    }
    const changed = [...dirty].flatMap((id) => records.get(id) ?? [])
    try {
      write(changed, [...dirtyAttempts.values()])
      dirty.clear()
      dirtyAttempts.clear()
    } catch (error) {
      // A full disk must not end the host. All is still here, Temporal has it too, and it is written once that works.
      log.error({ err: error, runs: changed.length }, 'what happened to runs could not be written; it is tried again')
      writeTimer = setTimeout(writeWhatIsNew, flushAgainAfterMs)
    }
  }

  function write(changed: RunRecord[], attempts: (RecordedAttempt & { runId: string })[]): void {
    ledger.transaction(() => {
      for (const record of changed) {
        const { workflowId, runId, stage, stageSince, startedAt, endedAt, revision } = record
        upsertProjection.run({
          ...{ workflowId, runId, stage, stageSince, startedAt, endedAt, revision },
          sealed: sealer.seal(sealedPartOf(record)),
        })
      }
      for (const { failure, ...attempt } of attempts)
        upsertAttempt.run({ ...attempt, sealed: failure ? sealer.seal(failure) : null })
    })()
  }

  function update(workflowId: string, patch: Partial<RunRecord>): void {
    const before = records.get(workflowId)
    if (!before) return
    const sameExecution = patch.runId === undefined || before.runId === null || patch.runId === before.runId
    const wanted: Partial<RunRecord> = { ...patch }
    if (!sameExecution) wanted.earlierRunIds = [...new Set([...before.earlierRunIds, before.runId as string])]
    if (isEndStage(before.stage) && sameExecution && !before.gone) {
      delete wanted.stage
      delete wanted.stageSince
    }
    const after = { ...before, ...wanted }
    if (after.stage !== before.stage) {
      after.stageSince = patch.stageSince ?? new Date().toISOString()
      after.endedAt = isEndStage(after.stage) ? (patch.endedAt ?? after.stageSince) : null
      if (isEndStage(after.stage)) latestProgress.delete(workflowId)
    }
    // Said of an attempt under way, and by its own last word perhaps late.
    if (after.stage !== before.stage || isEndStage(after.stage)) after.waitsForRoom = false
    if (same(before, after)) return
    after.revision = before.revision + 1
    put(after)
    changedNow(workflowId)
    schedule()
    if (after.stage !== before.stage) onTransition(after, before.stage)
  }

  const keepAttempt = (attempt: RecordedAttempt & { runId: string }) => {
    dirtyAttempts.set(`${attempt.runId} ${attempt.step} ${attempt.startedAt}`, attempt)
    schedule()
  }

  const observer: RunObserver = {
    stageChanged: ({ workflowId, runId, at, status }) => {
      const { problem, ...patch } = patchFromStatus(status)
      const before = records.get(workflowId)
      // Something else than the stage: the step under way, and since when, stay as they are.
      if (before?.stage === status.stage && before.runId === runId) return update(workflowId, patch)
      // A new step starts without the last one's failure; only an end keeps one, and how often its last step was tried.
      update(workflowId, {
        ...patch,
        runId,
        stageSince: at,
        ...(isEndStage(status.stage) ? {} : { attempt: 0, maxAttempts: null }),
        retryAt: null,
        paused: null,
        problem: problem ?? null,
      })
    },
    attemptStarted: ({ workflowId, runId, step, attempt, startedAt, worker, maxAttempts }) => {
      running.set(`${runId} ${step}`, { startedAt, worker })
      keepAttempt({ runId, step, attempt, startedAt, worker, endedAt: null, outcome: 'running', failure: null })
      latestProgress.delete(workflowId)
      const offset = countedOnBy(attemptsOf(runId), step, attempt)
      offsets.set(`${runId} ${step}`, offset)
      update(workflowId, {
        ...{ runId, attempt: attempt + offset, maxAttempts: maxAttempts === null ? null : maxAttempts + offset },
        ...{ retryAt: null, paused: null, waitsForRoom: false },
      })
    },
    attemptEnded: ({ workflowId, runId, step, attempt, endedAt, outcome, failure }) => {
      // A bare worker's attempt may have begun before this host did.
      const begun = running.get(`${runId} ${step}`) ?? begunBefore(runId, step, attempt)
      const { startedAt, worker } = begun ?? { startedAt: endedAt, worker: null }
      running.delete(`${runId} ${step}`)
      offsets.delete(`${runId} ${step}`)
      keepAttempt({ runId, step, attempt, startedAt, worker, endedAt, outcome, failure })
      latestProgress.delete(workflowId)
      update(workflowId, { waitsForRoom: false })
      if (outcome === 'completed') update(workflowId, { problem: null, retryAt: null })
      if (outcome === 'failed' || outcome === 'timedOut') {
        update(workflowId, { problem: failure?.message ?? null })
        onAttemptFailed(workflowId)
      }
    },
    progress: ({ workflowId, runId, step, attempt: number, ...told }) => {
      const attempt = number + (offsets.get(`${runId} ${step}`) ?? 0)
      const progress = { ...told, fraction: Math.min(1, Math.max(0, told.fraction)) }
      latestProgress.set(workflowId, { step, attempt, progress })
      emit('run.progress', { workflowId, step, attempt, progress })
      if (records.get(workflowId)?.attempt === attempt) update(workflowId, { waitsForRoom: told.waitsForRoom === true })
    },
  }

  const begunBefore = (runId: string, step: StepName, attempt: number) =>
    attemptsOf(runId).findLast((a) => a.step === step && a.attempt === attempt && a.outcome === 'running')

  function hear(event: Observed): void {
    switch (event.kind) {
      case 'stage': {
        const { workflowId, runId, stage, at } = event
        update(workflowId, {
          ...{ runId, stage, stageSince: at, retryAt: null, paused: null, problem: null },
          ...(isEndStage(stage) ? {} : { attempt: 0, maxAttempts: null }),
        })
        return
      }
      case 'started':
        observer.attemptStarted(event)
        return
      case 'ended':
        observer.attemptEnded(event)
        return
      case 'progress': {
        const { workflowId, runId, step, attempt, progress } = event
        observer.progress({ workflowId, runId, step, attempt, ...progress })
        return
      }
      default:
        assertNever(event)
    }
  }

  function attemptsOf(runId: string): RecordedAttempt[] {
    const written = (selectAttempts.all(runId) as AttemptRow[]).map((row) => ({
      step: row.step,
      attempt: row.attempt,
      startedAt: row.started_at,
      endedAt: row.ended_at,
      outcome: row.outcome,
      worker: row.worker,
      failure: sealer.open(row.sealed) as Attempt['failure'],
    }))
    const rows = withNewer(
      written,
      [...dirtyAttempts.values()].flatMap(({ runId: of, ...attempt }) => (of === runId ? [attempt] : [])),
    )
    // Temporal may have told an attempt's end before its worker told its start: then the worker's word is the better one.
    return rows.filter(
      (row) =>
        row.startedAt !== row.endedAt ||
        !rows.some(
          (other) =>
            other.startedAt !== other.endedAt && other.step === row.step && other.attempt === row.attempt && endsNear(other, row),
        ),
    )
  }

  const newestRecords = () => {
    newest ??= sortRuns(records.values(), newestFirst, Date.now()).map(({ workflowId }) => workflowId)
    return newest.flatMap((id) => records.get(id) ?? [])
  }

  const byStage = () => {
    const counts: Partial<Record<Stage, number>> = {}
    for (const { stage } of records.values()) counts[stage] = (counts[stage] ?? 0) + 1
    return counts
  }

  return {
    observer,
    hear,
    keepSeen(runId, seen) {
      // Of an attempt that ran into a limit Temporal tells no end, but still that of the one before.
      const isStale = (startedAt: string) => (seen.endedAt ?? seen.startedAt) < startedAt
      const known = attemptsOf(runId).findLast(
        ({ step, attempt, startedAt, endedAt }) =>
          step === seen.step &&
          attempt === seen.attempt &&
          (endedAt === null || near(endedAt, seen.endedAt ?? seen.startedAt) || isStale(startedAt)),
      )
      if (known?.endedAt == null && seen.outcome === 'timedOut') onAttemptTimedOut?.(seen.step)
      if (!known) keepAttempt({ runId, ...seen })
      else if (known.endedAt === null) {
        const endedAt = isStale(known.startedAt) ? new Date().toISOString() : seen.endedAt
        keepAttempt({ runId, ...seen, startedAt: known.startedAt, endedAt })
      }
    },
    update,
    flush,
    get: (workflowId) => records.get(workflowId),
    byStage,
    unreadable: () => unreadable.splice(0),
    open: () => [...open.values()],
    gone: () => [...records.values()].flatMap(({ workflowId, gone }) => (gone ? [workflowId] : [])),
    progress: (workflowId) => latestProgress.get(workflowId),
    list({ limit, offset, sort = newestFirst, ...filter }) {
      const now = Date.now()
      // In memory: what most columns show came out of payloads, and nothing decrypted goes into an index on disk.
      const matching = newestRecords().filter(runFits(filter, now))
      const sorted = sort.by === newestFirst.by && sort.descending ? matching : sortRuns(matching, sort, now)
      return { runs: sorted.slice(offset, offset + limit).map(summaryOf), total: matching.length, byStage: byStage() }
    },
    load(workflowIds) {
      for (const workflowId of workflowIds) {
        const row = selectOne.get(workflowId) as Row | undefined
        if (!row) continue
        put(recordOf(row, sealer))
        changedNow(workflowId)
      }
      schedule()
    },
    adopt({ workflowId, runId, fileName, path, startedAt, submittedBy }) {
      insertClientRun.run(workflowId, fileName, path, submittedBy, startedAt)
      const row = selectOne.get(workflowId) as Row
      put({ ...recordOf(row, sealer), runId, startedAt })
      changedNow(workflowId)
      schedule()
    },
    attempts: attemptsOf,
    close() {
      writeWhatIsNew()
      flush()
      if (writeTimer) clearTimeout(writeTimer)
    },
  }
}

interface Row {
  workflow_id: string
  file_name: string
  sha256: string
  size_bytes: number
  origin: RunSummary['origin']
  submitted_by: string
  accepted_at: string
  run_id: string | null
  stage: Stage | null
  stage_since: string | null
  started_at: string | null
  ended_at: string | null
  revision: number | null
  sealed: Buffer | null
  last_error: string | null
  decision_pending: number
}

interface AttemptRow {
  step: StepName
  attempt: number
  started_at: string
  ended_at: string | null
  outcome: Attempt['outcome']
  worker: string | null
  sealed: Buffer | null
}

function recordOf(row: Row, sealer: Sealer): RunRecord {
  const opened = sealer.open(row.sealed) as SealedPart | null
  return {
    ...emptySealedPart,
    ...opened,
    gateChecks: gateChecksOf(opened?.gateChecks ?? []),
    // Of a version that did not know who may decide.
    approvals: opened?.approvals ? { ...noPolicy, ...opened.approvals } : null,
    problem: opened?.problem ?? row.last_error,
    workflowId: row.workflow_id,
    runId: row.run_id,
    fileName: row.file_name,
    sha256: row.sha256,
    sizeBytes: row.size_bytes,
    origin: row.origin,
    submittedBy: row.submitted_by,
    acceptedAt: row.accepted_at,
    stage: row.stage ?? 'Queued',
    stageSince: row.stage_since ?? row.accepted_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    // Of an attempt under way, which says so again.
    waitsForRoom: false,
    decisionPending: row.decision_pending === 1,
    revision: row.revision ?? 1,
  }
}

/** What the ledger holds of a run's attempts with what it does not hold yet, as one transaction would leave it. */
function withNewer(written: readonly RecordedAttempt[], newer: readonly RecordedAttempt[]): RecordedAttempt[] {
  const all = new Map(written.map((one) => [`${one.step} ${one.startedAt}`, one]))
  for (const one of newer) {
    const key = `${one.step} ${one.startedAt}`
    const { endedAt, outcome, failure } = one
    all.set(key, { ...(all.get(key) ?? one), endedAt, outcome, failure })
  }
  const at = ({ startedAt }: RecordedAttempt) => Date.parse(startedAt)
  return [...all.values()].sort((a, b) => at(a) - at(b) || a.attempt - b.attempt)
}

const noPolicy = { approvers: [], submitter: null }
const endsNear = (a: RecordedAttempt, b: RecordedAttempt) =>
  a.endedAt !== null && b.endedAt !== null && near(a.endedAt, b.endedAt)
const near = (a: string, b: string) => Math.abs(Date.parse(a) - Date.parse(b)) < sameAttemptMs
const same = (a: RunRecord, b: RunRecord) => JSON.stringify(a) === JSON.stringify(b)
