/** What is asked of the keychain's helper process, and what it answers. */
import { z } from 'zod'

export const keychainRequest = z.discriminatedUnion('action', [
  z.object({ action: z.literal('get'), account: z.string() }),
  z.object({ action: z.literal('set'), account: z.string(), value: z.string() }),
  z.object({ action: z.literal('remove'), account: z.string() }),
  /** Whether the keychain's library loads here; touches no entry. */
  z.object({ action: z.literal('load') }),
])
export type KeychainRequest = z.infer<typeof keychainRequest>

export const keychainAnswer = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.string().nullable() }),
  z.object({ ok: z.literal(false), message: z.string() }),
])
export type KeychainAnswer = z.infer<typeof keychainAnswer>
