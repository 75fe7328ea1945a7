import { expect, test } from 'vitest'
import { checkProvider, providerDraftOf } from './providerDraft.ts'

const fresh = providerDraftOf({ provider: 'keychain', settings: {} })

test('a vault is named by address and key; what is left empty is left out, and the token goes beside the settings', () => {
  const checked = checkProvider({ ...fresh, place: 'vault', address: ' https://vault.lab:8200 ', token: 'hvs.x' }, {})
  expect(checked).toEqual({
    ok: true,
    settings: { provider: 'vault', vault: { address: 'https://vault.lab:8200', key: 'gatehouse', mount: 'transit' } },
    vaultToken: 'hvs.x',
  })
})

test('what is wrong is said at its field', () => {
  expect(checkProvider({ ...fresh, place: 'vault', address: 'http://vault.lab:8200', key: '../x' }, {})).toEqual({
    ok: false,
    errors: { address: expect.stringContaining('https'), key: expect.stringContaining('Transit key') },
  })
  expect(checkProvider({ ...fresh, place: 'aws-kms' }, {})).toEqual({
    ok: false,
    errors: { keyId: expect.stringContaining('alias'), region: expect.stringContaining('eu-central-1') },
  })
})

test('going elsewhere keeps where the keys of before are, and the form begins with it', () => {
  const vault = { address: 'https://vault.lab:8200', key: 'gatehouse', mount: 'transit' }
  const back = checkProvider({ ...fresh, place: 'secrets' }, { provider: 'vault', vault })
  expect(back).toEqual({ ok: true, settings: { provider: 'secrets', vault } })
  expect(providerDraftOf({ provider: 'keychain', settings: { provider: 'secrets', vault } })).toMatchObject({
    place: 'secrets',
    address: vault.address,
  })
})
