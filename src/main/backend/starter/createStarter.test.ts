import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultRetries } from '../../../temporal/retries.ts'
import type { RunInput } from '../../../temporal/types.ts'
import { type Ledger, openLedger } from '../ledger/openLedger.ts'
import { createRuns } from '../ledger/runs.ts'
import { openSharedLedger } from '../ledger/testing/sharedLedger.ts'
import { silentLog } from '../log.ts'
import { createStarter, type Starter } from './createStarter.ts'

let ledger: Ledger
let starter: Starter | undefined
beforeEach(() => {
  ledger = openLedger(':memory:')
})
afterEach(async () => {
  await starter?.close()
  starter = undefined
  ledger.close()
})

/** Records accepted runs, a second apart, the first one being the oldest. */
function accept(...names: string[]) {
  const runs = createRuns(ledger)
  names.forEach((name, i) => {
    const acceptedAt = new Date(Date.UTC(2024, 0, 1, 0, 0, i)).toISOString()
    const file = { sha256: 'f'.repeat(64), uri: `sha256:${'f'.repeat(64)}`, size_bytes: 1 }
    runs.add(
      {
        ...{ workflowId: name, fileName: `${name}.csv`, sha256: file.sha256, sizeBytes: 1, sourcePath: `/in/${name}.csv` },
        ...{ origin: 'inbox', submittedBy: 'ada', acceptedAt, again: 0, requestId: null },
      },
      {
        ...{ file_path: `/in/${name}.csv`, trigger_type: 'file_upload', dataset: { ...file, file_name: `${name}.csv` } },
        settings: { retries: defaultRetries },
      },
    )
  })
}
const pending = () =>
  ledger.prepare('SELECT workflow_id AS id, attempts, last_error FROM start_outbox ORDER BY rowid').all() as {
    id: string
    attempts: number
    last_error: string | null
  }[]

/** A Temporal that can be away, and is asked through `start`. */
function open(startOf: (workflowId: string, input: RunInput) => Promise<{ runId: string }>, startsPerSecond = 1000) {
  const asked: string[] = []
  const startedAt = new Map<string, number>()
  const started: string[] = []
  const problems: string[] = []
  let reachable = true
  let underWay = 0
  let most = 0
  const listeners = new Set<() => void>()
  const told = () => {
    for (const listener of [...listeners]) listener()
  }
  starter = createStarter({
    ledger,
    start: async (workflowId, input) => {
      asked.push(workflowId)
      startedAt.set(workflowId, performance.now())
      most = Math.max(most, ++underWay)
      try {
        return await startOf(workflowId, input)
      } finally {
        underWay--
      }
    },
    canStart: () => reachable,
    startsPerSecond: () => startsPerSecond,
    onStarted: (id) => {
      started.push(id)
      told()
    },
    onProblem: (id) => {
      problems.push(id)
      told()
    },
    log: silentLog,
  })
  return {
    ...{ asked, started, problems, startedAt, most: () => most },
    wake: () => starter?.wake(),
    reach(now: boolean) {
      reachable = now
    },
    until: (condition: () => boolean) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (!condition()) return
          listeners.delete(look)
          resolve()
        }
        listeners.add(look)
        look()
      }),
  }
}
const unavailable = () => Object.assign(new Error('14 UNAVAILABLE: no connection'), { code: 14 })

describe('starts', () => {
  it('go out oldest first with their input, and are forgotten once Temporal has them', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `run-${i}`)
    accept(...names)
    const inputs: RunInput[] = []
    const t = open(async (id, input) => {
      inputs.push(input)
      return { runId: `${id}-execution` }
    })
    t.wake()
    await t.until(() => t.started.length === 20)
    expect(t.asked).toEqual(names)
    expect(inputs[3]).toMatchObject({ file_path: '/in/run-3.csv', dataset: { file_name: 'run-3.csv' } })
    expect(pending()).toEqual([])
    const row = ledger.prepare(`SELECT run_id, started_at, stage, revision FROM projection WHERE workflow_id = 'run-7'`).get()
    expect(row).toMatchObject({
      run_id: 'run-7-execution',
      stage: 'Queued',
      revision: 2,
      started_at: expect.stringMatching(/Z$/),
    })
    expect(t.most()).toBeLessThanOrEqual(4)
  })

  it('are throttled', async () => {
    accept('a', 'b', 'c', 'd')
    const t = open(async (id) => ({ runId: id }), 20)
    t.wake()
    await t.until(() => t.started.length === 4)
    const at = [...t.startedAt.values()]
    // 50 ms apart; timers may fire a little early against the finer clock.
    for (let i = 1; i < at.length; i++) expect((at[i] as number) - (at[i - 1] as number)).toBeGreaterThan(45)
  })

  it('that fail are kept with their reason, do not hold up others, and are tried again', async () => {
    accept('odd', 'fine')
    let fails = 1
    const t = open(async (id) => {
      if (id === 'odd' && fails-- > 0) throw new Error('namespace is full')
      return { runId: id }
    })
    t.wake()
    await t.until(() => t.started.includes('fine') && t.problems.length === 1)
    expect(pending()).toMatchObject([{ id: 'odd', attempts: 1, last_error: 'namespace is full' }])
    await t.until(() => t.started.includes('odd'))
    expect(pending()).toEqual([])
  })

  it('that a ledger on a full disk cannot note rest as long, and go out once when there is room', async () => {
    accept('a')
    const askedAt: number[] = []
    const t = open(async (id) => {
      askedAt.push(performance.now())
      return { runId: id }
    })
    ledger.pragma('query_only = ON') // writes are refused, as on a full disk
    t.wake()
    await expect.poll(() => askedAt.length, { timeout: 10_000 }).toBe(2)
    ledger.pragma('query_only = OFF')
    // The first wait is a second, give or take a fifth.
    expect((askedAt[1] as number) - (askedAt[0] as number)).toBeGreaterThan(790)
    await t.until(() => t.started.length === 1)
    expect(pending()).toEqual([])
  })

  it('wait for a ledger that another program holds without being tried, and go out once when it lets go', async () => {
    const other = openSharedLedger()
    ledger.close()
    ledger = other.ledger
    accept('a', 'b')
    const t = open(async (id) => ({ runId: id }))
    other.hold()
    t.wake()
    t.wake()
    expect(t.asked).toEqual([])
    other.letGo()
    await t.until(() => t.started.length === 2)
    expect(t.asked).toEqual(['a', 'b'])
    expect(pending()).toEqual([])
    await starter?.close()
    other.remove()
  })

  it('wait for Temporal without being tried, and go out when it comes back', async () => {
    accept('a', 'b')
    const t = open(async (id) => ({ runId: id }))
    t.reach(false)
    t.wake()
    expect(t.asked).toEqual([])
    t.reach(true)
    t.wake()
    await t.until(() => t.started.length === 2)
  })

  it('of files that were accepted while the clock was a day ahead do not wait for that day', async () => {
    accept('a', 'b')
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString()
    ledger.prepare('UPDATE run SET accepted_at = ?').run(tomorrow)
    ledger.prepare('UPDATE start_outbox SET next_attempt_at = ?').run(tomorrow)
    const t = open(async (id) => ({ runId: id }))
    t.wake()
    await t.until(() => t.started.length === 2)
    expect(pending()).toEqual([])
  })

  it('that waited because Temporal was away go out at once with the first that gets through', async () => {
    accept('a', 'b', 'c', 'd', 'e', 'f')
    // Long waits, as after an hour without Temporal.
    ledger.prepare('UPDATE start_outbox SET attempts = 20').run()
    let away = true
    const t = open(async (id) => {
      if (away) throw unavailable()
      return { runId: id }
    })
    t.wake()
    await t.until(() => t.problems.length === 6)
    const waitingFor = () =>
      ledger.prepare('SELECT count(*) FROM start_outbox WHERE next_attempt_at > ?').pluck().get(new Date().toISOString())
    expect(waitingFor()).toBe(6)
    away = false
    t.wake()
    await t.until(() => t.started.length === 1)
    expect(waitingFor()).toBe(0)
    await t.until(() => t.started.length === 6)
    expect(t.started).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
  })

  it('that were under way when the host was killed are asked for again under the same id', async () => {
    accept('a')
    let answer = () => {}
    const first = open((id) => new Promise((resolve) => (answer = () => resolve({ runId: `${id}-execution` }))))
    first.wake()
    expect(first.asked).toEqual(['a'])
    // Temporal has it, but the process is gone before it hears so. The next one finds the row as it was.
    const gone = starter?.close()
    answer()
    await gone
    expect(pending()).toMatchObject([{ id: 'a', attempts: 0 }])
    const next = open(async (id) => ({ runId: `${id}-execution` }))
    next.wake()
    await next.until(() => next.started.length === 1)
    expect(next.asked).toEqual(['a'])
    expect(pending()).toEqual([])
  })

  it('leave what the worker has already told of the run', async () => {
    accept('a')
    ledger.prepare(`UPDATE projection SET run_id = 'newer', stage = 'Training', started_at = '2024-01-01T00:00:05.000Z'`).run()
    const t = open(async () => ({ runId: 'older' }))
    t.wake()
    await t.until(() => t.started.length === 1)
    expect(ledger.prepare('SELECT run_id, stage, started_at FROM projection').get()).toEqual({
      run_id: 'newer',
      stage: 'Training',
      started_at: '2024-01-01T00:00:05.000Z',
    })
  })

  it('closed, it takes up nothing more', async () => {
    accept('a', 'b')
    let release = () => {}
    const t = open((id) => new Promise((resolve) => (release = () => resolve({ runId: id }))), 1)
    t.wake()
    const closing = starter?.close()
    release()
    await closing
    t.wake()
    expect(t.asked).toEqual(['a'])
    expect(pending()).toHaveLength(2)
  })
})
