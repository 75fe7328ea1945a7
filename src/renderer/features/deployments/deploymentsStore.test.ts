import { describe, expect, it } from 'vitest'
import { conflict } from '../../../contract/errors.ts'
import type { DeploymentRecord } from '../../../contract/models.ts'
import { createMemoryConnection } from '../../api/memory.ts'
import { createSimulatedHost } from '../../dev/simulatedHost.ts'
import { createDeploymentsStore, curlExample, earlierModels } from './deploymentsStore.ts'

const record = (modelId: string, change: Partial<DeploymentRecord> = {}): DeploymentRecord => ({
  id: modelId,
  environment: 'prod',
  modelId,
  fileName: `${modelId}.csv`,
  at: '2026-01-01T00:00:00.000Z',
  until: null,
  kind: 'run',
  operator: 'ada',
  reason: 'good',
  workflowId: `mlops-${modelId}`,
  ...change,
})

describe('earlierModels', () => {
  it('names each model once, not the one that is served, nor one whose switch failed', () => {
    const served = record('a')
    const history = [served, record('b'), record('a'), record('c', { kind: 'undone' }), record('b'), record('d')]
    expect(earlierModels({ served, history }).map(({ modelId }) => modelId)).toEqual(['b', 'd'])
  })
  it('offers everything where nothing is served', () => {
    expect(earlierModels({ served: null, history: [record('a')] })).toHaveLength(1)
  })
})

describe('curlExample', () => {
  it('can be pasted whatever a column is called', () => {
    const example = curlExample({ address: 'http://127.0.0.1:8081', exampleRow: { "it's": 'a$b', length: 0.5, none: null } })
    expect(example).toBe(
      `curl -s http://127.0.0.1:8081/predict -H 'Content-Type: application/json' -d '{"rows":[{"it'\\''s":"a$b","length":0.5,"none":null}]}'`,
    )
  })
  it('shows what would turn it around as JSON escapes, which name the same column', () => {
    const exampleRow = { 'evil\u202egnp.exe': 0.5 }
    const example = curlExample({ address: 'http://127.0.0.1:8081', exampleRow }) ?? ''
    expect(example).toContain('evil\\u202egnp.exe')
    expect(JSON.parse(/'(\{.*\})'$/.exec(example)?.[1] ?? '')).toEqual({ rows: [exampleRow] })
  })
  it('is absent where nothing can be predicted', () => {
    expect(curlExample({ address: null, exampleRow: {} })).toBeNull()
    expect(curlExample({ address: 'http://x', exampleRow: null })).toBeNull()
  })
})

describe('deploymentsStore', () => {
  const setUp = async (refuse = false) => {
    const host = createSimulatedHost('mixed')
    const sent: string[] = []
    const connection = createMemoryConnection({
      ...host.handlers,
      'deployments.rollBack': (input) => {
        sent.push(input.requestId)
        if (refuse) throw conflict('Its file was changed after training. prod was left as it is.')
        return host.handlers['deployments.rollBack'](input)
      },
    })
    host.onEvent((name, payload) => connection.emit(name, payload))
    const store = createDeploymentsStore(connection)
    await store.getState().fetch()
    const prod = () => {
      const found = store.getState().environments.find(({ environment }) => environment === 'prod')
      if (!found) throw new Error('no production')
      return found
    }
    const earlier = () => {
      const found = earlierModels(prod()).find(({ fileName }) => fileName?.startsWith('abalone'))
      if (!found) throw new Error('nothing to go back to')
      return found.modelId
    }
    return { store, connection, sent, prod, earlier }
  }

  it('asks for a reason, then rolls back once however often it is pressed', async () => {
    const { store, sent, prod, earlier } = await setUp()
    const wanted = earlier()
    store.getState().startRollBack('prod', wanted)
    await store.getState().submit()
    expect(store.getState().rollBack?.error).toMatchObject({ kind: 'invalid', field: 'reason' })
    store.getState().edit({ reason: 'Too slow on Mondays' })
    await Promise.all([store.getState().submit(), store.getState().submit()])
    await store.getState().submit()
    expect(sent).toHaveLength(1)
    expect(store.getState().rollBack?.phase).toBe('done')
    expect(prod().served).toMatchObject({ modelId: wanted, kind: 'rollBack', reason: 'Too slow on Mondays' })
  })

  it('sends the same request again after a loss, and another one for another model', async () => {
    const { store, sent, connection, earlier, prod } = await setUp()
    store.getState().startRollBack('prod', earlier())
    store.getState().edit({ reason: 'Back' })
    connection.setStatus('lost')
    await store.getState().submit()
    expect(store.getState().rollBack).toMatchObject({ phase: 'failed', error: { kind: 'unavailable' } })
    const before = store.getState().rollBack?.requestId
    connection.setStatus('open')
    await store.getState().submit()
    expect(sent).toEqual([before])
    store.getState().close()
    store.getState().startRollBack('prod', earlierModels(prod())[0]?.modelId ?? null)
    const first = store.getState().rollBack?.requestId
    store.getState().edit({ modelId: 'another' })
    expect(store.getState().rollBack?.requestId).not.toBe(first)
  })

  it('shows a refusal and keeps what was typed', async () => {
    const { store, earlier } = await setUp(true)
    store.getState().startRollBack('prod', earlier())
    store.getState().edit({ reason: 'Back' })
    await store.getState().submit()
    expect(store.getState().rollBack).toMatchObject({ phase: 'failed', reason: 'Back', error: { kind: 'conflict' } })
  })

  it('follows what happens elsewhere', async () => {
    const { store, connection, earlier } = await setUp()
    const wanted = earlier()
    const seen = new Promise<void>((done) =>
      store.subscribe(({ environments }) => environments[1]?.served?.modelId === wanted && done()),
    )
    await connection.call('deployments.rollBack', {
      environment: 'prod',
      modelId: wanted,
      reason: 'From a terminal',
      requestId: crypto.randomUUID(),
    })
    await seen
    expect(store.getState().environments[1]?.served?.reason).toBe('From a terminal')
  })
})
