import { createStore } from 'zustand/vanilla'
import type { CallInput, CallName, CallOutput } from '../../../contract/calls.ts'
import { type KeyInfo, type KeyProvider, type KeysState, keysState } from '../../../contract/keys.ts'
import type { Connection } from '../../../contract/wire.ts'
import { problemText } from '../../ui/problem.ts'

export type KeyCall = Extract<CallName, `keys.${string}`>
export type Asked<N extends KeyCall> = { ok: true; output: CallOutput<N> } | { ok: false; message: string }

export interface KeysView {
  load: 'loading' | 'ready' | 'failed'
  problem: string | null
  state: KeysState | null
  fetch(): Promise<void>
  /** Asks the host and takes in the state that holds then. What was asked, a passphrase say, is kept nowhere. */
  ask<N extends KeyCall>(call: N, input: CallInput<N>): Promise<Asked<N>>
}

export const providerWords: Record<KeyProvider, string> = {
  keychain: 'the OS keychain',
  file: 'a file of this user',
  passphrase: 'a file that a passphrase protects',
  environment: 'the environment',
  vault: 'HashiCorp Vault',
  'aws-kms': 'AWS KMS',
}

export const sealingKey = (state: KeysState | null): KeyInfo | null => state?.keys.find((key) => key.state === 'sealing') ?? null

/** `k-7f3a91c2` as the status line has room for it: `k-7f3`. An id that somebody chose says more in full, up to a length. */
export const shortKey = (id: string): string =>
  /^k-[0-9a-f]{6,}$/.test(id) ? id.slice(0, 5) : id.length > 16 ? `${id.slice(0, 15)}…` : id

export interface LineWords {
  tone: 'good' | 'bad' | 'human'
  words: string
}

/** What the status line says; null while nothing is known. */
export function lineWords(state: KeysState | null): LineWords | null {
  if (!state) return null
  if (!state.encrypting) return { tone: 'bad', words: 'not encrypted' }
  if (state.problem !== null) return { tone: 'bad', words: state.needsPassphrase ? 'keys are locked' : 'no keys' }
  const key = sealingKey(state)
  const words = key ? `encrypted, key ${shortKey(key.id)}` : 'encrypted'
  return { tone: state.warning === null ? 'good' : 'human', words }
}

/** true while new payloads are written in clear: said in the title until it is over. */
export const isInClear = ({ state }: Pick<KeysView, 'state'>): boolean => state !== null && !state.encrypting

export function createKeysStore(connection: Connection) {
  const store = createStore<KeysView>()((set, get) => ({
    load: 'loading',
    problem: null,
    state: null,
    async fetch() {
      try {
        take(await connection.call('keys.get', {}), true)
      } catch (cause) {
        set(get().load === 'ready' ? { problem: problemText(cause) } : { load: 'failed', problem: problemText(cause) })
      }
    },
    async ask(call, input) {
      try {
        const output = await connection.call(call, input)
        const state = keysState.safeParse('state' in output ? output.state : output)
        if (state.success) take(state.data)
        return { ok: true, output }
      } catch (cause) {
        return { ok: false, message: problemText(cause) }
      }
    },
  }))
  /** An older answer never overwrites a newer one; after a restart of the host its count begins anew, and it is asked afresh. */
  const take = (state: KeysState, afresh = false) => {
    const known = store.getState().state
    if (!afresh && known && known.revision > state.revision) return
    store.setState({ state, load: 'ready', problem: null })
  }
  connection.subscribe('keys.changed', ({ state }) => take(state))
  return store
}
export type KeysStore = ReturnType<typeof createKeysStore>
