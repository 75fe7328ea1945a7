import { describe, expect, it } from 'vitest'
import { refused } from '../../../contract/errors.ts'
import { createMemoryConnection } from '../../api/memory.ts'
import { createSimulatedHost } from '../../dev/simulatedHost.ts'
import { createProfilesStore, profileWords } from './profilesStore.ts'

function open() {
  const host = createSimulatedHost('empty')
  const connection = createMemoryConnection(host.handlers)
  host.onEvent((name, payload) => connection.emit(name, payload))
  return { connection, store: createProfilesStore(connection) }
}

describe('profiles', () => {
  it('are asked whether they answer, each by itself and but for those that cannot be chosen', async () => {
    const { store } = open()
    await store.getState().fetch()
    const asked = store.getState().check()
    expect(Object.keys(store.getState().checks)).toEqual(['embedded', 'compose', 'lab'])
    expect(store.getState().checks.lab).toHaveProperty('asked')
    await asked
    const { checks } = store.getState()
    expect(checks.lab).toMatchObject({ found: { temporal: { state: 'up' }, postgres: { state: 'asks' } } })
    expect(checks.compose).toMatchObject({ found: { temporal: { state: 'down' } } })
  })

  it('keep what one answered when another could not be asked', async () => {
    const { handlers } = createSimulatedHost('empty')
    const connection = createMemoryConnection({
      ...handlers,
      'profiles.check': (input) => {
        if (input.name === 'lab') throw refused('Somebody took it out of the file.')
        return handlers['profiles.check'](input)
      },
    })
    const store = createProfilesStore(connection)
    await store.getState().fetch()
    await store.getState().check()
    expect(store.getState().checks).toMatchObject({
      lab: { problem: 'Somebody took it out of the file.' },
      embedded: { found: { temporal: { state: 'own' } } },
    })
  })

  it('are chosen and taken back, in every window; a refusal changes nothing and is told', async () => {
    const { connection, store } = open()
    const other = createProfilesStore(connection)
    await store.getState().fetch()
    expect(await store.getState().use('lab', 'The cluster is ready.')).toBeNull()
    expect(store.getState().state).toMatchObject({ inUse: 'embedded', next: 'lab' })
    expect(other.getState().state?.next).toBe('lab')
    expect(await store.getState().use('staging')).toContain('"staging" is not right')
    expect(store.getState().state?.next).toBe('lab')
    expect(await store.getState().use('embedded')).toBeNull()
    expect(other.getState().state?.next).toBe('embedded')
  })

  it.each([
    [{ inUse: 'embedded', next: 'embedded' }, 'embedded'],
    [{ inUse: 'embedded', next: 'lab' }, 'embedded now, lab from the next start'],
    [{ inUse: 'embedded', next: null }, 'embedded'],
    [{ inUse: null, next: 'gone' }, 'none yet: gone cannot be used'],
    [{ inUse: null, next: null }, 'none: it cannot be told which one'],
  ])('%j reads "%s"', (state, words) => expect(profileWords(state)).toBe(words))
})
