import { describe, expect, it, vi } from 'vitest'
import type { EventName, EventPayload } from '../../../contract/events.ts'
import type { RunSummary } from '../../../contract/model.ts'
import type { RunStatus } from '../../../temporal/types.ts'
import { type Ledger, openLedger } from '../ledger/openLedger.ts'
import { openSharedLedger } from '../ledger/testing/sharedLedger.ts'
import { silentLog } from '../log.ts'
import { createProjection } from './createProjection.ts'
import { createSealer } from './sealer.ts'

const sealer = createSealer(Buffer.alloc(32, 7))
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toISOString()

function addRun(ledger: Ledger, workflowId: string, fileName = 'good.csv', again = 0) {
  ledger
    .prepare(`INSERT INTO run VALUES (?, ?, 'abc', 10, '/inbox/good.csv', 'inbox', 'ada', ?, ?, NULL)`)
    .run(workflowId, fileName, at(again), again)
}

function setUp(ledger = openLedger(':memory:')) {
  const pushed: RunSummary[][] = []
  const transitions: string[] = []
  const timedOut: string[] = []
  const projection = createProjection({
    ledger,
    sealer,
    emit: <N extends EventName>(name: N, payload: EventPayload<N>) => {
      if (name === 'runs.changed') pushed.push((payload as EventPayload<'runs.changed'>).runs)
    },
    onTransition: (record, from) => transitions.push(`${from} > ${record.stage}`),
    onAttemptTimedOut: (step) => timedOut.push(step),
    onAttemptFailed: () => undefined,
    log: silentLog,
  })
  return { ledger, projection, pushed, transitions, timedOut }
}

const status = (over: Partial<RunStatus>): RunStatus => ({
  current_step: 'model_training',
  completed_steps: [],
  workflow_id: 'w1',
  awaiting_approval: false,
  prod_approved: false,
  quality_gate_failed: false,
  deployment_status: {},
  deployments: [],
  failure_reason: null,
  quality_metrics: null,
  stage: 'Training',
  approval_deadline: null,
  decision: null,
  gate_checks: [],
  model_id: null,
  ...over,
})

describe('the projection', () => {
  it('finds the runs that retry however old they are, and counts them', () => {
    const { ledger, projection } = setUp()
    const ids = Array.from({ length: 50 }, (_, i) => `w${i}`)
    ids.forEach((id, i) => {
      addRun(ledger, id, `file_${i}.csv`, i)
    })
    projection.load(ids)
    projection.update('w0', { runId: 'r0', stage: 'Training', attempt: 2 })
    projection.update('w1', { runId: 'r1', stage: 'Training', attempt: 1 })
    const { runs, total } = projection.list({ limit: 10, offset: 0, retrying: true })
    expect(runs.map(({ workflowId }) => workflowId)).toEqual(['w0'])
    expect(total).toBe(1)
  })

  it('tells for as long as an attempt waits for room on a full disk, and never of a run that has ended', () => {
    const { ledger, projection, pushed } = setUp()
    addRun(ledger, 'w1')
    projection.load(['w1'])
    const ids = { workflowId: 'w1', runId: 'r1', step: 'train_model' as const }
    const at = '2026-11-25T12:00:00.000Z'
    const progress = (attempt: number, more: { waitsForRoom?: boolean } = {}) =>
      projection.observer.progress({ ...ids, attempt, fraction: 0, message: 'x', at, ...more })
    const start = (attempt: number) =>
      projection.observer.attemptStarted({ ...ids, attempt, startedAt: at, worker: 'w', maxAttempts: 3 })
    const waits = () => {
      projection.flush()
      expect(pushed.at(-1)?.[0]?.waitsForRoom).toBe(projection.get('w1')?.waitsForRoom)
      return projection.get('w1')?.waitsForRoom
    }
    projection.update('w1', { runId: 'r1', stage: 'Training' })
    start(1)
    progress(1, { waitsForRoom: true })
    expect(waits()).toBe(true)
    progress(1)
    expect(waits()).toBe(false)
    progress(1, { waitsForRoom: true })
    start(2)
    // The last word of an attempt that is over.
    progress(1, { waitsForRoom: true })
    expect(waits()).toBe(false)
    progress(2, { waitsForRoom: true })
    projection.observer.attemptEnded({ ...ids, attempt: 2, endedAt: at, outcome: 'completed', failure: null })
    expect(waits()).toBe(false)
    progress(2, { waitsForRoom: true })
    projection.update('w1', { stage: 'AssessingQuality' })
    expect(waits()).toBe(false)
    projection.update('w1', { stage: 'Failed' })
    progress(2, { waitsForRoom: true })
    expect(waits()).toBe(false)
  })

  it('goes on with a full disk, and writes what happened once there is room', () => {
    vi.useFakeTimers()
    try {
      const { ledger, projection, pushed } = setUp()
      addRun(ledger, 'w1')
      projection.load(['w1'])
      projection.flush()
      const pages = ledger.pragma('page_count', { simple: true }) as number
      ledger.pragma(`max_page_count = ${pages}`)
      // More than the free rest of the pages: SQLITE_FULL, as from a disk without room.
      const problem = 'x'.repeat(200_000)
      projection.update('w1', { runId: 'r1', stage: 'Failed', problem })
      vi.advanceTimersByTime(1_000)
      expect(pushed.at(-1)).toMatchObject([{ workflowId: 'w1', stage: 'Failed' }])
      expect(ledger.prepare('SELECT stage FROM projection').pluck().get()).toBe('Queued')

      ledger.pragma('max_page_count = 1000000')
      vi.advanceTimersByTime(10_000)
      expect(ledger.prepare('SELECT stage FROM projection').pluck().get()).toBe('Failed')
    } finally {
      vi.useRealTimers()
    }
  })

  it('shows each change once while another program holds the ledger, and writes all once it lets go', () => {
    vi.useFakeTimers()
    const { ledger, hold, letGo, remove } = openSharedLedger()
    try {
      const { projection, pushed } = setUp(ledger)
      addRun(ledger, 'w1')
      projection.load(['w1'])
      projection.flush()
      hold()
      const about = { workflowId: 'w1', runId: 'r1', step: 'train_model', attempt: 1, worker: 'desk' } as const
      projection.observer.attemptStarted({ ...about, startedAt: at(1), maxAttempts: 3 })
      projection.update('w1', { stage: 'Training', stageSince: at(1) })
      vi.advanceTimersByTime(30_000)
      expect(pushed.map(([run]) => run?.stage)).toEqual(['Queued', 'Training'])
      expect(projection.attempts('r1')).toMatchObject([{ attempt: 1, outcome: 'running' }])
      projection.observer.attemptEnded({ ...about, endedAt: at(4), outcome: 'completed', failure: null })
      vi.advanceTimersByTime(30_000)
      const ended = [{ startedAt: at(1), endedAt: at(4), outcome: 'completed', worker: 'desk' }]
      expect(projection.attempts('r1')).toMatchObject(ended)
      expect(ledger.prepare('SELECT count(*) FROM attempt').pluck().get()).toBe(0)

      letGo()
      vi.advanceTimersByTime(1_000)
      expect(ledger.prepare('SELECT stage FROM projection').pluck().get()).toBe('Training')
      expect(ledger.prepare('SELECT outcome FROM attempt').pluck().all()).toEqual(['completed'])
      expect(projection.attempts('r1')).toMatchObject(ended)
      projection.close()
    } finally {
      vi.useRealTimers()
      remove()
    }
  })

  it('follows a run through its stages and remembers it for the next launch', () => {
    const { ledger, projection, transitions } = setUp()
    addRun(ledger, 'w1')
    projection.load(['w1'])
    projection.observer.stageChanged({ workflowId: 'w1', runId: 'r1', stage: 'Training', at: at(1), status: status({}) })
    const metrics = { accuracy: 0.91, mae: 1.4, r2: 0.84 }
    projection.observer.stageChanged({
      workflowId: 'w1',
      runId: 'r1',
      stage: 'AwaitingApproval',
      at: at(2),
      status: status({ stage: 'AwaitingApproval', quality_metrics: metrics, approval_deadline: at(50) }),
    })
    projection.close()
    expect(transitions).toEqual(['Queued > Training', 'Training > AwaitingApproval'])

    const again = setUp(ledger).projection.get('w1')
    expect(again).toMatchObject({ stage: 'AwaitingApproval', stageSince: at(2), metrics, approvalDeadline: at(50), runId: 'r1' })
  })

  it('counts a step’s attempts on where Temporal begins anew, and keeps how often the last one was tried', () => {
    const { ledger, projection, pushed } = setUp()
    addRun(ledger, 'w1')
    projection.load(['w1'])
    const ids = { workflowId: 'w1', runId: 'r1', step: 'train_model' as const }
    const failure = { message: 'GPU is away', type: null, nonRetryable: false, stack: null }
    const attempts = [1, 2, 1, 2]
    projection.observer.stageChanged({ ...ids, stage: 'Training', at: at(0), status: status({}) })
    attempts.forEach((attempt, n) => {
      projection.observer.attemptStarted({ ...ids, attempt, startedAt: at(n * 2 + 1), worker: 'w', maxAttempts: 3 })
      projection.observer.progress({ ...ids, attempt, fraction: 0.5, message: 'Round 4', at: at(n * 2 + 1) })
      expect(projection.progress('w1')?.attempt).toBe(n + 1)
      projection.observer.attemptEnded({ ...ids, attempt, endedAt: at(n * 2 + 2), outcome: 'failed', failure })
    })
    expect(projection.get('w1')).toMatchObject({ attempt: 4, maxAttempts: 5 })
    const failed = status({ stage: 'Failed', failure_reason: 'Training failed.' })
    projection.observer.stageChanged({ ...ids, stage: 'Failed', at: at(20), status: failed })
    projection.flush()
    expect(pushed.at(-1)).toMatchObject([{ stage: 'Failed', attempt: 4, maxAttempts: 5, problem: 'Training failed.' }])
  })

  it('remembers the executions that a run was reset from, each once, over a start', () => {
    const { ledger, projection } = setUp()
    addRun(ledger, 'w1')
    projection.load(['w1'])
    for (const runId of ['r1', 'r2', 'r2', 'r3']) projection.update('w1', { runId })
    projection.close()
    expect(setUp(ledger).projection.get('w1')).toMatchObject({ runId: 'r3', earlierRunIds: ['r1', 'r2'] })
  })

  it('never writes what came out of a payload in clear', () => {
    const { ledger, projection } = setUp()
    addRun(ledger, 'w1')
    projection.load(['w1'])
    const attempt = { workflowId: 'w1', runId: 'r1', step: 'train_model' as const, attempt: 1 }
    projection.observer.attemptStarted({ ...attempt, startedAt: at(1), worker: 'here', maxAttempts: 3 })
    const failure = { message: 'GPU temporarily unavailable', type: null, nonRetryable: false, stack: null }
    projection.observer.attemptEnded({ ...attempt, endedAt: at(2), outcome: 'failed', failure })
    projection.flush()
    expect(ledger.serialize().includes('GPU temporarily unavailable')).toBe(false)
    expect(projection.attempts('r1')).toMatchObject([
      { step: 'train_model', startedAt: at(1), endedAt: at(2), outcome: 'failed', failure },
    ])
    expect(projection.get('w1')?.problem).toBe('GPU temporarily unavailable')
  })

  it('gathers a burst into one push, and each change raises the revision', async () => {
    const { ledger, projection, pushed } = setUp()
    for (let i = 0; i < 50; i++) addRun(ledger, `w${i}`, `file${i}.csv`)
    projection.load(Array.from({ length: 50 }, (_, i) => `w${i}`))
    projection.update('w3', { stage: 'Preprocessing' })
    projection.update('w3', { stage: 'Training' })
    await expect.poll(() => pushed.length).toBe(1)
    expect(pushed[0]).toHaveLength(50)
    expect(pushed[0]?.find((run) => run.workflowId === 'w3')).toMatchObject({ stage: 'Training', revision: 3 })
  })

  it('keeps the end of a run against late news, but follows a new execution of it', () => {
    const { ledger, projection } = setUp()
    addRun(ledger, 'w1')
    projection.load(['w1'])
    projection.update('w1', { runId: 'r1', stage: 'Failed' })
    projection.update('w1', { runId: 'r1', stage: 'Training' })
    expect(projection.get('w1')?.stage).toBe('Failed')
    projection.update('w1', { runId: 'r2', stage: 'Training' })
    expect(projection.get('w1')).toMatchObject({ stage: 'Training', endedAt: null })
  })

  it('lists newest first, filtered by stage and text, with counts of everything', () => {
    const { ledger, projection } = setUp()
    addRun(ledger, 'w1', 'good.csv', 1)
    addRun(ledger, 'w2', 'Bad Model.csv', 2)
    addRun(ledger, 'w3', 'good.csv', 3)
    projection.load(['w1', 'w2', 'w3'])
    projection.update('w3', { stage: 'AwaitingApproval' })
    const ids = (query: Parameters<typeof projection.list>[0]) => projection.list(query).runs.map((run) => run.workflowId)
    expect(ids({ limit: 10, offset: 0 })).toEqual(['w3', 'w2', 'w1'])
    expect(ids({ limit: 1, offset: 1 })).toEqual(['w2'])
    expect(ids({ limit: 10, offset: 0, text: 'bad m' })).toEqual(['w2'])
    expect(ids({ limit: 10, offset: 0, stages: ['AwaitingApproval'] })).toEqual(['w3'])
    expect(projection.list({ limit: 1, offset: 0, text: 'good' })).toMatchObject({
      total: 2,
      byStage: { Queued: 2, AwaitingApproval: 1 },
    })
  })

  it('opens nothing that was sealed under another key', () => {
    const { ledger, projection } = setUp()
    addRun(ledger, 'w1')
    projection.load(['w1'])
    projection.update('w1', { problem: 'secret' })
    projection.flush()
    const sealed = ledger.prepare('SELECT sealed FROM projection').pluck().get() as Buffer
    expect(createSealer(Buffer.alloc(32, 8)).open(sealed)).toBeNull()
    const spoilt = Buffer.from(sealed)
    spoilt.writeUInt8(spoilt.readUInt8(30) ^ 1, 30)
    expect(sealer.open(spoilt)).toBeNull()
    expect(sealer.open(sealed)).toMatchObject({ problem: 'secret' })
  })
})

describe('what other workers did', () => {
  const ref = { workflowId: 'w1', runId: 'r1', step: 'train_model' as const, attempt: 1 }
  const gpu = { message: 'GPU is away', type: 'GpuUnavailable', nonRetryable: false, stack: null }

  it('a bare worker beside the host is heard like its own', () => {
    const { ledger, projection, pushed } = setUp()
    addRun(ledger, 'w1')
    projection.load(['w1'])
    projection.hear({ kind: 'stage', workflowId: 'w1', runId: 'r1', stage: 'Training', at: at(1) })
    projection.hear({ kind: 'started', ...ref, startedAt: at(2), worker: 'bare', maxAttempts: 3 })
    projection.hear({ kind: 'progress', ...ref, progress: { fraction: 0.4, message: 'Round 4', at: at(3) } })
    expect(projection.progress('w1')).toMatchObject({ attempt: 1, progress: { fraction: 0.4 } })
    projection.hear({ kind: 'ended', ...ref, endedAt: at(4), outcome: 'failed', failure: gpu })
    projection.flush()
    expect(pushed.at(-1)).toMatchObject([{ stage: 'Training', attempt: 1, maxAttempts: 3, problem: 'GPU is away' }])
    expect(projection.attempts('r1')).toEqual([
      {
        ...{ step: 'train_model', attempt: 1, startedAt: at(2), endedAt: at(4) },
        ...{ outcome: 'failed', worker: 'bare', failure: gpu },
      },
    ])
  })

  it('an attempt that outlived a start of the host ends where it began', () => {
    const { ledger, projection } = setUp()
    addRun(ledger, 'w1')
    projection.load(['w1'])
    projection.hear({ kind: 'started', ...ref, startedAt: at(2), worker: 'bare', maxAttempts: 3 })
    projection.close()
    const next = setUp(ledger).projection
    next.hear({ kind: 'ended', ...ref, endedAt: at(9), outcome: 'completed', failure: null })
    expect(next.attempts('r1')).toMatchObject([{ startedAt: at(2), endedAt: at(9), outcome: 'completed', worker: 'bare' }])
  })

  it('an attempt that only Temporal knew of is kept, once', () => {
    const { projection } = setUp()
    const seen = {
      ...{ step: 'train_model' as const, attempt: 1, startedAt: at(2), endedAt: at(4) },
      ...{ outcome: 'failed' as const, worker: 'elsewhere', failure: gpu },
    }
    projection.keepSeen('r1', seen)
    // The server and the worker tell the same moment by two clocks.
    projection.keepSeen('r1', { ...seen, startedAt: at(5), endedAt: at(5) })
    projection.keepSeen('r1', { ...seen, attempt: 2, startedAt: at(8), endedAt: at(9) })
    expect(projection.attempts('r1').map(({ attempt }) => attempt)).toEqual([1, 2])
  })

  it('an attempt that Temporal told before its worker did is one attempt', () => {
    const { projection } = setUp()
    const ended = { ...ref, endedAt: at(4), outcome: 'failed' as const, failure: gpu }
    projection.keepSeen('r1', { ...ended, startedAt: at(4), worker: 'bare' })
    projection.hear({ kind: 'started', ...ref, startedAt: at(3), worker: 'bare', maxAttempts: 3 })
    projection.hear({ kind: 'ended', ...ended })
    expect(projection.attempts('r1')).toMatchObject([{ attempt: 1, startedAt: at(3), endedAt: at(4) }])
  })

  it('an attempt that ran into its limit is no second one, though Temporal tells the end of the one before', () => {
    const { projection } = setUp()
    const stale = { step: 'train_model' as const, attempt: 2, startedAt: at(4), endedAt: at(4), worker: 'bare', failure: gpu }
    projection.hear({ kind: 'started', ...ref, attempt: 2, startedAt: at(20), worker: 'bare', maxAttempts: 3 })
    projection.hear({ kind: 'ended', ...ref, attempt: 2, endedAt: at(50), outcome: 'timedOut', failure: gpu })
    projection.keepSeen('r1', { ...stale, outcome: 'timedOut' })
    expect(projection.attempts('r1')).toMatchObject([{ startedAt: at(20), endedAt: at(50) }])
    projection.hear({ kind: 'started', ...ref, attempt: 3, startedAt: at(55), worker: 'bare', maxAttempts: 3 })
    projection.keepSeen('r1', { ...stale, attempt: 3, outcome: 'timedOut' })
    const [, lost] = projection.attempts('r1')
    expect(lost).toMatchObject({ startedAt: at(55), outcome: 'timedOut' })
    expect(Date.parse(lost?.endedAt ?? '')).toBeGreaterThan(Date.parse(at(55)))
  })

  it('an attempt whose end nobody told here ends as Temporal says', () => {
    const { projection, timedOut } = setUp()
    projection.hear({ kind: 'started', ...ref, startedAt: at(2), worker: 'bare', maxAttempts: 3 })
    const seen = {
      ...{ step: 'train_model' as const, attempt: 1, startedAt: at(40), endedAt: at(40) },
      ...{ outcome: 'timedOut' as const, worker: 'bare', failure: gpu },
    }
    // Each look at Temporal finds it anew, until the next attempt has failed.
    projection.keepSeen('r1', seen)
    projection.keepSeen('r1', seen)
    expect(timedOut).toEqual(['train_model'])
    expect(projection.attempts('r1')).toMatchObject([{ startedAt: at(2), endedAt: at(40), outcome: 'timedOut' }])
  })
})
