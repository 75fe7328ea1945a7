import { CallFailed } from '../../contract/errors.ts'
import type { Bridge, Connection } from '../../contract/wire.ts'
import { createListeners, hostAway, outputOf, readReply } from './wire.ts'

/** The Connection of the Electron window, over the preload's bridge. An attached window may lose its host and find it again. */
export function createIpcConnection(bridge: Bridge): Connection {
  const listeners = createListeners((event, problem) => console.error(`push ${event} does not fit the contract: ${problem}`))
  let nextId = 1
  bridge.onPush((value) => listeners.receive(value))
  bridge.onStatus((status) => listeners.setStatus(status))
  return {
    async call(name, input) {
      let answer: unknown
      try {
        answer = await bridge.send({ id: nextId++, call: name, input })
      } catch (cause) {
        if (cause instanceof CallFailed) throw cause
        throw hostAway()
      }
      const read = readReply(answer)
      if (!read) throw hostAway()
      return outputOf(name, read)
    },
    subscribe: listeners.subscribe,
    onStatus: listeners.onStatus,
  }
}
