import { randomBytes } from 'node:crypto'
import type { z } from 'zod'
import { type CallName, calls, type Handlers } from '../../contract/calls.ts'
import { type CallError, CallFailed } from '../../contract/errors.ts'
import { type Reply, request } from '../../contract/wire.ts'
import type { Log } from '../backend/log.ts'

/** Takes whatever a shell sent and answers it. Never rejects. */
export type Dispatch = (raw: unknown) => Promise<Reply>

/**
 * The one door into the handlers: envelope, then call name, then input are checked against the contract before a
 * handler sees anything. IPC and WebSocket both end here, so neither can be less strict than the other.
 */
export function createDispatch(
  handlers: Handlers,
  log: Pick<Log, 'error'>,
  /** Hears of each known call whose input does not fit, and which field does not. */
  onRefused: (call: CallName, input: unknown, field: string | null) => void = () => {},
): Dispatch {
  return async (raw) => {
    const envelope = request.safeParse(raw)
    if (!envelope.success) {
      return { id: idOf(raw), ok: false, error: invalidInput('This is not a request of the console', envelope.error) }
    }
    const { id, call, input } = envelope.data
    if (!isCall(call)) {
      return {
        id,
        ok: false,
        error: { kind: 'invalid', message: `There is no call named ${JSON.stringify(call)}.`, field: 'call' },
      }
    }
    const valid = calls[call].input.safeParse(input)
    if (!valid.success) {
      onRefused(call, input, valid.error.issues[0]?.path.map(String).join('.') || null)
      return { id, ok: false, error: invalidInput(call, valid.error) }
    }
    try {
      return { id, ok: true, output: await handlers[call](valid.data as never) }
    } catch (error) {
      return { id, ok: false, error: toCallError(error, call, log) }
    }
  }
}

// Names such as `constructor` are on every object, so only own properties count.
const isCall = (name: string): name is CallName => Object.hasOwn(calls, name)

/** The envelope's id where it has a usable one, else -1: the sender finds its mistake instead of waiting for ever. */
function idOf(raw: unknown): number {
  const id = typeof raw === 'object' && raw !== null && 'id' in raw ? raw.id : undefined
  return Number.isSafeInteger(id) ? (id as number) : -1
}

function invalidInput(what: string, error: z.ZodError): CallError {
  const issue = error.issues[0]
  const path = [...(issue?.path ?? []), ...(issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [])]
  const field = path.length > 0 ? path.map(String).join('.') : null
  return { kind: 'invalid', message: `${what}: ${field ? `${field}: ` : ''}${issue?.message ?? 'invalid input'}`, field }
}

/** What may leave the host of an error: a CallFailed as it is; anything else only as an id that finds it in the log. */
export function toCallError(error: unknown, what: string, log: Pick<Log, 'error'>): CallError {
  if (error instanceof CallFailed) return error.error
  const id = randomBytes(6).toString('hex')
  log.error({ err: error, id, call: what }, 'a call failed unexpectedly')
  return { kind: 'internal', message: `Something went wrong here. The log has the details under ${id}.`, id }
}
