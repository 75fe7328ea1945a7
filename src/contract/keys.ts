/** The key ring as the operator sees it. Key material itself never crosses this line, but for an export that a passphrase wraps. */
import { z } from 'zod'

const timestamp = z.iso.datetime()
export const keyProvider = z.enum(['keychain', 'file', 'passphrase', 'environment', 'vault', 'aws-kms'])
export type KeyProvider = z.infer<typeof keyProvider>

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
  event: z.enum(['on', 'off', 'rotated', 'retired', 'exported', 'imported', 'protected', 'unlocked', 'refused']),
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
