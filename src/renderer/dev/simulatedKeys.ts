import type { Handlers } from '../../contract/calls.ts'
import { conflict, notFound, refused, unavailable } from '../../contract/errors.ts'
import type { KeysState } from '../../contract/keys.ts'

type KeyCalls = Extract<keyof Handlers, `keys.${string}`>
export type KeysScenario = 'usual' | 'file' | 'locked'

const hour = 3_600_000

/** A key ring that plays, for the simulated host; its one passphrase is "correct horse battery". */
export function createSimulatedKeys(
  scenario: KeysScenario,
  clock: () => number,
  by: () => { operator: string; host: string },
  tell: (state: KeysState) => void,
): Pick<Handlers, KeyCalls> {
  const iso = (ms: number) => new Date(ms).toISOString()
  let made = 0
  let state: KeysState = {
    encrypting: true,
    problem: null,
    remedy: null,
    needsPassphrase: false,
    warning:
      scenario === 'file'
        ? 'The keys lie in a file that only this user can read, and nothing else protects them: no OS keychain was found.'
        : null,
    canUsePassphrase: scenario === 'file',
    provider: scenario === 'usual' ? 'keychain' : scenario === 'file' ? 'file' : 'passphrase',
    settings: {},
    keys: [
      { id: 'k-7f3a91c2', state: 'sealing', messages: 12_288, openRuns: 3, createdAt: iso(clock() - 2 * hour) },
      { id: 'k-19bd04e7', state: 'reading', messages: 401_408, openRuns: 1, createdAt: iso(clock() - 41 * 24 * hour) },
      { id: 'k-02cc7d10', state: 'retired', messages: 90_112, openRuns: 0, createdAt: iso(clock() - 210 * 24 * hour) },
    ].map((key) => ({ ...key, provider: 'keychain', messageBudget: 2 ** 28 }) as KeysState['keys'][number]),
    codecServer: { on: false, url: null },
    audit: [],
    revision: 1,
  }
  if (scenario === 'locked') {
    state = {
      ...state,
      problem: 'The keys are protected by a passphrase, and it was not given since this start.',
      remedy: 'Give the passphrase. Until then runs wait; nothing is lost, and nothing is written in clear.',
      needsPassphrase: true,
    }
  }
  const set = (change: Partial<KeysState>, event?: KeysState['audit'][number]['event'], name = '', detail = '') => {
    const audit = event
      ? [{ id: state.audit.length + 1, at: iso(clock()), event, name, ...by(), detail }, ...state.audit]
      : state.audit
    state = { ...state, ...change, audit, revision: state.revision + 1 }
    tell(state)
    return state
  }
  const keyOf = (id: string) => {
    const key = state.keys.find((one) => one.id === id)
    if (!key) throw notFound(`There is no key ${id} here.`)
    return key
  }
  const right = 'correct horse battery'
  return {
    'keys.get': () => state,
    'keys.setEncrypting': ({ on }) =>
      on === state.encrypting ? state : set({ encrypting: on }, on ? 'on' : 'off', 'encryption'),
    'keys.rotate': ({ from }) => {
      if (state.keys.find((key) => key.state === 'sealing')?.id !== from) return state
      const id = `k-5${(++made).toString().padStart(7, '0')}`
      return set(
        {
          keys: [
            { ...keyOf(from), id, createdAt: iso(clock()), messages: 0, openRuns: 0 },
            ...state.keys.map((key) => (key.id === from ? { ...key, state: 'reading' as const } : key)),
          ],
        },
        'rotated',
        id,
        `It follows ${from}.`,
      )
    },
    'keys.retire': ({ id }) => {
      const key = keyOf(id)
      if (key.state === 'sealing') throw conflict('New payloads are sealed with this key. Rotate first.')
      if (key.openRuns > 0) throw conflict(`${key.openRuns} open run still holds payloads of this key. Retire it after that.`)
      return set({ keys: state.keys.map((one) => (one.id === id ? { ...one, state: 'retired' } : one)) }, 'retired', id)
    },
    'keys.export': ({ id }) => {
      keyOf(id)
      set({}, 'exported', id)
      return { id, text: `-----BEGIN GATEHOUSE KEY-----\n${'q83vEjRWeJA8fZaB'.repeat(12)}\n-----END GATEHOUSE KEY-----` }
    },
    'keys.import': ({ passphrase }) => {
      if (passphrase !== right) throw refused('The passphrase is not the one that this key was exported with.')
      const id = 'k-c0ffee01'
      if (state.keys.some((key) => key.id === id)) return { id, alreadyHere: true, state }
      const key = { ...(state.keys.at(-1) as KeysState['keys'][number]), id, state: 'reading' as const, messages: 0 }
      return { id, alreadyHere: false, state: set({ keys: [...state.keys, key] }, 'imported', id) }
    },
    'keys.unlock': ({ passphrase }) => {
      if (passphrase !== right) throw refused('This is not the passphrase of these keys. Nothing was changed.')
      return set({ problem: null, remedy: null, needsPassphrase: false })
    },
    'keys.usePassphrase': () =>
      set({ provider: 'passphrase', warning: null, canUsePassphrase: false }, 'protected', 'encryption', 'By a passphrase.'),
    'keys.chooseProvider': ({ settings, vaultToken }) => {
      if (settings.provider === 'vault' && !vaultToken)
        throw unavailable('keys', `Vault at ${settings.vault?.address} wants a token. Nothing was changed.`)
      const provider = settings.provider === 'vault' || settings.provider === 'aws-kms' ? settings.provider : 'keychain'
      return set(
        { provider, settings, warning: null, canUsePassphrase: false },
        'moved',
        'new keys',
        `They come from ${provider}.`,
      )
    },
    'keys.retry': () => state,
    'keys.codecServer': ({ on }) =>
      set(
        { codecServer: { on, url: on ? `http://127.0.0.1:41233/${'b7e1'.repeat(8)}` : null } },
        on ? 'on' : 'off',
        'codec server',
      ),
  }
}
