import { createCipheriv, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Payload } from '@temporalio/common'
import proto from '@temporalio/proto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createEncryptionCodec } from '../../../temporal/codec/encryptionCodec.ts'
import { homeAt, makeHome } from '../home.ts'
import { createKeyRing, type KeyRing } from '../keys/createKeyRing.ts'
import { emptyKeyEnvironment } from '../keys/environmentKeys.ts'
import { silentLog } from '../log.ts'
import { openSecrets } from '../secrets/openSecrets.ts'
import { sampleKeyIds } from './sampleKeyIds.ts'

let folder: string
let ring: KeyRing
const sampleKey = Buffer.from('test-key-test-key-test-key-test!')

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-samples-'))
  const home = homeAt(folder)
  makeHome(home)
  const keys = `ours:${randomBytes(32).toString('base64')},test-key-id:${sampleKey.toString('base64')}`
  const secrets = await openSecrets({ home, log: silentLog, wanted: 'file' })
  ring = createKeyRing({ home, secrets, log: silentLog, openRuns: () => [], environment: { ...emptyKeyEnvironment, keys } })
})
afterEach(() => {
  ring.close()
  rmSync(folder, { recursive: true, force: true })
})

/** As the official samples write it. */
function sealedBySample(payload: Payload): Payload {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', sampleKey, iv)
  const message = proto.temporal.api.common.v1.Payload.encode(payload).finish()
  return {
    metadata: { encoding: Buffer.from('binary/encrypted'), 'encryption-key-id': Buffer.from('test-key-id') },
    data: Buffer.concat([iv, cipher.update(message), cipher.final(), cipher.getAuthTag()]),
  }
}

test('ids come with commas or spaces between, and none by default', () => {
  expect(sampleKeyIds({ GATEHOUSE_SAMPLE_KEY_IDS: 'test-key-id, other' })).toEqual(['test-key-id', 'other'])
  expect(sampleKeyIds({})).toEqual([])
})

test('what a sample wrote under a key of the environment is read where it is set up, and refused elsewhere', async () => {
  const sealed = sealedBySample({ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"from a sample"') })
  const settings = { keys: ring.source, namespace: 'default' }
  const ids = sampleKeyIds({ GATEHOUSE_SAMPLE_KEY_IDS: 'test-key-id' })
  const [opened] = await createEncryptionCodec({ ...settings, sampleKeyIds: ids }).decode([sealed])
  expect(String(opened?.data)).toBe('"from a sample"')
  await expect(createEncryptionCodec({ ...settings, sampleKeyIds: sampleKeyIds({}) }).decode([sealed])).rejects.toThrow(
    'no key is set up here for reading its format',
  )
})
