/** Everything that a call can answer instead of its output. The union is closed: the interface handles each. */
import { z } from 'zod'

export const callError = z.discriminatedUnion('kind', [
  /** The input does not fit the contract, or a value is not allowed; `field` names it. */
  z.object({ kind: z.literal('invalid'), message: z.string(), field: z.string().nullable() }),
  z.object({ kind: z.literal('notFound'), message: z.string() }),
  /** The thing is there but not in a state that allows this (nothing awaits a decision, already decided …). */
  z.object({ kind: z.literal('conflict'), message: z.string() }),
  /** A part of the stack, or the host itself, is not reachable now; nothing was lost. */
  z.object({ kind: z.literal('unavailable'), message: z.string(), part: z.string() }),
  z.object({ kind: z.literal('refused'), message: z.string() }),
  /** A fault of ours; `id` finds it in the log. */
  z.object({ kind: z.literal('internal'), message: z.string(), id: z.string() }),
])
export type CallError = z.infer<typeof callError>

/** Thrown by handlers and by `Connection.call`; crosses the wire as its `error`. */
export class CallFailed extends Error {
  readonly error: CallError
  constructor(error: CallError) {
    super(error.message)
    this.name = 'CallFailed'
    this.error = error
  }
}
export const invalid = (message: string, field: string | null = null) => new CallFailed({ kind: 'invalid', message, field })
export const notFound = (message: string) => new CallFailed({ kind: 'notFound', message })
export const conflict = (message: string) => new CallFailed({ kind: 'conflict', message })
export const unavailable = (part: string, message: string) => new CallFailed({ kind: 'unavailable', message, part })
export const refused = (message: string) => new CallFailed({ kind: 'refused', message })
