import { describe, expect, it } from 'vitest'
import { createMemoryConnection } from '../../api/memory.ts'
import { createSimulatedHost } from '../../dev/simulatedHost.ts'
import { createAuditStore } from './auditStore.ts'

const setUp = () => {
  const host = createSimulatedHost('mixed')
  const connection = createMemoryConnection(host.handlers)
  return { connection, store: createAuditStore(connection) }
}

describe('auditStore', () => {
  it('reads page after page, each record once, newest first', async () => {
    const { store } = setUp()
    await store.getState().fetch()
    while (store.getState().entries.length < store.getState().total) await store.getState().loadOlder()
    const ids = store.getState().entries.map(({ id }) => id)
    expect(ids).toHaveLength(3000)
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => b - a))
  })

  it('narrows by kind, person and text, and the export holds all that fits, not what is on the screen', async () => {
    const { store } = setUp()
    await store.getState().fetch()
    store.getState().narrow({ kinds: ['decision'], operator: 'olga' })
    await expect.poll(() => store.getState().total).toBeLessThan(3000)
    const { entries, total } = store.getState()
    expect(entries.every(({ kind, operator }) => kind === 'decision' && operator === 'olga')).toBe(true)
    const read = JSON.parse((await store.getState().exported('json')) ?? '[]')
    expect(read).toHaveLength(total)
    expect(await store.getState().exported('csv')).toContain(`"'=HYPERLINK(`)
  })

  it('holds rows still while they are read, and offers what is new', async () => {
    const { store, connection } = setUp()
    await store.getState().fetch()
    const { entries } = store.getState()
    store.getState().setHeld(true)
    connection.emit('audit.changed', { id: 3001 })
    expect(store.getState()).toMatchObject({ fresh: true, entries })
    store.getState().setHeld(false)
    await expect.poll(() => store.getState().fresh).toBe(false)
  })

  it('says why there is nothing, and keeps what it had when a later question fails', async () => {
    const store = createAuditStore(createMemoryConnection({}))
    await store.getState().fetch()
    expect(store.getState().load).toBe('failed')
    expect(await store.getState().exported('csv')).toBeNull()
  })
})
