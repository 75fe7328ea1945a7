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
  /** Runs that have not ended and were begun while it was the sealing key, or after. */
  openRuns: z.number().int(),
})
export type KeyInfo = z.infer<typeof keyInfo>

export const codecServerState = z.object({
  on: z.boolean(),
  /** What to paste into the Web UI's codec settings, or after --codec-endpoint; carries a secret path. Null while off. */
  url: z.string().nullable(),
})
export type CodecServerState = z.infer<typeof codecServerState>

export const keysState = z.object({
  /** false: new payloads are written in clear, for a demonstration. */
  encrypting: z.boolean(),
  /** Why keys cannot be had now (keychain locked or refused); null when all is well. */
  problem: z.string().nullable(),
  remedy: z.string().nullable(),
  /** A warning that stays in sight, such as keys in a file that nothing protects; null when there is none. */
  warning: z.string().nullable(),
  provider: keyProvider,
  keys: z.array(keyInfo),
  codecServer: codecServerState,
})
export type KeysState = z.infer<typeof keysState>
