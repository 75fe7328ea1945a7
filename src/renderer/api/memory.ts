import { type CallInput, type CallName, calls, type Handlers } from '../../contract/calls.ts'
import { invalid } from '../../contract/errors.ts'
import type { Emit } from '../../contract/events.ts'
import type { Connection, ConnectionStatus } from '../../contract/wire.ts'
import { createListeners, hostAway, outputOf } from './wire.ts'

export interface MemoryConnection extends Connection {
  emit: Emit
  setStatus(status: ConnectionStatus): void
}

/** A Connection to handlers in the same process, for tests and for development: validates as the real ones do. */
export function createMemoryConnection(handlers: Partial<Handlers>, status: ConnectionStatus = 'open'): MemoryConnection {
  const listeners = createListeners((event, problem) => {
    throw new Error(`push ${event} does not fit the contract: ${problem}`)
  })
  listeners.setStatus(status)
  return {
    async call<N extends CallName>(name: N, input: CallInput<N>) {
      if (listeners.status !== 'open') throw hostAway()
      const handle = handlers[name] as ((input: unknown) => unknown) | undefined
      if (!handle) throw invalid(`no handler for ${name}`)
      const read = calls[name].input.safeParse(input)
      if (!read.success) throw invalid(read.error.issues[0]?.message ?? 'invalid', read.error.issues[0]?.path.join('.') ?? null)
      const output = await handle(read.data)
      // The connection may have been lost while the handler worked, as on a real wire.
      if ((listeners.status as ConnectionStatus) !== 'open') throw hostAway()
      return outputOf(name, { id: 0, ok: true, output: structuredClone(output) })
    },
    subscribe: listeners.subscribe,
    onStatus: listeners.onStatus,
    setStatus: listeners.setStatus,
    emit: (name, payload) => listeners.receive({ event: name, payload: structuredClone(payload) }),
  }
}
