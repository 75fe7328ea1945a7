import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type DataKey, KeysUnavailable, UnknownKey } from '../../../temporal/codec/keySource.ts'
import { type Home, homeAt, makeHome } from '../home.ts'
import { silentLog } from '../log.ts'
import { openSecrets } from '../secrets/openSecrets.ts'
import { createKeyRing, type KeyRing, type KeyRingOptions } from './createKeyRing.ts'
import { emptyKeyEnvironment } from './environmentKeys.ts'
import { startVaultDouble } from './vaultDouble.ts'

let folder: string
let home: Home
const rings: KeyRing[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-keys-'))
  home = homeAt(join(folder, 'home'))
  makeHome(home)
})
afterEach(() => {
  for (const ring of rings.splice(0)) ring.close()
  rmSync(folder, { recursive: true, force: true })
})

async function openRing(options: Partial<KeyRingOptions> = {}): Promise<KeyRing> {
  const secrets = options.secrets ?? (await openSecrets({ home, log: silentLog, wanted: 'file' }))
  const ring = createKeyRing({ home, log: silentLog, openRuns: () => [], ...options, secrets })
  rings.push(ring)
  return ring
}
const sealingKey = async (ring: KeyRing, messages = 1) => (await ring.source.sealingKey(messages)) as DataKey
const material = (key: DataKey) => key.key.export().toString('base64')
const infoOf = (ring: KeyRing, id: string) => ring.state().keys.find((key) => key.id === id)

describe('the first start', () => {
  test('makes a key, seals with it, and has it again at the next start', async () => {
    const ring = await openRing()
    const key = await sealingKey(ring)
    expect(key.key.symmetricKeySize).toBe(32)
    expect(ring.state()).toMatchObject({ encrypting: true, problem: null, provider: 'file' })
    expect(infoOf(ring, key.id)).toMatchObject({ state: 'sealing', provider: 'file', openRuns: 0 })
    ring.close()
    const again = await openRing()
    expect(material(await sealingKey(again))).toBe(material(key))
    expect(again.state().keys).toHaveLength(1)
  })

  test('without a keychain the warning stays in sight, and the records hold no key', async () => {
    const ring = await openRing()
    const key = await sealingKey(ring)
    expect(ring.state().warning).toContain('passphrase')
    expect(statSync(join(home.config, 'secrets.json')).mode & 0o777).toBe(0o600)
    expect(statSync(join(home.root, 'keys.sqlite')).mode & 0o777).toBe(0o600)
    const records = readFileSync(join(home.root, 'keys.sqlite'))
    expect(records.includes(key.key.export())).toBe(false)
    expect(records.toString('latin1')).not.toContain(material(key))
  })

  test('a bare worker makes no key: it waits for the host to make one', async () => {
    const worker = await openRing({ makesKeys: false })
    await expect(worker.source.sealingKey(1)).rejects.toThrow(KeysUnavailable)
    const waiting = worker.patientSource.sealingKey(1)
    const made = await sealingKey(await openRing())
    await worker.retry()
    expect((await waiting)?.id).toBe(made.id)
  })
})

describe('rotation', () => {
  test('new payloads get the new key, old ones are still read, and the worker beside it follows', async () => {
    const host = await openRing()
    const first = await sealingKey(host)
    const worker = await openRing({ makesKeys: false })
    expect((await sealingKey(worker)).id).toBe(first.id)
    await host.rotate()
    const second = await sealingKey(host)
    expect(second.id).not.toBe(first.id)
    expect(material(await host.source.openingKey(first.id))).toBe(material(first))
    expect(infoOf(host, first.id)?.state).toBe('reading')
    await vi.waitFor(async () => expect((await sealingKey(worker)).id).toBe(second.id), { timeout: 5_000 })
    expect(material(await worker.source.openingKey(first.id))).toBe(material(first))
  })

  test('a key is retired once no open run can hold its values, and destroyed then', async () => {
    const runs: { workflowId: string; begunAt: string }[] = []
    const ring = await openRing({ openRuns: () => runs })
    const first = await sealingKey(ring)
    await expect(ring.retire(first.id)).rejects.toThrow(/Rotate first/)
    runs.push({ workflowId: 'mlops-1-iris', begunAt: new Date().toISOString() })
    await ring.rotate()
    expect(infoOf(ring, first.id)?.openRuns).toBe(1)
    await expect(ring.retire(first.id)).rejects.toThrow(/mlops-1-iris/)
    expect(await ring.source.openingKey(first.id)).toBeTruthy()
    // A run that began well after the rotation never saw the key.
    runs[0] = { workflowId: 'mlops-2-iris', begunAt: new Date(Date.now() + 3_600_000).toISOString() }
    expect(infoOf(ring, first.id)?.openRuns).toBe(0)
    await ring.retire(first.id)
    await expect(Promise.resolve(ring.source.openingKey(first.id))).rejects.toThrow(UnknownKey)
    expect(infoOf(ring, first.id)).toMatchObject({ state: 'retired' })
    expect(readFileSync(join(home.config, 'secrets.json'), 'utf8')).not.toContain(material(first))
    await expect(ring.retire('k-nobody')).rejects.toThrow(/no key/)
  })
})

describe('the budget', () => {
  test('is warned about, and the key is rotated before it is used up', async () => {
    const ring = await openRing({ messageBudget: 1000 })
    const first = await sealingKey(ring)
    const counts = new Map<string, number>()
    for (let i = 0; i < 2500; i++) {
      const key = await sealingKey(ring)
      counts.set(key.id, (counts.get(key.id) ?? 0) + 1)
      const charged = infoOf(ring, key.id)?.messages ?? 0
      expect(charged).toBeGreaterThanOrEqual(counts.get(key.id) ?? 0)
      if (key.id === first.id && charged >= 800) expect(ring.state().warning).toMatch(/has sealed [89]\d %/)
    }
    expect(counts.size).toBeGreaterThanOrEqual(3)
    for (const [, sealed] of counts) expect(sealed).toBeLessThanOrEqual(900)
  })

  test('without a new key the old one serves to the end of its budget and not one message longer', async () => {
    const host = await openRing({ messageBudget: 100 })
    await sealingKey(host)
    host.close()
    const worker = await openRing({ makesKeys: false, messageBudget: 100 })
    for (let i = 0; i < 99; i++) await sealingKey(worker)
    await sealingKey(worker).catch(() => {})
    await expect(worker.source.sealingKey(1)).rejects.toThrow(/as many messages as it may/)
    expect(worker.state()).toMatchObject({ problem: expect.stringContaining('as many messages') })
    const again = await openRing({ messageBudget: 100 })
    expect(await sealingKey(again)).toBeTruthy()
  })

  test('what a crash leaves unused stays charged; an orderly end gives it back', async () => {
    const crashed = await openRing()
    const { id } = await sealingKey(crashed, 3)
    expect(infoOf(crashed, id)?.messages).toBe(1024)
    const next = await openRing()
    await sealingKey(next, 5)
    expect(infoOf(next, id)?.messages).toBe(2048)
    next.close()
    expect(infoOf(crashed, id)?.messages).toBe(1029)
  })
})

describe('switched off', () => {
  test('no key is given until it is switched on again, in every process at once', async () => {
    const host = await openRing()
    await sealingKey(host)
    const worker = await openRing({ makesKeys: false })
    await sealingKey(worker)
    host.setEncrypting(false)
    expect(await host.source.sealingKey(1)).toBeNull()
    await vi.waitFor(async () => expect(await worker.source.sealingKey(1)).toBeNull(), { timeout: 5_000 })
    host.setEncrypting(true)
    expect(await worker.source.sealingKey(1)).not.toBeNull()
    expect((await openRing()).state().encrypting).toBe(true)
  })
})

describe('a passphrase', () => {
  test('wraps the keys, is asked for at the next start, and a wrong one is told', async () => {
    const ring = await openRing()
    const plain = await sealingKey(ring)
    await ring.usePassphrase('correct horse battery')
    const key = await sealingKey(ring)
    expect(key.id).not.toBe(plain.id)
    expect(ring.state()).toMatchObject({ provider: 'passphrase', warning: null })
    const secrets = readFileSync(join(home.config, 'secrets.json'), 'utf8')
    expect(secrets).not.toContain(material(plain))
    expect(secrets).not.toContain(material(key))
    ring.close()

    const next = await openRing()
    await expect(next.source.sealingKey(1)).rejects.toThrow(KeysUnavailable)
    expect(next.state()).toMatchObject({
      provider: 'passphrase',
      problem: expect.stringContaining('passphrase'),
      needsPassphrase: true,
    })
    const waiting = next.patientSource.sealingKey(1)
    await expect(next.unlock('wrong horse battery')).rejects.toThrow(/opens none/)
    await next.unlock('correct horse battery')
    expect(material((await waiting) as DataKey)).toBe(material(key))
    expect(material(await next.source.openingKey(plain.id))).toBe(material(plain))
    expect(next.state().problem).toBeNull()
    // Changed: the old one opens nothing any more.
    await next.usePassphrase('another horse battery')
    next.close()
    const last = await openRing()
    await expect(last.unlock('correct horse battery')).rejects.toThrow(/opens none/)
    await last.unlock('another horse battery')
    expect(material(await sealingKey(last))).toBe(material(key))
  }, 30_000)
})

describe('a passphrase that was set while the host was killed', () => {
  test('what was left in clear is wrapped at the next unlock', async () => {
    const ring = await openRing()
    const first = await sealingKey(ring)
    await ring.usePassphrase('correct horse battery')
    ring.close()
    const file = join(home.config, 'secrets.json')
    const secrets = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>
    const { createdAt } = JSON.parse(secrets[`data-key:${first.id}`] as string)
    secrets[`data-key:${first.id}`] = JSON.stringify({ createdAt, key: material(first) })
    writeFileSync(file, JSON.stringify(secrets))
    const next = await openRing()
    await next.unlock('correct horse battery')
    expect(readFileSync(file, 'utf8')).not.toContain(material(first))
    expect(material(await next.source.openingKey(first.id))).toBe(material(first))
    await expect(next.unlock('wrong horse battery')).rejects.toThrow(/opens none/)
    expect(next.state()).toMatchObject({ problem: null, provider: 'passphrase' })
  }, 30_000)
})

describe('a passphrase from a file', () => {
  test('opens the keys at a start that nobody attends, of the host and of a worker; a wrong one is told', async () => {
    const ring = await openRing()
    await ring.usePassphrase('correct horse battery')
    const key = await sealingKey(ring)
    ring.close()
    const passphraseFile = join(folder, 'passphrase')
    const environment = { ...emptyKeyEnvironment, passphraseFile }
    const host = await openRing({ environment })
    await expect(host.source.sealingKey(1)).rejects.toThrow(/cannot be read \(ENOENT\)/)
    writeFileSync(passphraseFile, 'wrong horse battery\n')
    await host.retry()
    expect(host.state().problem).toContain('opens none of the keys')
    expect(host.state().problem).not.toContain('wrong horse')
    expect(host.state().needsPassphrase).toBe(true)
    writeFileSync(passphraseFile, 'correct horse battery\n')
    await host.retry()
    expect(material(await sealingKey(host))).toBe(material(key))
    expect(material(await sealingKey(await openRing({ environment, makesKeys: false })))).toBe(material(key))
  }, 30_000)
})

describe('a second operator', () => {
  test('reads with an imported key what the first one sealed, and never seals with it', async () => {
    const first = await openRing()
    const key = await sealingKey(first)
    const text = await first.exportKey(key.id, 'words for the way')
    home = homeAt(join(folder, 'second'))
    makeHome(home)
    const runs = [{ workflowId: 'mlops-1-iris', begunAt: '2020-01-01T00:00:00.000Z' }]
    const second = await openRing({ openRuns: () => runs })
    await expect(Promise.resolve(second.source.openingKey(key.id))).rejects.toThrow(UnknownKey)
    await expect(second.importKey(text, 'other words for it')).rejects.toThrow(/does not open/)
    expect(await second.importKey(text, 'words for the way')).toEqual({ id: key.id, alreadyHere: false })
    expect(await second.importKey(text, 'words for the way')).toEqual({ id: key.id, alreadyHere: true })
    expect(material(await second.source.openingKey(key.id))).toBe(material(key))
    expect((await sealingKey(second)).id).not.toBe(key.id)
    expect(second.state().keys).toHaveLength(2)
    // When it ceased to seal over there is not known here, so any open run may need it.
    await expect(second.retire(key.id)).rejects.toThrow(/mlops-1-iris/)
    runs.length = 0
    await second.retire(key.id)
    expect(await second.importKey(text, 'words for the way')).toEqual({ id: key.id, alreadyHere: false })
    second.close()
    const again = await openRing()
    expect(material(await again.source.openingKey(key.id))).toBe(material(key))
  }, 30_000)

  test('another key under the same id is refused', async () => {
    const ring = await openRing({ environment: { ...emptyKeyEnvironment, keys: `shared:${randomBytes(32).toString('base64')}` } })
    const text = await ring.exportKey((await sealingKey(ring)).id, 'words for the way')
    home = homeAt(join(folder, 'second'))
    makeHome(home)
    const other = await openRing({
      environment: { ...emptyKeyEnvironment, keys: `shared:${randomBytes(32).toString('base64')}` },
    })
    await expect(other.importKey(text, 'words for the way')).rejects.toThrow(/Another key/)
  }, 30_000)

  test('an import ends the loss of the sealing key', async () => {
    const ring = await openRing()
    const key = await sealingKey(ring)
    const text = await ring.exportKey(key.id, 'words for the way')
    ring.close()
    rmSync(join(home.config, 'secrets.json'))
    const next = await openRing()
    const waiting = next.patientSource.sealingKey(1)
    await next.importKey(text, 'words for the way')
    expect(material((await waiting) as DataKey)).toBe(material(key))
    expect(next.state()).toMatchObject({ problem: null, keys: [{ id: key.id, state: 'sealing' }] })
  }, 30_000)
})

describe('keys of the environment', () => {
  const environment = (...ids: string[]) => ({
    ...emptyKeyEnvironment,
    keys: ids.map((id) => `${id}:${Buffer.alloc(32, id).toString('base64')}`).join(','),
  })

  test('seal in the place of stored ones, are rotated there, and lie nowhere in the data folder', async () => {
    const before = await openRing()
    const stored = await sealingKey(before)
    before.close()
    const first = await openRing({ environment: environment('one') })
    expect((await sealingKey(first)).id).toBe('one')
    expect(first.state()).toMatchObject({ provider: 'environment', warning: null, problem: null })
    expect(material(await first.source.openingKey(stored.id))).toBe(material(stored))
    await expect(first.rotate()).rejects.toThrow(/comes from the environment/)
    expect((await sealingKey(first)).id).toBe('one')
    first.close()
    const second = await openRing({ environment: environment('two', 'one') })
    expect((await sealingKey(second)).id).toBe('two')
    expect(
      second
        .state()
        .keys.map(({ id, state }) => `${id} ${state}`)
        .sort(),
    ).toEqual([`${stored.id} reading`, 'one reading', 'two sealing'].sort())
    expect(await second.source.openingKey('one')).toBeTruthy()
    const secrets = readFileSync(join(home.config, 'secrets.json'), 'utf8')
    expect(secrets).not.toContain(Buffer.alloc(32, 'one').toString('base64'))
  })

  test('that are missing at a later start are a problem, and no other key takes their place', async () => {
    const ring = await openRing({ environment: environment('one') })
    await sealingKey(ring)
    ring.close()
    const next = await openRing()
    await expect(next.source.sealingKey(1)).rejects.toThrow(/GATEHOUSE_ENCRYPTION_KEY/)
    expect(next.state()).toMatchObject({ provider: 'environment', problem: expect.stringContaining('not set') })
    await expect(Promise.resolve(next.source.openingKey('one'))).rejects.toThrow(UnknownKey)
    // The operator may say that it is so from now on.
    await next.chooseProvider({ provider: 'secrets' })
    expect((await sealingKey(next)).id).not.toBe('one')
    expect(next.state()).toMatchObject({ provider: 'file', problem: null })
  })

  test('a worker with the key in its own environment needs no records of it', async () => {
    await sealingKey(await openRing({ environment: environment('one') }))
    const worker = await openRing({ makesKeys: false, environment: environment('one', 'two') })
    expect((await sealingKey(worker)).id).toBe('one')
    expect(await worker.source.openingKey('two')).toBeTruthy()
  })
})

describe('the settings of keys', () => {
  test('that are damaged stop sealing, are kept with a copy, and old keys are still read', async () => {
    const ring = await openRing()
    const key = await sealingKey(ring)
    ring.close()
    writeFileSync(join(home.config, 'keys.json'), '{ "provider": "vualt" }')
    const next = await openRing()
    await expect(next.source.sealingKey(1)).rejects.toThrow(/keys.json is not right: provider/)
    expect(material(await next.source.openingKey(key.id))).toBe(material(key))
    expect(readdirSync(home.config).some((name) => name.startsWith('keys.json.broken-'))).toBe(true)
    writeFileSync(join(home.config, 'keys.json'), '{}')
    await next.retry()
    expect((await sealingKey(next)).id).toBe(key.id)
  })

  test('a choice that cannot give a key changes nothing', async () => {
    const ring = await openRing()
    const key = await sealingKey(ring)
    const vault = { address: 'http://127.0.0.1:1', key: 'gatehouse', mount: 'transit' }
    await expect(ring.chooseProvider({ provider: 'vault', vault }, 'token')).rejects.toThrow(/Vault at .* cannot be reached/)
    expect((await sealingKey(ring)).id).toBe(key.id)
    expect(ring.state()).toMatchObject({ provider: 'file', problem: null, settings: {} })
    expect(existsSync(join(home.config, 'keys.json'))).toBe(false)
    expect(readFileSync(join(home.config, 'secrets.json'), 'utf8')).not.toContain('vault-token')
  })

  test('a worker beside the host goes by what the host has chosen meanwhile', async () => {
    const vault = await startVaultDouble()
    onTestFinished(() => vault.close())
    vault.addToken('good')
    const ring = await openRing()
    const first = await sealingKey(ring)
    const worker = await openRing({ makesKeys: false })
    expect((await sealingKey(worker)).id).toBe(first.id)
    const settings = { provider: 'vault', vault: { address: vault.address, key: 'gatehouse', mount: 'transit' } } as const
    await ring.chooseProvider(settings, 'good')
    const second = await sealingKey(ring)
    expect(ring.state()).toMatchObject({ provider: 'vault', settings })
    await vi.waitFor(async () => expect((await sealingKey(worker)).id).toBe(second.id), { timeout: 5_000 })
    // And back: what Vault wrapped is still read, as its settings stay.
    await ring.chooseProvider({ ...settings, provider: 'secrets' })
    expect(material(await ring.source.openingKey(second.id, second.wrapped))).toBe(material(second))
    expect(ring.state().provider).toBe('file')
  })
})

describe('damage', () => {
  test('damaged records are set aside; the keys stay for reading and a new one seals', async () => {
    const ring = await openRing()
    const key = await sealingKey(ring)
    ring.setEncrypting(false)
    ring.close()
    writeFileSync(join(home.root, 'keys.sqlite'), 'not a database at all, but long enough to be taken for one'.repeat(100))
    const next = await openRing()
    const fresh = await sealingKey(next)
    expect(fresh.id).not.toBe(key.id)
    expect(material(await next.source.openingKey(key.id))).toBe(material(key))
    expect(infoOf(next, key.id)?.state).toBe('reading')
    // Whether it was off cannot be known, and clear text is never the guess.
    expect(next.state()).toMatchObject({ encrypting: true, warning: expect.stringContaining('damaged') })
    expect(readdirSync(home.root).some((name) => name.startsWith('keys.sqlite.damaged-'))).toBe(true)
  })

  test('damage that is met while it runs is mended in the same way', async () => {
    const ring = await openRing()
    const key = await sealingKey(ring)
    const file = join(home.root, 'keys.sqlite')
    writeFileSync(file, Buffer.alloc(statSync(file).size, 7))
    await ring.rotate()
    expect((await sealingKey(ring)).id).not.toBe(key.id)
    expect(material(await ring.source.openingKey(key.id))).toBe(material(key))
  })

  test('records that are gone although runs were started are told; what was sealed before is read, and a new key seals', async () => {
    const ring = await openRing()
    const key = await sealingKey(ring)
    expect(ring.unusable()).toEqual([])
    ring.close()
    rmSync(join(home.root, 'keys.sqlite'))
    const next = await openRing({ runsWereStarted: true })
    // Also at once, before the store was asked for what it has.
    expect(material(await next.source.openingKey(key.id))).toBe(material(key))
    expect(next.unusable()).toMatchObject([
      { file: join(home.root, 'keys.sqlite'), problem: expect.stringMatching(/are gone, although runs were started/) },
    ])
    expect((await sealingKey(next)).id).not.toBe(key.id)
    expect(next.state()).toMatchObject({ encrypting: true, warning: expect.stringContaining('are gone') })
    next.close()
    expect((await openRing({ runsWereStarted: true })).unusable()).toEqual([])
  })

  test('while the store is locked, a key that records begun anew do not know yet is awaited and not called unknown', async () => {
    const ring = await openRing()
    const key = await sealingKey(ring)
    ring.close()
    rmSync(join(home.root, 'keys.sqlite'))
    const secrets = await openSecrets({ home, log: silentLog, wanted: 'file' })
    const locked = { ...secrets, read: () => Promise.reject(new KeysUnavailable('The keychain is locked.', 'Unlock it.')) }
    const next = await openRing({ runsWereStarted: true, secrets: locked as typeof secrets })
    await expect(Promise.resolve(next.source.openingKey(key.id))).rejects.toThrow(KeysUnavailable)
  })

  test('a first start has nothing to tell, nor one whose runs are written in clear', async () => {
    const secrets = await openSecrets({ home, log: silentLog, wanted: 'file' })
    const locked = { ...secrets, read: () => Promise.reject(new KeysUnavailable('The keychain is locked.', 'Unlock it.')) }
    const ring = await openRing({ secrets: locked as typeof secrets })
    expect(ring.unusable()).toEqual([])
    ring.setEncrypting(false)
    ring.close()
    expect((await openRing({ secrets: locked as typeof secrets, runsWereStarted: true })).unusable()).toEqual([])
  })

  test('a lost keychain is told as such; rotating begins anew, and what is lost spoils itself only', async () => {
    const ring = await openRing()
    const key = await sealingKey(ring)
    ring.close()
    rmSync(join(home.config, 'secrets.json'))
    const next = await openRing()
    await expect(next.source.sealingKey(1)).rejects.toThrow(/not where its keys are kept/)
    expect(next.state().remedy).toContain('Import')
    await expect(Promise.resolve(next.source.openingKey(key.id))).rejects.toThrow(UnknownKey)
    await next.rotate()
    expect((await sealingKey(next)).id).not.toBe(key.id)
    expect(next.state().problem).toBeNull()
  })

  test('records without a keyring of theirs: a key that is damaged in the store does not keep the others away', async () => {
    const ring = await openRing()
    const damaged = await sealingKey(ring)
    await ring.rotate()
    const whole = await sealingKey(ring)
    ring.close()
    rmSync(join(home.root, 'keys.sqlite'))
    const file = join(home.config, 'secrets.json')
    const secrets = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>
    writeFileSync(file, JSON.stringify({ ...secrets, [`data-key:${damaged.id}`]: '{' }))
    const next = await openRing()
    expect(await sealingKey(next)).toBeTruthy()
    expect(material(await next.source.openingKey(whole.id))).toBe(material(whole))
  })

  test('a damaged entry is not overwritten and not quoted', async () => {
    const ring = await openRing()
    const key = await sealingKey(ring)
    ring.close()
    const file = join(home.config, 'secrets.json')
    const secrets = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>
    secrets[`data-key:${key.id}`] = 'very-secret-rubbish'
    writeFileSync(file, JSON.stringify(secrets))
    const next = await openRing()
    await expect(next.source.sealingKey(1)).rejects.toThrow(/damaged/)
    expect(next.state().problem).not.toContain('rubbish')
    expect(readFileSync(file, 'utf8')).toContain('very-secret-rubbish')
    // It spoils what it sealed, and no more: nobody waits for it, and the operator may begin with another.
    await expect(Promise.resolve(next.source.openingKey(key.id))).rejects.toThrow(UnknownKey)
    await next.rotate()
    expect((await sealingKey(next)).id).not.toBe(key.id)
    expect(readFileSync(file, 'utf8')).toContain('very-secret-rubbish')
  })
})
