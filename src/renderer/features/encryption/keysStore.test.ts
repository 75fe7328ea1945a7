import { describe, expect, it } from 'vitest'
import type { KeyInfo, KeysState } from '../../../contract/keys.ts'
import { createMemoryConnection } from '../../api/memory.ts'
import { createSimulatedHost } from '../../dev/simulatedHost.ts'
import { createKeysStore, isInClear, lineWords } from './keysStore.ts'

async function opened() {
  const host = createSimulatedHost('empty')
  const connection = createMemoryConnection(host.handlers)
  host.onEvent((name, payload) => connection.emit(name, payload))
  const store = createKeysStore(connection)
  await store.getState().fetch()
  return { connection, store }
}
const known = (await opened()).store.getState().state as KeysState

describe('the status line', () => {
  it.each<[string, Partial<KeysState>, ReturnType<typeof lineWords>]>([
    ['usual', {}, { tone: 'good', words: 'encrypted, key k-7f3' }],
    ['off', { encrypting: false, warning: 'w' }, { tone: 'bad', words: 'not encrypted' }],
    ['keys in a bare file', { warning: 'w' }, { tone: 'human', words: 'encrypted, key k-7f3' }],
    ['a locked keychain', { problem: 'p' }, { tone: 'bad', words: 'no keys' }],
    ['a passphrase is needed', { problem: 'p', needsPassphrase: true }, { tone: 'bad', words: 'keys are locked' }],
    [
      'a key with a chosen id',
      { keys: [{ ...known.keys[0], id: '2026-11' } as KeyInfo] },
      { tone: 'good', words: 'encrypted, key 2026-11' },
    ],
    ['before the first key', { keys: [] }, { tone: 'good', words: 'encrypted' }],
  ])('%s', (_, change, words) => expect(lineWords({ ...known, ...change })).toEqual(words))

  it('says nothing while nothing is known', () => expect(lineWords(null)).toBeNull())
})

describe('keysStore', () => {
  it('takes in what holds after a call, and says it in the title while payloads are in clear', async () => {
    const { store } = await opened()
    await store.getState().ask('keys.setEncrypting', { on: false })
    expect(isInClear(store.getState())).toBe(true)
    await store.getState().ask('keys.setEncrypting', { on: true })
    expect(isInClear(store.getState())).toBe(false)
  })

  it('gives what an export answers, and why something was refused; a passphrase stays nowhere', async () => {
    const { store } = await opened()
    const passphrase = 'correct horse staple'
    const exported = await store.getState().ask('keys.export', { id: 'k-7f3a91c2', passphrase })
    expect(exported).toMatchObject({ ok: true, output: { id: 'k-7f3a91c2', text: expect.stringContaining('GATEHOUSE KEY') } })
    const refused = await store.getState().ask('keys.unlock', { passphrase })
    expect(refused).toEqual({ ok: false, message: 'This is not the passphrase of these keys. Nothing was changed.' })
    expect(JSON.stringify(store.getState())).not.toContain(passphrase)
  })

  it('never lets an older answer overwrite a newer one', async () => {
    const { store, connection } = await opened()
    await store.getState().ask('keys.setEncrypting', { on: false })
    connection.emit('keys.changed', { state: known })
    expect(isInClear(store.getState())).toBe(true)
    connection.emit('keys.changed', { state: { ...known, revision: 99 } })
    expect(isInClear(store.getState())).toBe(false)
  })
})
