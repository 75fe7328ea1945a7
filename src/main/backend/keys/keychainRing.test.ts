/** The ring on a real gnome-keyring: unlocked, locked, refused and gone. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type DataKey, KeysUnavailable, UnknownKey } from '../../../temporal/codec/keySource.ts'
import { type Home, homeAt, makeHome } from '../home.ts'
import { silentLog } from '../log.ts'
import { openSecrets } from '../secrets/openSecrets.ts'
import { haveKeyring, type KeyringSession, openKeyringSession } from '../secrets/testKeyring.ts'
import { createKeyRing, type KeyRing } from './createKeyRing.ts'

let folder: string
let home: Home
let session: KeyringSession
const rings: KeyRing[] = []

async function openRing(): Promise<KeyRing> {
  const secrets = await openSecrets({ home, log: silentLog, wanted: '', limitMilliseconds: 15_000 })
  const ring = createKeyRing({ home, secrets, log: silentLog, openRuns: () => [] })
  rings.push(ring)
  return ring
}
const sealingKey = async (ring: KeyRing) => (await ring.source.sealingKey(1)) as DataKey
const noFile = () => expect(existsSync(join(home.config, 'secrets.json'))).toBe(false)

describe.runIf(haveKeyring)('keys in the keychain', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-keychain-'))
    home = homeAt(join(folder, 'home'))
    makeHome(home)
    session = openKeyringSession(folder)
  })
  afterEach(() => {
    for (const ring of rings.splice(0)) ring.close()
    session.close()
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true, force: true })
  })

  test('are made there, rotated, retired and had again, and no file holds one', async () => {
    await session.start(true)
    const ring = await openRing()
    const first = await sealingKey(ring)
    expect(ring.state()).toMatchObject({ provider: 'keychain', problem: null, warning: null })
    await ring.rotate()
    const second = await sealingKey(ring)
    await ring.retire(first.id)
    ring.close()
    const next = await openRing()
    expect((await sealingKey(next)).key.equals(second.key)).toBe(true)
    await expect(Promise.resolve(next.source.openingKey(first.id))).rejects.toThrow(UnknownKey)
    noFile()
  }, 30_000)

  test('locked at the start: told with what to do, nothing in clear, no other key; then on with the same one', async () => {
    await session.start(true)
    const before = await openRing()
    const key = await sealingKey(before)
    before.close()
    session.end()

    await session.start(false)
    const ring = await openRing()
    await expect(ring.source.sealingKey(1)).rejects.toThrow(KeysUnavailable)
    expect(ring.state()).toMatchObject({
      encrypting: true,
      problem: expect.stringContaining('keychain'),
      remedy: expect.stringContaining('Unlock'),
      needsPassphrase: false,
    })
    await expect(Promise.resolve(ring.source.openingKey(key.id))).rejects.toThrow(KeysUnavailable)
    const waiting = ring.patientSource.sealingKey(1)
    await ring.retry()
    expect(ring.state().problem).not.toBeNull()
    expect(ring.state().keys).toHaveLength(1)
    noFile()

    session.end()
    await session.start(true)
    await ring.retry()
    expect((await waiting)?.key.equals(key.key)).toBe(true)
    expect(ring.state().problem).toBeNull()
  }, 60_000)

  test('gone at the start: the same, and it is noticed by itself when it is back', async () => {
    await session.start(true)
    const before = await openRing()
    const key = await sealingKey(before)
    before.close()
    session.end()
    const bus = process.env.DBUS_SESSION_BUS_ADDRESS
    vi.stubEnv('DBUS_SESSION_BUS_ADDRESS', `unix:path=${join(folder, 'no-bus')}`)
    const ring = await openRing()
    await expect(ring.source.sealingKey(1)).rejects.toThrow(KeysUnavailable)
    const waiting = ring.patientSource.sealingKey(1)
    noFile()
    vi.stubEnv('DBUS_SESSION_BUS_ADDRESS', bus)
    await session.start(true)
    expect((await waiting)?.key.equals(key.key)).toBe(true)
  }, 60_000)

  test('locked while it runs: what is in memory seals on, and a rotation that cannot be is told', async () => {
    await session.start(true)
    const ring = await openRing()
    const key = await sealingKey(ring)
    session.end()
    await session.start(false)
    await expect(ring.rotate()).rejects.toThrow(/keychain cannot be used now/)
    expect((await sealingKey(ring)).id).toBe(key.id)
    expect(ring.state()).toMatchObject({ problem: null, keys: [{ id: key.id, state: 'sealing' }] })
    noFile()
  }, 60_000)
})
