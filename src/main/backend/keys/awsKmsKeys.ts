import { createSecretKey } from 'node:crypto'
import type { AwsKmsSettings } from '../../../contract/keys.ts'
import { KeysUnavailable } from '../../../temporal/codec/keySource.ts'
import { type KeyProvider, newKeyId, serviceKeepMs } from './keyProvider.ts'
import { keyBytes } from './wrapping.ts'

interface Options extends AwsKmsSettings {
  keepMs?: number
}

const answerWithinMs = 5_000

/** KMS says so of what was wrapped by another key, for another context, or was changed. */
const notOurs = ['InvalidCiphertextException', 'IncorrectKeyException']

/**
 * Envelope encryption with AWS KMS: GenerateDataKey and Decrypt, with an encryption context that binds the wrapped key to
 * its id (docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html). Credentials come from the SDK's own chain.
 * The SDK is loaded on first use: it costs a second and nobody else needs it.
 */
export function createAwsKmsKeys({ keyId, region, endpoint, keepMs = serviceKeepMs }: Options): KeyProvider {
  const contextOf = (id: string) => ({ application: 'gatehouse', 'key-id': id })
  let loading: Promise<Awaited<ReturnType<typeof loadSdk>>> | null = null
  const loadSdk = async () => {
    const sdk = await import('@aws-sdk/client-kms')
    const client = new sdk.KMSClient({
      region,
      endpoint,
      maxAttempts: 2,
      requestHandler: { connectionTimeout: answerWithinMs, requestTimeout: answerWithinMs },
    })
    return { ...sdk, client }
  }
  const kms = () => {
    loading ??= loadSdk()
    return loading
  }

  const unavailable = (error: unknown) => {
    const { name, message } = error as Error
    return new KeysUnavailable(
      `AWS KMS in ${region} cannot be used now (${name}: ${message.slice(0, 300)}).`,
      'Check the credentials, that they allow kms:GenerateDataKey and kms:Decrypt, and the network; it is tried again.',
    )
  }
  const keyOf = (plaintext: Uint8Array | undefined) => {
    if (plaintext?.length !== keyBytes) throw unavailable(new Error('an answer without a key'))
    const key = createSecretKey(plaintext)
    plaintext.fill(0)
    return key
  }

  return {
    name: () => 'aws-kms',
    keepMs,
    // The blob has no mark that is documented: KMS itself says whether it is one.
    opens: () => true,
    async create() {
      const { client, GenerateDataKeyCommand } = await kms()
      const id = newKeyId()
      const command = new GenerateDataKeyCommand({ KeyId: keyId, KeySpec: 'AES_256', EncryptionContext: contextOf(id) })
      const answer = await client.send(command).catch((error) => {
        throw unavailable(error)
      })
      if (!answer.CiphertextBlob) throw unavailable(new Error('an answer without a key'))
      const wrapped = Buffer.from(answer.CiphertextBlob)
      return { id, createdAt: new Date().toISOString(), key: keyOf(answer.Plaintext), wrapped }
    },
    async load(id, wrapped) {
      if (!wrapped) return null
      const { client, DecryptCommand } = await kms()
      try {
        const command = new DecryptCommand({ CiphertextBlob: wrapped, KeyId: keyId, EncryptionContext: contextOf(id) })
        return keyOf((await client.send(command)).Plaintext)
      } catch (error) {
        if (error instanceof KeysUnavailable) throw error
        if (notOurs.includes((error as Error).name)) return null
        throw unavailable(error)
      }
    },
  }
}
