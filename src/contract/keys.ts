/** The key ring as the operator sees it. Key material itself never crosses this line, but for an export that a passphrase wraps. */
import { z } from 'zod'

const timestamp = z.iso.datetime()
export const keyProvider = z.enum(['keychain', 'file', 'passphrase', 'environment', 'vault', 'aws-kms'])
export type KeyProvider = z.infer<typeof keyProvider>

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

/** Where new keys come from; holds no secret. */
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

export const keyInfo = z.object({
  id: z.string(),
  state: z.enum(['sealing', 'reading', 'retired']),
  provider: keyProvider,
  createdAt: timestamp,
  /** Payloads sealed with it, counted up front: never less than the truth. */
  messages: z.number().int(),
  /** It is rotated by itself before it reaches this. */
  messageBudget: z.number().int(),
  /** Runs that have not ended and may hold values of it: all that began before another key took its place. */
  openRuns: z.number().int(),
})
export type KeyInfo = z.infer<typeof keyInfo>

export const codecServerState = z.object({
  on: z.boolean(),
  /** What to paste into the Web UI's codec settings, or after --codec-endpoint; carries a secret path. Null while off. */
  url: z.string().nullable(),
})
export type CodecServerState = z.infer<typeof codecServerState>

export const keysAuditEntry = z.object({
  id: z.number().int(),
  at: timestamp,
  event: z.enum(['on', 'off', 'rotated', 'retired', 'exported', 'imported', 'protected', 'moved', 'unlocked', 'refused']),
  /** What was switched: `encryption`, `codec server`, the id of a key, or, where it was refused, what was asked for. */
  name: z.string(),
  operator: z.string(),
  host: z.string(),
  detail: z.string(),
})
export type KeysAuditEntry = z.infer<typeof keysAuditEntry>

export const keysState = z.object({
  /** false: new payloads are written in clear, for a demonstration. */
  encrypting: z.boolean(),
  /** Why keys cannot be had now (keychain locked or refused); null when all is well. */
  problem: z.string().nullable(),
  remedy: z.string().nullable(),
  /** The problem ends with the passphrase (`keys.unlock`); other problems end with `keys.retry` once their cause is gone. */
  needsPassphrase: z.boolean(),
  /** A warning that stays in sight, such as keys in a file that nothing protects; null when there is none. */
  warning: z.string().nullable(),
  /** A passphrase would protect keys that lie in a file (`keys.usePassphrase`). */
  canUsePassphrase: z.boolean(),
  provider: keyProvider,
  /** What `config/keys.json` says; null while it cannot be read or is not right. */
  settings: keySettings.nullable(),
  /** Newest first. */
  keys: z.array(keyInfo),
  codecServer: codecServerState,
  /** The latest entries, newest first. */
  audit: z.array(keysAuditEntry),
  /** Rises with every change, so that an older answer never overwrites a newer one. */
  revision: z.number().int(),
})
export type KeysState = z.infer<typeof keysState>
/** The part of it that the key ring itself knows. */
export type KeyRingState = Omit<KeysState, 'codecServer' | 'audit' | 'revision'>

export const keyId = z.string().min(1).max(200)
/** For what is to be protected from now on. A longer one is better than a stranger one (NIST SP 800-63B, 3.1.1.2). */
export const newPassphrase = z
  .string()
  .min(12, 'A passphrase has at least 12 characters.')
  .max(1024, 'A passphrase has at most 1024 characters.')
/** For what was protected before. */
export const passphrase = z.string().min(1, 'The passphrase is empty.').max(1024, 'A passphrase has at most 1024 characters.')
/** A wrapped key as `keys.export` gives it. */
export const wrappedKey = z.string().trim().min(1, 'There is no key in it.').max(20_000, 'This is too long for a wrapped key.')
/** A token that Vault gave for this Gatehouse; it goes to the place where secrets are kept and is never told again. */
export const vaultToken = z.string().trim().min(1, 'The token is empty.').max(4096, 'This is too long for a token.')
