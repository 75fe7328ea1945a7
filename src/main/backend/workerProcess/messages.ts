/**
 * What a host and the worker process that it started say to each other, over the channel that only the two have. Secrets go
 * this way alone: arguments and environments can be read by others of this user's programs, and are kept by crash reports.
 */
import { z } from 'zod'

export const toWorker = z.discriminatedUnion('kind', [
  /** Begins the work. */
  z.object({
    kind: z.literal('start'),
    /** The data folder. */
    home: z.string(),
    /** The host's environment, which decides about profile, keys and log as it does for the host. */
    variables: z.record(z.string(), z.string()),
  }),
  /** Loads everything and begins nothing: the self-test's question whether it could work here. */
  z.object({ kind: z.literal('load') }),
  z.object({ kind: z.literal('secret'), id: z.number().int(), value: z.string().nullable() }),
  /** The secret cannot be had now. */
  z.object({ kind: z.literal('noSecret'), id: z.number().int(), message: z.string(), remedy: z.string() }),
  /** Gives steps under way back, and ends. */
  z.object({ kind: z.literal('end') }),
])
export type ToWorker = z.infer<typeof toWorker>

export const fromWorker = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('loaded') }),
  z.object({ kind: z.literal('problem'), message: z.string() }),
  /** What it waits for, in a sentence. */
  z.object({ kind: z.literal('says'), text: z.string() }),
  z.object({ kind: z.literal('polling'), identity: z.string() }),
  /** It takes no steps for now. */
  z.object({ kind: z.literal('resting') }),
  /** A drill is about to kill it. */
  z.object({ kind: z.literal('drilled') }),
  z.object({ kind: z.literal('secret'), id: z.number().int(), name: z.string() }),
])
export type FromWorker = z.infer<typeof fromWorker>
