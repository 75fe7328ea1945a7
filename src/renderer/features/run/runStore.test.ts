import { describe, expect, it, vi } from 'vitest'
import type { RunDetail } from '../../../contract/model.ts'
import { createMemoryConnection } from '../../api/memory.ts'
import { createSimulatedHost } from '../../dev/simulatedHost.ts'
import { createRunStore } from './runStore.ts'

const setUp = async () => {
  const host = createSimulatedHost('mixed')
  const { runs } = await host.handlers['runs.list']({ limit: 100, offset: 0 })
  let asked = 0
  const answers = new Map<string, (detail: RunDetail) => RunDetail>()
  const connection = createMemoryConnection({
    ...host.handlers,
    'runs.get': async (input) => {
      asked++
      const detail = await host.handlers['runs.get'](input)
      return answers.get(input.workflowId)?.(detail) ?? detail
    },
  })
  const store = createRunStore(connection)
  const ids = runs.map((run) => run.workflowId) as [string, string, ...string[]]
  return { connection, store, ids, runs, answers, askedTimes: () => asked }
}

describe('runStore', () => {
  it('asks once for many changes, and again for the last of them', async () => {
    vi.useFakeTimers()
    try {
      const { connection, store, ids, runs, askedTimes } = await setUp()
      store.getState().open(ids[0])
      await vi.advanceTimersByTimeAsync(1000)
      const before = askedTimes()
      for (let n = 0; n < 20; n++) connection.emit('runs.changed', { runs: runs.slice(0, 1) })
      await vi.advanceTimersByTimeAsync(1000)
      expect(askedTimes() - before).toBeLessThanOrEqual(2)
      expect(askedTimes() - before).toBeGreaterThanOrEqual(1)
    } finally {
      vi.useRealTimers()
    }
  })

  it('asks for the heartbeat of a step that runs unheard, and not of one that is told of', async () => {
    vi.useFakeTimers()
    try {
      const { connection, store, ids, answers, askedTimes } = await setUp()
      answers.set(ids[0], (detail) => ({
        ...detail,
        steps: detail.steps.map((step) =>
          step.step === 'train_model' ? { ...step, state: 'running' } : { ...step, state: 'waiting' },
        ),
      }))
      store.getState().open(ids[0])
      await vi.advanceTimersByTimeAsync(10_000)
      expect(askedTimes()).toBeGreaterThanOrEqual(3)
      const before = askedTimes()
      for (let second = 0; second < 10; second++) {
        const progress = { fraction: second / 10, message: 'Round', at: new Date().toISOString() }
        connection.emit('run.progress', { workflowId: ids[0], step: 'train_model', attempt: 1, progress })
        await vi.advanceTimersByTimeAsync(1000)
      }
      expect(askedTimes()).toBe(before)
      store.getState().open(null)
      await vi.advanceTimersByTimeAsync(10_000)
      expect(askedTimes()).toBe(before)
    } finally {
      vi.useRealTimers()
    }
  })

  it('shows nothing of the run before, also when its answer is late', async () => {
    const { store, ids } = await setUp()
    store.getState().open(ids[0])
    store.getState().open(ids[1])
    expect(store.getState().detail).toBeNull()
    await vi.waitFor(() => expect(store.getState().detail?.workflowId).toBe(ids[1]), 20_000)
  })

  it('an older detail does not undo a newer summary', async () => {
    const { connection, store, ids, runs, answers } = await setUp()
    store.getState().open(ids[0])
    await vi.waitFor(() => expect(store.getState().detail).not.toBeNull(), 20_000)
    answers.set(ids[0], (detail) => ({ ...detail, revision: 3, stage: 'Training' }))
    const newest = runs[0]
    if (!newest) throw new Error('no run')
    connection.emit('runs.changed', { runs: [{ ...newest, revision: 7, stage: 'Cancelled' }] })
    expect(store.getState().detail?.stage).toBe('Cancelled')
    store.getState().refetch()
    await vi.waitFor(() => expect(store.getState().detail?.revision).toBe(7), 20_000)
    expect(store.getState().detail?.stage).toBe('Cancelled')
  })

  it('keeps decoded payloads of the open run alone', async () => {
    const { store, ids } = await setUp()
    const done = ids[8] as string
    store.getState().open(done)
    await store.getState().loadPayloads('train_model')
    expect(store.getState().payloads.train_model?.payloads?.results[0]?.json).toContain('9007199254740993')
    store.getState().open(ids[0])
    expect(store.getState().payloads).toEqual({})
  })
})
