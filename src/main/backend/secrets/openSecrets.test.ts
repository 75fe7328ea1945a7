/** The keychain tests run a real gnome-keyring on a D-Bus session of their own. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Home, homeAt, makeHome } from '../home.ts'
import { silentLog } from '../log.ts'
import { openSecrets } from './openSecrets.ts'
import { SecretsUnavailable } from './secretStore.ts'
import { haveKeyring, type KeyringSession, openKeyringSession } from './testKeyring.ts'

let folder: string
let home: Home
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-secrets-'))
  home = homeAt(join(folder, 'home'))
  makeHome(home)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})
const open = (wanted?: string) => openSecrets({ home, log: silentLog, wanted, limitMilliseconds: 3_000 })
const secretFile = () => join(home.config, 'secrets.json')

describe('in a file', () => {
  test('keeps a secret for the next start, readable by this user alone', async () => {
    const store = await open('file')
    expect(await store.get('a')).toBeNull()
    await Promise.all([store.set('a', 'one'), store.set('b', 'two')])
    const again = await open('file')
    expect([await again.get('a'), await again.get('b')]).toEqual(['one', 'two'])
    expect(statSync(secretFile()).mode & 0o777).toBe(0o600)
  })

  test('is what a session without a keychain falls back to, and it says so', async () => {
    vi.stubEnv('DBUS_SESSION_BUS_ADDRESS', `unix:path=${join(folder, 'no-bus')}`)
    const store = await open('')
    await store.set('a', 'one')
    expect(store.describe()).toMatchObject({ state: 'up', summary: 'file' })
    expect(store.describe().detail).toContain(secretFile())
    expect(store.describe().remedy).toContain('GATEHOUSE_SECRETS=keychain')
  })

  test('a damaged file is named, not overwritten, and not quoted', async () => {
    await (await open('file')).set('a', 'very-secret')
    writeFileSync(secretFile(), '{"a": "very-secret"')
    const store = await open('file')
    await expect(store.get('a')).rejects.toThrow(SecretsUnavailable)
    await expect(store.set('b', 'two')).rejects.toThrow(/damaged/)
    expect(store.describe().detail).not.toContain('very-secret')
    expect(store.describe().state).toBe('down')
    expect(readFileSync(secretFile(), 'utf8')).toBe('{"a": "very-secret"')
  })

  test.each(['', '{', '{"id": 3}', '{"id": "0123456789abcdef", "store": "cloud"}'])(
    'a damaged choice (%s) is read from its copy, kept and named; the same secrets are found',
    async (text) => {
      await (await open('file')).set('a', 'one')
      const file = join(home.config, 'secret-store.json')
      const before = readFileSync(file, 'utf8')
      writeFileSync(file, text)
      const store = await open('file')
      expect(await store.get('a')).toBe('one')
      expect(store.describe()).toMatchObject({ state: 'up' })
      expect(store.describe().detail).toContain(`${file} was damaged`)
      expect(readFileSync(file, 'utf8')).toBe(before)
      const kept = readdirSync(home.config).find((name) => name.startsWith('secret-store.json.broken-')) as string
      expect(readFileSync(join(home.config, kept), 'utf8')).toBe(text)
      expect((await open('file')).describe().detail).not.toContain('damaged')
    },
  )

  test('a damaged choice without a copy stops rather than guesses', async () => {
    writeFileSync(join(home.config, 'secret-store.json'), '{')
    await expect(open('file')).rejects.toThrow(SecretsUnavailable)
    writeFileSync(join(home.config, 'secret-store.copy.json'), '[]')
    await expect(open('file')).rejects.toThrow(/no copy of it can be read/)
  })
})

describe.runIf(haveKeyring)('in the keychain', () => {
  let session: KeyringSession
  beforeEach(() => {
    session = openKeyringSession(folder)
  })
  afterEach(() => session.close())
  const keyring = (unlocked: boolean) => session.start(unlocked)

  test('keeps secrets there, one data folder apart from another, and none in a file', async () => {
    await keyring(true)
    const store = await open('')
    await store.set('a', 'one')
    expect(store.describe()).toMatchObject({ state: 'up', summary: 'keychain', detail: '' })
    expect(await (await open('')).get('a')).toBe('one')
    expect(existsSync(secretFile())).toBe(false)
    const other = homeAt(join(folder, 'other'))
    makeHome(other)
    expect(await (await openSecrets({ home: other, log: silentLog, wanted: '' })).get('a')).toBeNull()
  })

  test('a keychain that is locked later is told as such; no new secret is made in a file', async () => {
    const first = await keyring(true)
    await (await open('')).set('a', 'one')
    process.kill(first, 'SIGKILL')
    await keyring(false)
    const locked = await open('')
    await expect(locked.get('a')).rejects.toThrow(SecretsUnavailable)
    expect(locked.describe()).toMatchObject({ state: 'down', summary: 'keychain' })
    expect(locked.describe().remedy).toContain('Unlock')
    expect(existsSync(secretFile())).toBe(false)
  })

  test('a keychain that hangs is given up after the limit, and the file is used', async () => {
    const pid = await keyring(true)
    process.kill(pid, 'SIGSTOP')
    const store = await open('')
    expect(store.describe().summary).toBe('file')
  })

  test('secrets move when the operator asks for it', async () => {
    await (await open('file')).set('a', 'one')
    await keyring(true)
    const moved = await open('keychain')
    expect(await moved.get('a')).toBe('one')
    expect(readFileSync(secretFile(), 'utf8')).not.toContain('one')
    // Without the request it stays where it is now.
    expect(await (await open('')).get('a')).toBe('one')
    expect((await open('')).describe().summary).toBe('keychain')
  })
})
