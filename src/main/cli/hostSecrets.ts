import type { Part } from '../../contract/model.ts'
import { type SecretStore, SecretsUnavailable } from '../backend/secrets/secretStore.ts'
import type { HostChannel } from './hostChannel.ts'

/** Nothing here is shown: the host says how its secrets are. */
const part: Part = { state: 'up', summary: 'the host', detail: '', remedy: '', progress: null, address: null }

/**
 * The host's secrets, asked for over the channel: in the packaged app a utility process cannot start the keychain's helper,
 * and one program asks the keychain instead of two. Nothing is written by it.
 */
export function createHostSecrets(channel: HostChannel): SecretStore {
  const known = new Map<string, string>()
  const asked = new Map<number, { resolve(value: string | null): void; reject(error: Error): void }>()
  let lastId = 0

  channel.onMessage((message) => {
    if (message.kind !== 'secret' && message.kind !== 'noSecret') return
    const waiting = asked.get(message.id)
    asked.delete(message.id)
    if (message.kind === 'secret') waiting?.resolve(message.value)
    else waiting?.reject(new SecretsUnavailable(message.message, message.remedy))
  })
  const read = (name: string) =>
    new Promise<string | null>((resolve, reject) => {
      lastId++
      asked.set(lastId, { resolve, reject })
      void channel.send({ kind: 'secret', id: lastId, name })
    })
  const readOnly = () =>
    Promise.reject(new SecretsUnavailable('A worker process changes no secrets.', 'Change them in the console.'))

  return {
    read,
    async get(name) {
      const value = known.get(name) ?? (await read(name))
      if (value !== null) known.set(name, value)
      return value
    },
    set: readOnly,
    remove: readOnly,
    known: () => [...known.values()],
    describe: () => part,
    unusable: () => [],
    onChange: () => () => {},
  }
}
