import { describe, expect, it } from 'vitest'
import type { Observed } from '../../contract/observed.ts'
import { silentLog } from '../backend/log.ts'
import { NoHostError } from '../control/connectToHost.ts'
import { createHostObserver } from './hostObserver.ts'

const at = '2026-01-01T12:00:00.000Z'
const ref = { workflowId: 'w', runId: 'r', step: 'train_model' as const, attempt: 1 }

/** A host that may be away; it remembers what it was told. */
function hostBeside() {
  const told: Observed[] = []
  const host = {
    away: false,
    told,
    calls: 0,
    call: async (_: unknown, input: unknown) => {
      host.calls++
      if (host.away) throw new NoHostError('no host')
      told.push(...(input as { events: Observed[] }).events)
      return {}
    },
  }
  return host
}
const observerOf = (host: ReturnType<typeof hostBeside>) => createHostObserver({ host: host as never, log: silentLog })

describe('what a bare worker tells the host beside it', () => {
  it('comes in order, and of progress only the latest', async () => {
    const host = hostBeside()
    const observer = observerOf(host)
    observer.attemptStarted({ ...ref, startedAt: at, worker: 'bare', maxAttempts: 3 })
    for (const fraction of [0.1, 0.2, 0.3]) observer.progress({ ...ref, fraction, message: 'Round', at })
    observer.attemptEnded({ ...ref, endedAt: at, outcome: 'completed', failure: null })
    await observer.close()
    expect(host.told.map((e) => (e.kind === 'progress' ? e.progress.fraction : e.kind))).toEqual(['started', 0.3, 'ended'])
    expect(host.calls).toBe(1)
  })

  it('waits for a host that is away, and loses nothing', async () => {
    const host = hostBeside()
    host.away = true
    const observer = observerOf(host)
    observer.attemptStarted({ ...ref, startedAt: at, worker: 'bare', maxAttempts: 3 })
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect([host.calls > 0, host.told.length]).toEqual([true, 0])
    host.away = false
    observer.attemptEnded({ ...ref, endedAt: at, outcome: 'failed', failure: null })
    await observer.close()
    expect(host.told.map(({ kind }) => kind)).toEqual(['started', 'ended'])
  })

  it('sends a burst in calls of a bearable size', async () => {
    const host = hostBeside()
    const observer = observerOf(host)
    for (let attempt = 1; attempt <= 450; attempt++)
      observer.attemptStarted({ ...ref, attempt, startedAt: at, worker: 'bare', maxAttempts: null })
    await observer.close()
    expect([host.told.length, host.calls]).toEqual([450, 3])
  })
})
