import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createEnvironmentKeys, emptyKeyEnvironment, takeKeyEnvironment } from './environmentKeys.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-keys-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const one = randomBytes(32)
const two = randomBytes(32)
const from = (keys: string) => {
  const made = createEnvironmentKeys({ ...emptyKeyEnvironment, keys })
  if (!made) throw new Error('there are keys in the environment')
  return made
}

describe('keys from the environment', () => {
  test('the first seals and all open; base64, URL-safe base64 and hex are read', async () => {
    const keys = from(`new:${one.toString('base64')}, old:${two.toString('hex')} third:${two.toString('base64url')}`)
    expect(keys.ids).toEqual(['new', 'old', 'third'])
    expect(await keys.create()).toMatchObject({ id: 'new', wrapped: null })
    expect((await keys.load('old', null))?.export()).toEqual(two)
    expect((await keys.load('third', null))?.export()).toEqual(two)
    expect(await keys.load('other', null)).toBeNull()
  })

  test('a key without an id has the same id everywhere', () => {
    expect(from(one.toString('base64')).fixedId).toBe(from(one.toString('hex')).fixedId)
    expect(from(one.toString('base64')).fixedId).not.toBe(from(two.toString('base64')).fixedId)
  })

  test('a file may have one a line, and comments', async () => {
    const keyFile = join(folder, 'keys')
    writeFileSync(keyFile, `# since November\nnew:${one.toString('base64')}\r\nold:${two.toString('base64')} # until then\n`)
    expect(createEnvironmentKeys({ ...emptyKeyEnvironment, keyFile })?.ids).toEqual(['new', 'old'])
    const missing = createEnvironmentKeys({ ...emptyKeyEnvironment, keyFile: join(folder, 'none') })
    await expect(missing?.create()).rejects.toThrow(/ENOENT/)
  })

  test.each([
    ['too short', randomBytes(16).toString('base64'), /not 32 bytes/],
    ['too long', randomBytes(48).toString('base64'), /not 32 bytes/],
    ['not base64', `k:${'!'.repeat(44)}`, /not 32 bytes/],
    ['an id that is none', `../x:${one.toString('base64')}`, /id of number 1/],
    ['the same id twice', `a:${one.toString('base64')} a:${two.toString('base64')}`, /twice/],
    ['nothing', ' # only this\n', /there is none/],
  ])('refused with the reason and without the key: %s', async (_name, text, reason) => {
    const keys = from(text)
    await expect(keys.create()).rejects.toThrow(reason)
    await expect(keys.load('a', null)).rejects.toThrow(reason)
    const said = await keys.create().catch((error) => `${error.message} ${error.remedy}`)
    for (const word of text.split(/[\s:]/).filter((each) => each.length > 20)) expect(said).not.toContain(word)
  })

  test('is taken out of the environment, so that no child has it', () => {
    const env = { GATEHOUSE_ENCRYPTION_KEY: 'x', VAULT_TOKEN: 'y', GATEHOUSE_ENCRYPTION_KEY_FILE: '/z', PATH: '/bin' }
    expect(takeKeyEnvironment(env)).toEqual({ keys: 'x', keyFile: '/z', passphraseFile: null, vaultToken: 'y' })
    expect(env).toEqual({ GATEHOUSE_ENCRYPTION_KEY_FILE: '/z', PATH: '/bin' })
    expect(createEnvironmentKeys(takeKeyEnvironment(env as NodeJS.ProcessEnv))).not.toBeNull()
    expect(createEnvironmentKeys(emptyKeyEnvironment)).toBeNull()
  })
})
