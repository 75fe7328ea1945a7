import { describe, expect, it } from 'vitest'
import type { ModelSummary } from '../../../contract/models.ts'
import { createMemoryConnection } from '../../api/memory.ts'
import { createSimulatedHost } from '../../dev/simulatedHost.ts'
import { createModelsStore, gainOf, layOut } from './modelsStore.ts'

const model = (modelId: string, change: Partial<ModelSummary> = {}): ModelSummary => ({
  modelId,
  workflowId: `mlops-${modelId}`,
  runId: 'r',
  fileName: `${modelId}.csv`,
  datasetSha256: 'a'.repeat(64),
  pipeline: 'standard',
  trainer: 'boosting',
  task: 'regression',
  target: 'rings',
  metrics: { mae: 1.5 },
  baseline: { mae: 2 },
  createdAt: '2026-01-01T00:00:00.000Z',
  servedIn: [],
  decision: null,
  ...change,
})
const list = (models: ModelSummary[], change: Partial<Parameters<typeof layOut>[0]> = {}) =>
  layOut({ models, text: '', filter: 'all', sort: { by: 'createdAt', down: false }, ...change })

describe('the list', () => {
  const models = [
    model('a', { createdAt: '2026-01-01T00:00:00.000Z' }),
    model('b', { createdAt: '2026-01-03T00:00:00.000Z', metrics: { mae: 1.2 }, servedIn: ['prod'] }),
    model('c', {
      createdAt: '2026-01-02T00:00:00.000Z',
      task: 'binary',
      metrics: { accuracy: 0.9, macro_f1: 0.8 },
      baseline: { macro_f1: 0.4 },
    }),
    model('demo', {
      createdAt: '2025-01-02T00:00:00.000Z',
      task: null,
      target: null,
      metrics: { accuracy: 0.9, mae: 9 },
      baseline: null,
    }),
  ]
  it('stands newest first, or oldest', () => {
    expect(list(models)).toEqual(['b', 'c', 'a', 'demo'])
    expect(list(models, { sort: { by: 'createdAt', down: true } })).toEqual(['demo', 'a', 'c', 'b'])
  })
  it('sorts figures of the same kind beside each other, the better one first', () => {
    expect(list(models, { sort: { by: 'metric', down: false } })).toEqual(['c', 'b', 'a', 'demo'])
  })
  it('sorts by the gain over the baseline; what has none stands last', () => {
    expect(list(models, { sort: { by: 'gain', down: false } })).toEqual(['c', 'b', 'a', 'demo'])
  })
  it('filters by what is served, by task and by what is typed', () => {
    expect(list(models, { filter: 'served' })).toEqual(['b'])
    expect(list(models, { filter: 'classification' })).toEqual(['c'])
    expect(list(models, { filter: 'demo' })).toEqual(['demo'])
    expect(list(models, { text: ' RINGS ' })).toEqual(['b', 'c', 'a'])
  })
})

it('a gain is better above 0, whichever way the metric counts', () => {
  expect(gainOf(model('a'))).toBeCloseTo(0.25)
  expect(gainOf(model('a', { metrics: { accuracy: 0.6 }, baseline: { accuracy: 0.5 } }))).toBeCloseTo(0.2)
  expect(gainOf(model('a', { metrics: { mae: 1 }, baseline: { mae: 0 } }))).toBeNull()
  expect(gainOf(model('a', { baseline: null }))).toBeNull()
})

describe('modelsStore', () => {
  const setUp = async () => {
    const host = createSimulatedHost('mixed')
    const connection = createMemoryConnection(host.handlers)
    host.onEvent((name, payload) => connection.emit(name, payload))
    const store = createModelsStore(connection)
    await store.getState().fetch()
    return { store, connection, host }
  }

  it('chooses two to compare; a third takes the place of the first', async () => {
    const { store } = await setUp()
    const [a = '', b = '', c = ''] = store.getState().visible
    for (const id of [a, b, c]) store.getState().choose(id)
    expect(store.getState().chosen).toEqual([b, c])
    store.getState().choose(b)
    expect(store.getState().chosen).toEqual([c])
  })

  it('keeps what it knows when the host goes away, and says why it is old', async () => {
    const { store, connection } = await setUp()
    const known = store.getState().visible.length
    expect(known).toBeGreaterThan(3)
    connection.setStatus('lost')
    await store.getState().fetch()
    expect(store.getState()).toMatchObject({ load: 'ready' })
    expect(store.getState().problem).toContain('reached')
    expect(store.getState().visible).toHaveLength(known)
  })

  it('reads the model that is open again when it is told that it changed', async () => {
    const { store, connection, host } = await setUp()
    const id = store.getState().models.find((m) => m.task !== null)?.modelId as string
    const read = () =>
      new Promise<void>((done) => {
        const stop = store.subscribe(({ details }, before) => {
          if (details[id]?.detail === before.details[id]?.detail) return
          stop()
          done()
        })
      })
    const first = read()
    store.getState().open([id])
    await first
    const again = read()
    const answer = await host.handlers['models.get']({ modelId: id })
    host.handlers['models.get'] = () => ({ ...answer, codeVersion: '9.9.9' })
    const fresh = createMemoryConnection(host.handlers)
    expect((await fresh.call('models.get', { modelId: id })).codeVersion).toBe('9.9.9')
    connection.emit('models.changed', { modelIds: ['another', id] })
    await again
    expect(store.getState().details[id]?.detail?.modelId).toBe(id)
  })

  it('says what became of a model that is not there', async () => {
    const { store } = await setUp()
    store.getState().open(['nobody'])
    await new Promise<void>((done) => store.subscribe(({ details }) => details.nobody?.problem && done()))
    expect(store.getState().details.nobody?.problem).toContain('There is no model nobody')
  })

  it('asks the host for models that are not here', async () => {
    const asked: (string | undefined)[] = []
    const connection = createMemoryConnection({
      'models.list': ({ text }) => {
        asked.push(text)
        return { models: [text ? model('old') : model('new')], total: 2, problem: null }
      },
    })
    const store = createModelsStore(connection)
    await store.getState().fetch()
    const found = new Promise<void>((done) => store.subscribe(({ visible }) => visible.includes('old') && done()))
    store.getState().setText('old')
    expect(store.getState().visible).toEqual([])
    await found
    expect(asked).toEqual([undefined, 'old'])
    expect(store.getState().visible).toEqual(['old'])
  })
})
