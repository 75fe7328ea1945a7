/** Against a double that follows Vault's published API; against a real one, too, where VAULT_ADDR and VAULT_TOKEN name it. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { vaultSettings } from '../../../contract/keys.ts'
import { KeysUnavailable } from '../../../temporal/codec/keySource.ts'
import { startVaultDouble, type VaultDouble } from './vaultDouble.ts'
import { createVaultKeys } from './vaultKeys.ts'

let folder: string
let vault: VaultDouble
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-vault-'))
  vault = await startVaultDouble()
  vault.addToken('good')
})
afterEach(async () => {
  await vault.close()
  rmSync(folder, { recursive: true, force: true })
})

const settings = (extra: Partial<Parameters<typeof createVaultKeys>[0]> = {}) => ({
  address: vault.address,
  key: 'gatehouse',
  mount: 'transit',
  token: async () => 'good',
  ...extra,
})
const refusal = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => null,
    (reason) => reason,
  )
  expect(error).toBeInstanceOf(KeysUnavailable)
  return error as KeysUnavailable
}

describe('keys of Vault', () => {
  test('a data key comes in clear and wrapped; whoever may decrypt has it again, also after Vault rotated', async () => {
    const keys = createVaultKeys(settings())
    const made = await keys.create()
    expect(made.wrapped?.toString()).toMatch(/^vault:v1:/)
    expect(made.key.symmetricKeySize).toBe(32)
    vault.keys.get('gatehouse')?.push(Buffer.alloc(32, 1))
    const elsewhere = createVaultKeys(settings())
    expect((await elsewhere.load(made.id, made.wrapped))?.equals(made.key)).toBe(true)
    expect((await elsewhere.create()).wrapped?.toString()).toMatch(/^vault:v2:/)
  })

  test('what was wrapped elsewhere, or was changed, is none of ours', async () => {
    const keys = createVaultKeys(settings())
    const { id, wrapped } = await keys.create()
    vault.keys.set('gatehouse', [Buffer.alloc(32, 9)])
    expect(await keys.load(id, wrapped)).toBeNull()
    expect(await keys.load(id, Buffer.from('vault:v7:AAAA'))).toBeNull()
    expect(await keys.load(id, Buffer.from([1, 2, 3]))).toBeNull()
    expect(await keys.load(id, null)).toBeNull()
    expect(keys.opens?.(Buffer.from('vault:v1:AAAA'))).toBe(true)
    expect(keys.opens?.(Buffer.from([1, 2, 3]))).toBe(false)
  })

  test('a token that was refused is read again: an agent keeps a new one in its file', async () => {
    const tokenFile = join(folder, 'token')
    writeFileSync(tokenFile, 'good\n')
    const keys = createVaultKeys(settings({ tokenFile }))
    await keys.create()
    vault.tokens.clear()
    vault.addToken('new')
    expect((await refusal(keys.create())).remedy).toContain('transit/datakey/plaintext/gatehouse')
    writeFileSync(tokenFile, 'new\n')
    expect(await keys.create()).toBeTruthy()
  })

  test('a token that is used is renewed before it ends, and one that does not end is not', async () => {
    vault.addToken('short', 0.4)
    const keys = createVaultKeys(settings({ token: async () => 'short' }))
    for (let i = 0; i < 12; i++) {
      await keys.create()
      await new Promise((resolve) => setTimeout(resolve, 80))
    }
    expect(vault.requests).toContain('POST auth/token/renew-self')
    vault.requests.length = 0
    vault.addToken('root', 0)
    const root = createVaultKeys(settings({ token: async () => 'root' }))
    await root.create()
    await root.create()
    expect(vault.requests.filter((each) => each.includes('auth/token'))).toEqual(['GET auth/token/lookup-self'])
  })

  test('namespaces and mounts are told to Vault', async () => {
    const other = await startVaultDouble({ namespace: 'ml/team', mount: 'engines/transit' })
    other.addToken('good')
    try {
      const there = { address: other.address, mount: 'engines/transit' }
      expect(await createVaultKeys(settings({ ...there, namespace: 'ml/team' })).create()).toBeTruthy()
      expect((await refusal(createVaultKeys(settings(there)).create())).message).toContain('no handler for route')
    } finally {
      await other.close()
    }
  })

  test('each way to be away says what to do, and nothing of the token', async () => {
    const said: string[] = []
    const ask = async (extra: Parameters<typeof settings>[0] = {}) => {
      const { message, remedy } = await refusal(createVaultKeys(settings(extra)).create())
      said.push(message, remedy)
      return `${message} ${remedy}`
    }
    expect(await ask({ token: async () => null })).toContain('VAULT_TOKEN')
    expect(await ask({ tokenFile: join(folder, 'none') })).toContain('ENOENT')
    expect(await ask({ token: async () => 'top-secret' })).toContain('permission denied')
    expect(await ask({ key: 'other' })).toContain('encryption key not found')
    expect(await ask({ mount: 'other' })).toContain('engine other is enabled')
    vault.sealed = true
    expect(await ask()).toContain('Unseal')
    vault.sealed = false
    await vault.close()
    expect(await ask()).toContain('cannot be reached')
    expect(said.join('\n')).not.toContain('top-secret')
    expect(said.join('\n')).not.toContain('good')
  })

  test('a key that is missing from Vault is a problem to be mended, not a value that nobody can read', async () => {
    const keys = createVaultKeys(settings())
    const { id, wrapped } = await keys.create()
    vault.keys.delete('gatehouse')
    expect((await refusal(keys.load(id, wrapped))).message).toContain('encryption key not found')
  })

  test('a Vault that does not answer is given up after the limit', async () => {
    vault.hang = true
    expect((await refusal(createVaultKeys(settings()).create())).message).toContain('no answer within 5 s')
  }, 10_000)

  test('a standby node’s redirect is followed, but not to a place where the token must not go', async () => {
    const active = vault
    const standby = await startVaultDouble()
    standby.redirect = active.address
    try {
      expect(await createVaultKeys(settings({ address: standby.address })).create()).toBeTruthy()
      standby.redirect = 'http://vault.example'
      expect((await refusal(createVaultKeys(settings({ address: standby.address })).create())).message).toContain('must not go')
      standby.redirect = standby.address
      await refusal(createVaultKeys(settings({ address: standby.address })).create())
      expect(standby.requests).toHaveLength(2 + 1 + 3)
    } finally {
      await standby.close()
    }
  })

  test('what Vault would send over the network in clear is refused before it is asked', () => {
    const address = (text: string) => vaultSettings.safeParse({ address: text, key: 'gatehouse' }).success
    expect(address('https://vault.lab:8200')).toBe(true)
    expect(address('http://127.0.0.1:8200')).toBe(true)
    expect(address('http://vault.lab:8200')).toBe(false)
    expect(address('ftp://127.0.0.1')).toBe(false)
    expect(vaultSettings.safeParse({ address: 'https://v', key: '../decrypt/other' }).success).toBe(false)
    expect(vaultSettings.safeParse({ address: 'https://v', key: 'k', mount: '../sys' }).success).toBe(false)
  })

  test.runIf(spawnSync('openssl', ['version']).status === 0)('TLS: the authority must be known', async () => {
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
    const subject = ['-subj', '/CN=vault', '-addext', 'subjectAltName=IP:127.0.0.1']
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert, ...subject],
      {
        stdio: 'ignore',
      },
    )
    const secure = await startVaultDouble({ tls: { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') } })
    secure.addToken('good')
    try {
      expect(await createVaultKeys(settings({ address: secure.address, caFile: cert })).create()).toBeTruthy()
      expect((await refusal(createVaultKeys(settings({ address: secure.address })).create())).message).toMatch(/certificate/)
      expect(secure.requests).toHaveLength(2)
    } finally {
      await secure.close()
    }
  })
})

const { VAULT_ADDR, VAULT_TOKEN, GATEHOUSE_TEST_VAULT_KEY = 'gatehouse' } = process.env
test.runIf(VAULT_ADDR && VAULT_TOKEN)('against the real Vault that VAULT_ADDR names', async () => {
  const real = { address: VAULT_ADDR as string, key: GATEHOUSE_TEST_VAULT_KEY, token: async () => VAULT_TOKEN as string }
  const { id, key, wrapped } = await createVaultKeys(settings(real)).create()
  expect((await createVaultKeys(settings(real)).load(id, wrapped))?.equals(key)).toBe(true)
  expect(await createVaultKeys(settings(real)).load(id, Buffer.from('vault:v1:AAAA'))).toBeNull()
})
