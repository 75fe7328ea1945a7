/** Where Temporal and Postgres are: the profiles that there are, the one in use, and the one of the next start. */
import { z } from 'zod'

export const profileName = z.string().min(1).max(200)

export const profileInfo = z.object({
  name: z.string(),
  /** Of `remote` ones the file says where they are. */
  kind: z.enum(['embedded', 'compose', 'remote']),
  production: z.boolean(),
  /** Where each server is and how it is spoken to, in words; null where that cannot be told. */
  temporal: z.string().nullable(),
  postgres: z.string().nullable(),
  /** Why it cannot be chosen; null when it can. */
  problem: z.string().nullable(),
})
export type ProfileInfo = z.infer<typeof profileInfo>

export const profilesState = z.object({
  /** Where profiles are described, and which of them is current. */
  file: z.string(),
  profiles: z.array(profileInfo),
  /** null while it cannot be told which one it is to be; then nothing was brought up. */
  inUse: z.string().nullable(),
  /** What the next start will use; null while the file cannot be used. */
  next: z.string().nullable(),
  /** What goes before the file, so that nothing can be chosen here; null when nothing does. */
  setBy: z.string().nullable(),
  /** Why the file cannot be used; null when it can. */
  problem: z.string().nullable(),
  /** Whether this host can start itself anew. */
  canRestart: z.boolean(),
})
export type ProfilesState = z.infer<typeof profilesState>

/** At most this long does it take to find out whether a profile's servers answer, in seconds. */
export const profileCheckSeconds = 12

export const serverCheck = z.object({
  /**
   * `asks`: it answers, and wants a password or a key that is not kept here. `own`: a server of Gatehouse, which is started
   * with it. `starting`: the profile is in use, and its server is on its way.
   */
  state: z.enum(['up', 'own', 'starting', 'asks', 'down']),
  /** What was seen and what can be done, as sentences. */
  words: z.string(),
})
export type ServerCheck = z.infer<typeof serverCheck>

export const profileCheck = z.object({ temporal: serverCheck, postgres: serverCheck })
export type ProfileCheck = z.infer<typeof profileCheck>
