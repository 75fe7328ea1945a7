/** Against the KMS of moto, a second implementation of AWS's API, on loopback. */
import { type ChildProcess, spawn } from 'node:child_process'
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { pythonPeer } from '../../../../scripts/pythonPeer.ts'
import { KeysUnavailable } from '../../../temporal/codec/keySource.ts'
import { freePort } from '../../../temporal/testing/freePort.ts'
import { createAwsKmsKeys } from './awsKmsKeys.ts'

const python = await pythonPeer(['moto[server]==5.2.5'])

describe.runIf(python !== null)('keys of AWS KMS', () => {
  const region = 'eu-central-1'
  let moto: ChildProcess
  let endpoint: string
  let admin: KMSClient
  let keyId: string
  beforeAll(async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'testing')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'very-secret')
    const port = await freePort()
    endpoint = `http://127.0.0.1:${port}`
    moto = spawn(python as string, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
    await vi.waitFor(() => fetch(endpoint), { timeout: 60_000, interval: 200 })
    admin = new KMSClient({ region, endpoint })
    keyId = (await admin.send(new CreateKeyCommand({}))).KeyMetadata?.KeyId as string
  }, 120_000)
  afterAll(() => {
    admin?.destroy()
    moto?.kill('SIGKILL')
    vi.unstubAllEnvs()
  })
  const refusal = async (work: Promise<unknown>) => {
    const error = await work.then(
      () => null,
      (reason) => reason,
    )
    expect(error).toBeInstanceOf(KeysUnavailable)
    return error as KeysUnavailable
  }

  test('a data key comes in clear and wrapped; whoever may decrypt has it again', async () => {
    const made = await createAwsKmsKeys({ keyId, region, endpoint }).create()
    expect(made.key.symmetricKeySize).toBe(32)
    expect(made.wrapped?.includes(made.key.export())).toBe(false)
    const again = await createAwsKmsKeys({ keyId, region, endpoint }).load(made.id, made.wrapped)
    expect(again?.equals(made.key)).toBe(true)
  })

  test('a wrapped key belongs to its id: under another, or changed, KMS does not open it', async () => {
    const keys = createAwsKmsKeys({ keyId, region, endpoint })
    const { id, wrapped } = await keys.create()
    expect(await keys.load('k-ffffffffffff', wrapped)).toBeNull()
    const other = (await admin.send(new CreateKeyCommand({}))).KeyMetadata?.KeyId as string
    // AWS says IncorrectKeyException to that, moto AccessDeniedException.
    await refusal(createAwsKmsKeys({ keyId: other, region, endpoint }).load(id, wrapped))
    const changed = Buffer.from(wrapped as Buffer)
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
    expect(await keys.load(id, changed)).toBeNull()
    expect(await keys.load(id, null)).toBeNull()
  })

  test('a key that is not there, or a KMS that is away, is told with what to do and without credentials', async () => {
    expect((await refusal(createAwsKmsKeys({ keyId: 'none', region, endpoint }).create())).message).toContain('NotFoundException')
    const away = await refusal(createAwsKmsKeys({ keyId, region, endpoint: 'http://127.0.0.1:1' }).create())
    expect(away.remedy).toContain('kms:GenerateDataKey')
    expect(`${away.message} ${away.remedy}`).not.toContain('very-secret')
  }, 30_000)
})
