import type { Emit, EventName, EventPayload } from '../../contract/events.ts'
import type { EventListener } from './backend.ts'
import type { Log } from './log.ts'

export interface EventHub {
  emit: Emit
  onEvent(listener: EventListener): () => void
}

/** Hands every event to every listener; one that throws does not keep the others from hearing it. */
export function createEventHub(log: Log): EventHub {
  const listeners = new Set<EventListener>()
  return {
    emit<N extends EventName>(name: N, payload: EventPayload<N>) {
      for (const listener of listeners) {
        try {
          listener(name, payload)
        } catch (error) {
          log.error({ err: error, event: name }, 'an event listener failed')
        }
      }
    },
    onEvent(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
