import { type KeySource, KeysUnavailable } from '../../../temporal/codec/keySource.ts'
import type { SecretStore } from '../secrets/secretStore.ts'
import { entryInClear, passphraseWraps } from './storedKeys.ts'

/**
 * A secret as this host's own worker process gets it. A data key that a passphrase wraps is handed over opened, once somebody
 * has typed the passphrase here: nobody sits before that process. Until then it gets the key as it lies there, and waits.
 * @throws SecretsUnavailable when it cannot be told now
 */
export async function secretForWorker(
  { secrets, keys }: { secrets: Pick<SecretStore, 'read'>; keys: Pick<KeySource, 'openingKey'> },
  name: string,
): Promise<string | null> {
  const text = await secrets.read(name)
  const id = text === null ? null : passphraseWraps(name, text)
  if (text === null || id === null) return text
  try {
    const opened = await keys.openingKey(id)
    return opened ? entryInClear(text, opened.key) : text
  } catch (error) {
    if (error instanceof KeysUnavailable) return text
    throw error
  }
}
