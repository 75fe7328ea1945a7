import { describe, expect, it } from 'vitest'
import { refused } from '../../../contract/errors.ts'
import { createMemoryConnection } from '../../api/memory.ts'
import { createSimulatedHost } from '../../dev/simulatedHost.ts'
import { createDropStore, isBusy } from './dropStore.ts'

const file = (name: string, size = 3) => ({ file: new File(['x'.repeat(size)], name), name })

describe('dropStore', () => {
  it('sends each file and tells what became of it', async () => {
    const host = createSimulatedHost('empty')
    const store = createDropStore({
      connection: createMemoryConnection(host.handlers),
      pathOfFile: null,
      upload: async (body, name, onProgress) => {
        onProgress(body.size)
        return host.receive(name, body.size)
      },
    })
    await store.getState().submit([file('good.csv'), file('picture.png'), file('empty.csv', 0)])
    await store.getState().submit([file('good.csv')])
    expect(store.getState().items.map((i) => [i.name, i.entry?.outcome])).toEqual([
      ['good.csv', 'alreadyProcessed'],
      ['good.csv', 'accepted'],
      ['picture.png', 'refused'],
      ['empty.csv', 'refused'],
    ])
  })

  it('puts away what became a run and keeps what has to be read', async () => {
    const host = createSimulatedHost('empty')
    const store = createDropStore({
      connection: createMemoryConnection(host.handlers),
      pathOfFile: null,
      upload: async (body, name) => host.receive(name, body.size),
    })
    await store.getState().submit([file('good.csv'), file('picture.png')])
    store.getState().clearAccepted()
    expect(store.getState().items.map((i) => i.name)).toEqual(['picture.png'])
  })

  it('sends at most five at a time, all in the end, and one refusal stops no other', async () => {
    const host = createSimulatedHost('empty')
    let now = 0
    let most = 0
    const store = createDropStore({
      connection: createMemoryConnection(host.handlers),
      pathOfFile: null,
      upload: async (body, name) => {
        most = Math.max(most, ++now)
        await new Promise((resolve) => setImmediate(resolve))
        now--
        if (name === 'f7.csv') throw refused('The disk is full. Nothing was taken.')
        return host.receive(name, body.size)
      },
    })
    await store.getState().submit(Array.from({ length: 40 }, (_, i) => file(`f${i}.csv`)))
    expect(most).toBe(5)
    expect(store.getState().items.filter(isBusy)).toEqual([])
    expect(store.getState().items.filter((i) => i.entry?.outcome === 'accepted')).toHaveLength(39)
    expect(store.getState().items.find((i) => i.name === 'f7.csv')).toMatchObject({
      state: 'failed',
      problem: 'The disk is full. Nothing was taken.',
    })
  })

  it('hands paths over where there are paths, and says what has none', async () => {
    const host = createSimulatedHost('empty')
    const store = createDropStore({
      connection: createMemoryConnection(host.handlers),
      pathOfFile: (f) => (f.name === 'web.csv' ? '' : `/tmp/${f.name}`),
      upload: () => Promise.reject(new Error('nothing is uploaded where files have paths')),
    })
    await store.getState().submit([file('good.csv'), file('web.csv')])
    expect(store.getState().items.map((i) => [i.name, i.entry?.outcome ?? i.state])).toEqual([
      ['good.csv', 'accepted'],
      ['web.csv', 'failed'],
    ])
  })

  it('says so when there was no file', async () => {
    const store = createDropStore({
      connection: createMemoryConnection({}),
      pathOfFile: null,
      upload: () => Promise.reject(new Error('no')),
    })
    await store.getState().submit([])
    expect(store.getState().hint).toContain('no file')
  })
})
