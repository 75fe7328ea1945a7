/** The three envelopes that travel between a shell and its host, the same over IPC and over the WebSocket. */
import { z } from 'zod'
import type { CallInput, CallName, CallOutput } from './calls.ts'
import { callError } from './errors.ts'
import type { EventName, EventPayload } from './events.ts'

export const request = z.object({ id: z.number().int().nonnegative(), call: z.string(), input: z.unknown() }).strict()
export type Request = z.infer<typeof request>

export const reply = z.union([
  z.object({ id: z.number().int(), ok: z.literal(true), output: z.unknown() }),
  z.object({ id: z.number().int(), ok: z.literal(false), error: callError }),
])
export type Reply = z.infer<typeof reply>

export const push = z.object({ event: z.string(), payload: z.unknown() })
export type Push = z.infer<typeof push>

/** `lost`: the host went away; the connection tries again by itself. `refused`: this session is not let in. */
export type ConnectionStatus = 'connecting' | 'open' | 'lost' | 'refused'

/** The one seam between the console and whatever carries its words. */
export interface Connection {
  /** @throws CallFailed with the host's error, or `unavailable` when the host cannot be reached. */
  call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>>
  subscribe<N extends EventName>(name: N, listener: (payload: EventPayload<N>) => void): () => void
  onStatus(listener: (status: ConnectionStatus) => void): () => void
}

/** What the preload puts on `window.gatehouse`; plain functions over structured-clone values, nothing of Electron leaks. */
export interface Bridge {
  send(request: Request): Promise<Reply>
  onPush(listener: (push: Push) => void): () => void
  /** Calls back at once with what is known, then on every change. An attached window loses its host and finds it again. */
  onStatus(listener: (status: ConnectionStatus) => void): () => void
  /** `''` for a file that is not on this machine's disk (dragged from a web page). */
  pathOfFile(file: File): string
  capabilities: import('./model.ts').Capabilities
}
