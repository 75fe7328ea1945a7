/** What both transports share: checking what arrives, and handing pushes to listeners. */
import { type CallName, type CallOutput, calls } from '../../contract/calls.ts'
import { CallFailed, unavailable } from '../../contract/errors.ts'
import { type EventName, type EventPayload, events } from '../../contract/events.ts'
import { type ConnectionStatus, push, type Reply, reply } from '../../contract/wire.ts'

/** Reads a reply envelope; null for words that are none (a newer host may send envelopes that we do not know). */
export function readReply(value: unknown): Reply | null {
  const read = reply.safeParse(value)
  return read.success ? read.data : null
}

/**
 * Gives a reply's output, checked against the contract.
 * @throws CallFailed with the host's error; `internal` when the answer does not fit the contract.
 */
export function outputOf<N extends CallName>(name: N, answer: Reply): CallOutput<N> {
  if (!answer.ok) throw new CallFailed(answer.error)
  const read = calls[name].output.safeParse(answer.output)
  if (read.success) return read.data as CallOutput<N>
  const where = read.error.issues[0]?.path.join('.') ?? ''
  throw new CallFailed({
    kind: 'internal',
    message: `The host's answer to ${name} does not fit this console (${where}). Reload the console; if that does not help, both parts are of different versions.`,
    id: name,
  })
}

type Listener = (payload: never) => void

/** Keeps who listens to which event; a push that fits no schema is told to `onBadPush` and otherwise dropped. */
export function createListeners(onBadPush: (event: string, problem: string) => void = () => {}) {
  const byEvent = new Map<string, Set<Listener>>()
  const onStatus = new Set<(status: ConnectionStatus) => void>()
  let status: ConnectionStatus = 'connecting'
  return {
    get status() {
      return status
    },
    setStatus(next: ConnectionStatus) {
      if (next === status) return
      status = next
      for (const listener of [...onStatus]) listener(next)
    },
    onStatus(listener: (status: ConnectionStatus) => void) {
      onStatus.add(listener)
      listener(status)
      return () => void onStatus.delete(listener)
    },
    subscribe<N extends EventName>(name: N, listener: (payload: EventPayload<N>) => void) {
      const set = byEvent.get(name) ?? new Set<Listener>()
      byEvent.set(name, set)
      set.add(listener as Listener)
      return () => void set.delete(listener as Listener)
    },
    receive(value: unknown) {
      const envelope = push.safeParse(value)
      if (!envelope.success || !Object.hasOwn(events, envelope.data.event)) return
      const name = envelope.data.event as EventName
      const payload = events[name].safeParse(envelope.data.payload)
      if (!payload.success) {
        onBadPush(name, payload.error.issues[0]?.path.join('.') ?? '')
        return
      }
      for (const listener of [...(byEvent.get(name) ?? [])]) (listener as (p: unknown) => void)(payload.data)
    },
  }
}

export const hostAway = () =>
  unavailable('host', 'Gatehouse cannot be reached right now. Nothing was changed; try again once the connection is back.')
