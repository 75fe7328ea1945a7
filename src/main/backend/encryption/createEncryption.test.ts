import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { conflict } from '../../../contract/errors.ts'
import type { KeyRingState, KeysState } from '../../../contract/keys.ts'
import type { CodecServer } from '../codecServer/createCodecServer.ts'
import { createAudit } from '../ledger/audit.ts'
import { openLedger } from '../ledger/openLedger.ts'
import { silentLog } from '../log.ts'
import { createEncryption } from './createEncryption.ts'

/** A ring whose keys are names. */
function fakeRing() {
  const listeners = new Set<() => void>()
  const tell = () => {
    for (const listener of listeners) listener()
  }
  let made = 1
  let state: KeyRingState = {
    encrypting: true,
    problem: null,
    remedy: null,
    needsPassphrase: false,
    warning: null,
    canUsePassphrase: true,
    settings: {},
    provider: 'file',
    keys: [],
  }
  const rotate = () => {
    const key = { provider: 'file', createdAt: new Date().toISOString(), messages: 0, messageBudget: 100, openRuns: 0 } as const
    const before = state.keys.map((one) => ({ ...one, state: 'reading' as const }))
    state = { ...state, keys: [{ ...key, id: `k-${made++}`, state: 'sealing' }, ...before] }
    tell()
  }
  rotate()
  const ring: Parameters<typeof createEncryption>[0]['ring'] = {
    state: () => state,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    rotate: async () => rotate(),
    async retire(id) {
      throw conflict(`Run r-1 may hold values that only ${id} opens.`)
    },
    setEncrypting(on) {
      state = { ...state, encrypting: on }
      tell()
    },
    async unlock() {},
    async usePassphrase() {
      state = { ...state, provider: 'passphrase', canUsePassphrase: false }
    },
    async retry() {},
    exportKey: async (id, passphrase) => `${id} wrapped by ${passphrase.length} characters`,
    importKey: async (text) => ({ id: text, alreadyHere: text === 'k-1' }),
    async chooseProvider(settings) {
      state = { ...state, provider: 'vault', settings }
    },
  }
  return { ring, rotateByItself: rotate }
}

let on = false
let switches = 0
const codecServer: CodecServer = {
  state: () => ({ on, url: on ? `http://127.0.0.1:1/${switches}` : null }),
  async set(to) {
    if (to && !on) switches++
    on = to
  },
  close: async () => undefined,
}

let told: KeysState[]
let desk: ReturnType<typeof createEncryption>
let fake: ReturnType<typeof fakeRing>
beforeEach(() => {
  on = false
  told = []
  fake = fakeRing()
  desk = createEncryption({
    ring: fake.ring,
    codecServer,
    audit: createAudit(openLedger(':memory:')),
    emit: (name, payload) => {
      if (name === 'keys.changed') told.push((payload as { state: KeysState }).state)
    },
    log: silentLog,
    operator: () => 'olga',
    host: 'desk-1',
  })
})
const events = () => desk.state().audit.map(({ event, name, operator }) => `${event} ${name} by ${operator}`)

describe('on and off', () => {
  it('is recorded with a name, told, and written on the worker’s log lines', async () => {
    expect(desk.mode()).toBe('on, k-1')
    const off = await desk.handlers['keys.setEncrypting']({ on: false })
    expect(off).toMatchObject({
      encrypting: false,
      audit: [{ event: 'off', name: 'encryption', operator: 'olga', host: 'desk-1' }],
    })
    expect(desk.mode()).toBe('off')
    expect(told.at(-1)).toMatchObject({ encrypting: false })
    await desk.handlers['keys.setEncrypting']({ on: false })
    expect(events()).toHaveLength(1)
    await desk.handlers['keys.setEncrypting']({ on: true })
    expect(events()).toEqual(['on encryption by olga', 'off encryption by olga'])
    expect(told.at(-1)?.revision).toBeGreaterThan(off.revision)
  })

  it('of the codec server is recorded too', async () => {
    expect((await desk.handlers['keys.codecServer']({ on: true })).codecServer).toEqual({ on: true, url: 'http://127.0.0.1:1/1' })
    await desk.handlers['keys.codecServer']({ on: true })
    await desk.handlers['keys.codecServer']({ on: false })
    expect(events()).toEqual(['off codec server by olga', 'on codec server by olga'])
    expect(JSON.stringify(desk.state().audit)).not.toContain('127.0.0.1')
  })
})

describe('keys', () => {
  it('rotate once, however often the same click arrives', async () => {
    await Promise.all([desk.handlers['keys.rotate']({ from: 'k-1' }), desk.handlers['keys.rotate']({ from: 'k-1' })])
    expect(desk.state().keys.map(({ id, state }) => `${id} ${state}`)).toEqual(['k-2 sealing', 'k-1 reading'])
    expect(events()).toEqual(['rotated k-2 by olga'])
  })

  it('that rotate by themselves are recorded as that', () => {
    fake.rotateByItself()
    expect(events()).toEqual(['rotated k-2 by Gatehouse'])
    expect(told.at(-1)?.keys[0]?.id).toBe('k-2')
  })

  it('that are needed are not retired, and the refusal is recorded', async () => {
    await expect(desk.handlers['keys.retire']({ id: 'k-1' })).rejects.toThrow('Run r-1')
    expect(events()).toEqual(['refused k-1 by olga'])
  })

  it('leave and come with a record, and never with their passphrase', async () => {
    const passphrase = randomBytes(12).toString('hex')
    expect(await desk.handlers['keys.export']({ id: 'k-1', passphrase })).toEqual({
      id: 'k-1',
      text: 'k-1 wrapped by 24 characters',
    })
    expect(await desk.handlers['keys.import']({ text: 'k-9', passphrase })).toMatchObject({ id: 'k-9', alreadyHere: false })
    await desk.handlers['keys.import']({ text: 'k-1', passphrase })
    await desk.handlers['keys.usePassphrase']({ passphrase })
    await desk.handlers['keys.unlock']({ passphrase })
    expect(events()).toEqual([
      'unlocked encryption by olga',
      'protected encryption by olga',
      'imported k-9 by olga',
      'exported k-1 by olga',
    ])
    expect(JSON.stringify([desk.state(), told])).not.toContain(passphrase)
  })
})

it('tells nothing while nothing changes', () => {
  desk.look()
  const before = told.length
  desk.look()
  expect(told.length).toBe(before)
})
