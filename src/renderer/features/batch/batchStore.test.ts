import { describe, expect, it } from 'vitest'
import type { Handlers } from '../../../contract/calls.ts'
import { CallFailed, conflict, unavailable } from '../../../contract/errors.ts'
import type { RunSummary } from '../../../contract/model.ts'
import { runOf } from '../../../contract/testRun.ts'
import { createMemoryConnection } from '../../api/memory.ts'
import { createRunsStore } from '../runs/runsStore.ts'
import { type BatchMemory, createBatchMemory } from './batchMemory.ts'
import { createBatchStore, type Item, tally } from './batchStore.ts'

const production = {
  ...{ modelId: 'm-prod', fileName: 'abalone.csv', task: null, target: null, since: '2025-11-23T09:00:00.000Z' },
  metrics: { mae: 1.5 },
}
const waiting = (id: string, mae: number, change: Partial<RunSummary> = {}) =>
  runOf(id, 1, { stage: 'AwaitingApproval', metrics: { mae }, ...change })

async function setUp(runs: RunSummary[], over: Partial<Handlers> = {}, memory?: BatchMemory) {
  const sent: { call: string; workflowId: string; id: string }[] = []
  const connection = createMemoryConnection({
    'runs.list': () => ({ runs, total: runs.length, byStage: {} }),
    'approvals.list': ({ workflowIds }) => ({
      candidates: workflowIds.map((workflowId) => ({
        ...{ workflowId, modelId: `m-${workflowId}`, task: null, target: null, checks: [], data: null },
      })),
      production,
      problem: null,
    }),
    'runs.decide': (input) => {
      sent.push({ call: input.decision, workflowId: input.workflowId, id: input.decisionId })
      return over['runs.decide']?.(input) ?? { state: 'delivered' }
    },
    'runs.cancel': (input) => {
      sent.push({ call: 'cancel', workflowId: input.workflowId, id: input.requestId })
      return over['runs.cancel']?.(input) ?? {}
    },
    'runs.actOnStep': ({ workflowId, step, action, requestId }) => {
      sent.push({ call: `${action} ${step}`, workflowId, id: requestId })
      return {}
    },
  })
  const list = createRunsStore(connection)
  await list.getState().fetch()
  const done: string[] = []
  const store = createBatchStore({ connection, runs: list, operator: () => 'olga', onDone: (ids) => done.push(...ids), memory })
  const outcomes = () =>
    Object.fromEntries((store.getState().batch?.items ?? []).map((i: Item) => [i.workflowId, i.outcome.state]))
  return { connection, store, sent, done, outcomes }
}
/** Lets what was answered come in. */
const settled = () => new Promise((resolve) => setTimeout(resolve))

describe('batchStore', () => {
  it('acts on those that it can, each by a call of its own, and tells who is done', async () => {
    const runs = [waiting('a', 1), runOf('b'), waiting('c', 1, { submittedBy: 'olga' }), runOf('d', 1, { stage: 'Completed' })]
    const { store, sent, done, outcomes } = await setUp(runs)
    store.getState().start('cancel', ['a', 'b', 'c', 'd'])
    await store.getState().send()
    expect(sent).toEqual([])
    expect(store.getState().draft?.problem).toBe('A reason is required.')
    store.getState().setReason('Wrong export.')
    await Promise.all([store.getState().send(), store.getState().send()])
    expect(sent.map(({ workflowId }) => workflowId)).toEqual(['a', 'b', 'c'])
    expect(new Set(sent.map(({ id }) => id)).size).toBe(3)
    expect(outcomes()).toEqual({ a: 'done', b: 'done', c: 'done' })
    expect(done).toEqual(['a', 'b', 'c'])
  })

  it('is there after a reload: what became of each, and what had no answer can be sent again under its id', async () => {
    const kept = new Map<string, string>()
    const storage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, text: string) => void kept.set(key, text),
      removeItem: (key: string) => void kept.delete(key),
    }
    let hang = true
    const cancel: Handlers['runs.cancel'] = ({ workflowId }) => {
      if (workflowId === 'a') throw conflict('It has ended.')
      return workflowId === 'c' && hang ? new Promise(() => {}) : {}
    }
    const first = await setUp(
      [runOf('a'), runOf('b'), runOf('c')],
      { 'runs.cancel': cancel },
      createBatchMemory(() => storage),
    )
    first.store.getState().start('cancel', ['a', 'b', 'c'])
    first.store.getState().setReason('Wrong export.')
    void first.store.getState().send()
    await settled()
    expect(first.outcomes()).toEqual({ a: 'refused', b: 'done', c: 'sending' })
    hang = false
    const second = await setUp(
      [runOf('a')],
      { 'runs.cancel': cancel },
      createBatchMemory(() => storage),
    )
    expect(second.store.getState().isOpen).toBe(false)
    await second.store.getState().resend()
    expect(second.outcomes()).toEqual({ a: 'refused', b: 'done', c: 'done' })
    expect(second.sent.map(({ id }) => id).every((id) => first.sent.some((sent) => sent.id === id))).toBe(true)

    const third = await setUp(
      [],
      {},
      createBatchMemory(() => storage),
    )
    expect(third.outcomes()).toEqual({ a: 'refused', b: 'done', c: 'done' })
    third.store.getState().dismiss()
    expect(
      (
        await setUp(
          [],
          {},
          createBatchMemory(() => storage),
        )
      ).store.getState().batch,
    ).toBeNull()
    kept.set('gatehouse.batch', '{"kind":"burn"}')
    expect(
      (
        await setUp(
          [],
          {},
          createBatchMemory(() => storage),
        )
      ).store.getState().batch,
    ).toBeNull()
  })

  it('never approves a model that got worse, or that nothing is known of, unless it is ticked by itself', async () => {
    const runs = [waiting('better', 1.2), waiting('worse', 1.9), waiting('worst', 2.5), waiting('unknown', 1, { metrics: null })]
    const { store, sent } = await setUp(runs)
    store.getState().start(
      'approve',
      runs.map(({ workflowId }) => workflowId),
    )
    // Not before it is known how they compare.
    store.getState().setReason('Looked at each.')
    await store.getState().send()
    expect(sent).toEqual([])
    await settled()
    store.getState().tick('worse', true)
    await store.getState().send()
    expect(sent.map(({ workflowId }) => workflowId)).toEqual(['better', 'worse'])
  })

  it('tells the loser of a race, and never sends a refusal again', async () => {
    const { store, sent, outcomes } = await setUp([waiting('a', 1), waiting('b', 1)], {
      'runs.decide': ({ workflowId }) => {
        if (workflowId === 'a') throw conflict('This run no longer waits for a decision.')
        return { state: 'pending' }
      },
    })
    store.getState().start('reject', ['a', 'b'])
    store.getState().setReason('Too few rows.')
    await store.getState().send()
    expect(outcomes()).toEqual({ a: 'refused', b: 'kept' })
    await store.getState().resend()
    expect(sent).toHaveLength(2)
  })

  it('sends nothing more once the host is away; sent again under the same ids, nothing is done twice', async () => {
    const runs = Array.from({ length: 9 }, (_, i) => runOf(`r${i}`))
    let calls = 0
    const { store, sent, connection, outcomes, done } = await setUp(runs, {
      'runs.cancel': () => {
        // The answers of the third and whatever follows are lost on their way.
        if (++calls === 3) connection.setStatus('lost')
        return {}
      },
    })
    store.getState().start(
      'cancel',
      runs.map(({ workflowId }) => workflowId),
    )
    store.getState().setReason('Stop.')
    await store.getState().send()
    const { batch } = store.getState()
    if (!batch) throw new Error('no batch')
    const { failed, unsent, done: finished } = tally(batch)
    expect(failed).toBeGreaterThan(0)
    expect(unsent).toBeGreaterThan(0)
    expect(failed + unsent + finished).toBe(9)
    const first = new Map(sent.map(({ workflowId, id }) => [workflowId, id]))

    connection.setStatus('open')
    await store.getState().resend()
    expect(new Set(Object.values(outcomes()))).toEqual(new Set(['done']))
    for (const { workflowId, id } of sent) expect(first.get(workflowId) ?? id).toBe(id)
    expect(new Set(done).size).toBe(9)
  })

  it('is stopped in the middle: what was done stays and is said, the rest was not sent', async () => {
    const runs = Array.from({ length: 12 }, (_, i) => runOf(`r${i}`))
    const { store, sent } = await setUp(runs, {
      'runs.cancel': async () => {
        await settled()
        if (sent.length >= 6) store.getState().stop()
        return {}
      },
    })
    store.getState().start(
      'cancel',
      runs.map(({ workflowId }) => workflowId),
    )
    store.getState().setReason('Stop.')
    const over = store.getState().send()
    // The dialog may be closed, and a second batch only shows the first.
    store.getState().close()
    store.getState().start('reject', ['r0'])
    expect(store.getState()).toMatchObject({ isOpen: true, draft: null })
    await over
    const { batch } = store.getState()
    if (!batch) throw new Error('no batch')
    const { done, unsent, failed } = tally(batch)
    expect(done).toBe(sent.length)
    expect({ failed, sum: done + unsent }).toEqual({ failed: 0, sum: 12 })
    expect(unsent).toBeGreaterThan(0)
  })

  it('tries the waiting attempt of each run’s own step, and asks for what Temporal did not answer once more', async () => {
    const retryAt = '2025-11-23T10:09:00.000Z'
    const { store, sent } = await setUp([
      runOf('training', 1, { retryAt, attempt: 2 }),
      runOf('logging', 1, { retryAt, stage: 'LoggingExperiment' }),
      runOf('calm', 1),
    ])
    store.getState().start('retryNow', ['training', 'logging', 'calm'])
    store.getState().setReason('The disk has room again.')
    await store.getState().send()
    expect(sent.map(({ call }) => call)).toEqual(['retryNow train_model', 'retryNow log_experiment'])
  })

  it('counts a Temporal that does not answer as unknown, not as refused', async () => {
    const { store, outcomes } = await setUp([runOf('a')], {
      'runs.cancel': () => {
        throw new CallFailed(unavailable('temporal', 'Temporal did not answer.').error)
      },
    })
    store.getState().start('cancel', ['a'])
    store.getState().setReason('Stop.')
    await store.getState().send()
    expect(outcomes()).toEqual({ a: 'failed' })
  })
})
