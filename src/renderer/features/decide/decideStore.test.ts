import { describe, expect, it } from 'vitest'
import { conflict } from '../../../contract/errors.ts'
import type { RunDetail } from '../../../contract/model.ts'
import { createMemoryConnection } from '../../api/memory.ts'
import { createSimulatedHost } from '../../dev/simulatedHost.ts'
import { createDecideStore } from './decideStore.ts'

const setUp = (scenario: 'mixed' | 'troubled' = 'mixed', decide?: (input: { decisionId: string }) => void) => {
  const host = createSimulatedHost(scenario)
  const sent: string[] = []
  const connection = createMemoryConnection({
    ...host.handlers,
    'runs.get': (input) => host.handlers['runs.get'](input),
    'runs.decide': (input) => {
      sent.push(input.decisionId)
      decide?.(input)
      return host.handlers['runs.decide'](input)
    },
  })
  host.onEvent((name, payload) => connection.emit(name, payload))
  const store = createDecideStore(connection)
  const waiting = async () => {
    const { runs } = await connection.call('runs.list', { stages: ['AwaitingApproval'] })
    const found = runs.find((run) => !run.decisionPending)
    if (!found) throw new Error('no run awaits a decision')
    return found.workflowId
  }
  return { host, connection, store, sent, waiting }
}

describe('decideStore', () => {
  it('sends one decision however often it is pressed', async () => {
    const { store, sent, waiting, connection } = setUp()
    const id = await waiting()
    store.getState().start(id, 'approve')
    store.getState().setReason('Better than the last one')
    await Promise.all([store.getState().submit(), store.getState().submit(), store.getState().submit()])
    await store.getState().submit()
    expect(sent).toHaveLength(1)
    expect(store.getState().open?.phase).toBe('delivered')
    expect((await connection.call('runs.get', { workflowId: id })).decision?.reason).toBe('Better than the last one')
  })

  it('sends the same decision again after a loss, so that it stays one', async () => {
    const { store, sent, waiting, connection } = setUp()
    store.getState().start(await waiting(), 'reject')
    store.getState().setReason('Too few rows')
    connection.setStatus('lost')
    await store.getState().submit()
    expect(store.getState().open?.phase).toBe('failed')
    expect(store.getState().open?.error?.kind).toBe('unavailable')
    connection.setStatus('open')
    const before = store.getState().open?.decisionId
    await store.getState().submit()
    expect(sent).toEqual([before])
    expect(store.getState().open?.phase).toBe('delivered')
  })

  it('asks for a reason before anything is sent', async () => {
    const { store, sent, waiting } = setUp()
    store.getState().start(await waiting(), 'approve')
    store.getState().setReason('   ')
    await store.getState().submit()
    expect(sent).toEqual([])
    expect(store.getState().open?.error).toMatchObject({ kind: 'invalid', field: 'reason' })
  })

  it('is another decision after a refusal, which changed nothing and is remembered under its id', async () => {
    let refuses = true
    const { store, sent, waiting } = setUp('mixed', () => {
      if (refuses) throw conflict('This run has not reached its gate.')
    })
    store.getState().start(await waiting(), 'approve')
    store.getState().setReason('Better')
    await store.getState().submit()
    expect(store.getState().open?.phase).toBe('failed')
    refuses = false
    await store.getState().submit()
    expect(store.getState().open?.phase).toBe('delivered')
    expect(new Set(sent).size).toBe(2)
  })

  it('tells that somebody else decided, and what', async () => {
    const { store, waiting, connection, host } = setUp('mixed', () => {
      throw conflict('This run was decided meanwhile.')
    })
    const id = await waiting()
    store.getState().start(id, 'approve')
    store.getState().setReason('Fine')
    host.handlers['runs.decide']({
      workflowId: id,
      decisionId: crypto.randomUUID(),
      decision: 'reject',
      reason: 'August is missing',
    })
    await store.getState().submit()
    expect(store.getState().open?.error?.kind).toBe('conflict')
    const detail = await connection.call('runs.get', { workflowId: id })
    expect(store.getState().open?.detail?.decision).toEqual(detail.decision)
    expect(detail.decision?.reason).toBe('August is missing')
  })

  it('names what was deployed once the run has ended, for its link', async () => {
    const { store, waiting, connection, host } = setUp()
    const id = await waiting()
    store.getState().start(id, 'approve')
    store.getState().setReason('Fine')
    await store.getState().submit()
    const before = await connection.call('runs.get', { workflowId: id })
    const prod = {
      environment: 'prod',
      url: 'http://127.0.0.1:8081/models/m',
      modelId: 'm',
      deployedAt: before.acceptedAt,
    } as const
    const ended: RunDetail = {
      ...before,
      stage: 'Completed',
      revision: before.revision + 1,
      deployments: [...before.deployments, prod],
    }
    host.handlers['runs.get'] = () => ended
    const asked = new Promise<void>((done) => {
      const stop = store.subscribe(({ open }) => {
        if (!open?.detail?.deployments.some((deployment) => deployment.environment === 'prod')) return
        stop()
        done()
      })
    })
    connection.emit('runs.changed', { runs: [ended] })
    await asked
    expect(store.getState().open?.detail?.deployments).toContainEqual(prod)
  })

  it('another kind of decision is another decision', async () => {
    const { store, waiting } = setUp()
    store.getState().start(await waiting(), 'approve')
    store.getState().setReason('kept')
    const first = store.getState().open?.decisionId
    store.getState().switchKind()
    expect(store.getState().open).toMatchObject({ kind: 'reject', reason: 'kept' })
    expect(store.getState().open?.decisionId).not.toBe(first)
  })

  it('a late answer never touches a dialog that was opened after it', async () => {
    const { store, waiting } = setUp()
    const id = await waiting()
    store.getState().start(id, 'approve')
    store.getState().setReason('Fine')
    const sending = store.getState().submit()
    store.getState().close()
    store.getState().start(id, 'reject')
    await sending
    expect(store.getState().open?.phase).toBe('editing')
  })

  it('reads the model now in production, and keeps it when approve becomes reject', async () => {
    const { store, waiting } = setUp()
    const id = await waiting()
    const known = new Promise<void>((done) => store.subscribe(({ open }) => open?.production.state === 'known' && done()))
    store.getState().start(id, 'approve')
    await known
    store.getState().switchKind()
    expect(store.getState().open).toMatchObject({ kind: 'reject', production: { state: 'known', model: { servedIn: ['prod'] } } })
  })

  it('goes on without what cannot be read, and says so', async () => {
    const { connection, store, waiting } = setUp()
    const id = await waiting()
    const said = new Promise<void>((done) => store.subscribe(({ open }) => open?.production.state === 'unknown' && done()))
    connection.setStatus('lost')
    store.getState().start(id, 'approve')
    await said
    connection.setStatus('open')
    store.getState().setReason('Fine all the same')
    await store.getState().submit()
    expect(store.getState().open?.phase).toBe('delivered')
  })
})
