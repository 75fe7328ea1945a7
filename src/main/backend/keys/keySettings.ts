/** Where new keys come from: `config/keys.json`, read and checked. It holds no secret. */
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { sync as writeFileAtomic } from 'write-file-atomic'
import { z } from 'zod'
import { KeysUnavailable } from '../../../temporal/codec/keySource.ts'

const isLoopback = (host: string) => ['localhost', '127.0.0.1', '[::1]'].includes(host)

export const vaultSettings = z
  .object({
    /** Data keys cross this connection, so it is TLS except on this machine. */
    address: z
      .url({ protocol: /^https?$/ })
      .refine((text) => text.startsWith('https:') || isLoopback(new URL(text).hostname), 'must be https, except on this machine'),
    /** Name of the Transit key that wraps the data keys. */
    key: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/),
    /** Where the Transit engine is mounted. */
    mount: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/)
      .default('transit'),
    namespace: z.string().min(1).optional(),
    /** A file with the token, as Vault Agent keeps one; it is read again when the token was refused. */
    tokenFile: z.string().min(1).optional(),
    /** PEM of the authority that signed Vault's certificate. */
    caFile: z.string().min(1).optional(),
  })
  .strict()
export type VaultSettings = z.infer<typeof vaultSettings>

export const awsKmsSettings = z
  .object({
    /** Id, ARN or alias of the KMS key that wraps the data keys. */
    keyId: z.string().min(1),
    region: z.string().min(1),
    /** Default: the region's own. */
    endpoint: z.url({ protocol: /^https?$/ }).optional(),
  })
  .strict()
export type AwsKmsSettings = z.infer<typeof awsKmsSettings>

export const keySettings = z
  .object({
    /** `secrets`: the keychain or the file where this data folder keeps its secrets, with a passphrase or without. */
    provider: z.enum(['secrets', 'environment', 'vault', 'aws-kms']).optional(),
    /** Also kept when another provider makes new keys: what Vault wrapped is still read. */
    vault: vaultSettings.optional(),
    awsKms: awsKmsSettings.optional(),
  })
  .strict()
  .refine(({ provider, vault }) => provider !== 'vault' || vault !== undefined, 'provider "vault" needs "vault"')
  .refine(({ provider, awsKms }) => provider !== 'aws-kms' || awsKms !== undefined, 'provider "aws-kms" needs "awsKms"')
export type KeySettings = z.infer<typeof keySettings>

/**
 * A file that is not right is left as it is and a copy of it is made: a guess could seal with keys that nobody meant.
 * @throws KeysUnavailable that names the file and what is wrong in it
 */
export function readKeySettings(file: string): KeySettings {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new KeysUnavailable(
      `${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`,
      'Make it readable; then try again.',
    )
  }
  let wrong: string
  try {
    const result = keySettings.safeParse(JSON.parse(text))
    if (result.success) return result.data
    const issue = result.error.issues[0]
    wrong = `${issue?.path.join('.') || 'the whole'}: ${issue?.message}`
  } catch {
    wrong = 'not JSON'
  }
  const copy = `${file}.malformed-${createHash('sha256').update(text).digest('hex').slice(0, 8)}`
  if (!existsSync(copy)) copyFileSync(file, copy)
  throw new KeysUnavailable(
    `${file} is not right: ${wrong}. No key is guessed, and nothing is written in clear; a copy is ${copy}.`,
    'Correct the file; then try again.',
  )
}

export const writeKeySettings = (file: string, settings: KeySettings): void =>
  writeFileAtomic(file, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 })
