import { join } from 'node:path'
import { type KeySettings, keySettings, type KeyProvider as ProviderName } from '../../../contract/keys.ts'
import { KeysUnavailable } from '../../../temporal/codec/keySource.ts'
import type { Home } from '../home.ts'
import type { SecretStore } from '../secrets/secretStore.ts'
import { createAwsKmsKeys } from './awsKmsKeys.ts'
import { createEnvironmentKeys, type EnvironmentKeys, type KeyEnvironment, missingEnvironmentKeys } from './environmentKeys.ts'
import type { KeyProvider } from './keyProvider.ts'
import { keepKeySettings, readKeySettings, writeKeySettings } from './keySettings.ts'
import { askSecrets, createStoredKeys, type StoredKeys } from './storedKeys.ts'
import { createVaultKeys } from './vaultKeys.ts'

/** Every place that keys come from, and the one that makes new ones. */
export interface KeyPlaces {
  readonly stored: StoredKeys
  readonly environment: EnvironmentKeys | null
  /** Makes new keys. */
  chosen(): KeyProvider
  /** Where the keys of this provider are. */
  of(name: ProviderName): KeyProvider
  /** Key services that may open what another data folder had wrapped. */
  opening(wrapped: Uint8Array): KeyProvider[]
  /** What the settings file said when it was last read; null when it was not right. */
  settings(): KeySettings | null
  /** Takes in what the settings file says now. */
  reload(): void
  /**
   * Writes the settings and goes by them.
   * @returns what puts the settings back that were there before
   * @throws KeysUnavailable, and nothing was changed
   */
  use(settings: KeySettings, vaultToken?: string): Promise<() => Promise<void>>
}

interface Options {
  home: Home
  secrets: SecretStore
  environment: KeyEnvironment
  serviceKeepMs?: number
  /** Whose key seals now; null when there is none yet. */
  sealingProvider(): ProviderName | null
}

const vaultTokenName = 'vault-token'

/**
 * The environment names the keys of this start; else `config/keys.json` does; else the secret store has them. What sealed
 * until now is never silently replaced: keys that came from elsewhere and cannot be had now are a problem to be told, not
 * a reason to make others.
 */
export function createKeyPlaces({
  home,
  secrets,
  environment: given,
  serviceKeepMs: keepMs,
  sealingProvider,
}: Options): KeyPlaces {
  const file = join(home.config, 'keys.json')
  const stored = createStoredKeys(secrets, given.passphraseFile)
  const environment = createEnvironmentKeys(given)
  let places = read()

  function read() {
    try {
      return placesOf(readKeySettings(file))
    } catch (error) {
      if (!(error instanceof KeysUnavailable)) throw error
      const failing = failingPlace(sealingProvider() ?? stored.name(), error)
      return { settings: null, chosen: environment ?? failing, vault: null, 'aws-kms': null, unreadable: failing }
    }
  }

  function placesOf(settings: KeySettings) {
    const { provider, vault, awsKms } = settings
    const services = {
      vault: vault
        ? createVaultKeys({
            ...vault,
            keepMs,
            token: async () => given.vaultToken ?? (await askSecrets(() => secrets.get(vaultTokenName))),
          })
        : null,
      'aws-kms': awsKms ? createAwsKmsKeys({ ...awsKms, keepMs }) : null,
    }
    const before = sealingProvider()
    const wanted = provider ?? (before === null || isStored(before) ? 'secrets' : before)
    const chosen = (): KeyProvider => {
      if (environment) return environment
      if (wanted === 'secrets') return stored
      if (wanted === 'environment') return missingEnvironmentKeys
      return services[wanted] ?? failingPlace(wanted, withoutSettings(wanted))
    }
    return { settings, chosen: chosen(), ...services, unreadable: null }
  }

  return {
    stored,
    environment,
    chosen: () => places.chosen,
    of(name) {
      if (isStored(name)) return stored
      if (name === 'environment') return environment ?? missingEnvironmentKeys
      // Without settings nobody can say where the key is: to whoever reads, it is unknown.
      return places[name] ?? places.unreadable ?? { ...failingPlace(name, withoutSettings(name)), load: async () => null }
    },
    opening: (wrapped) => [places.vault, places['aws-kms']].filter((service) => service?.opens?.(wrapped)) as KeyProvider[],
    reload() {
      places = read()
    },
    settings: () => places.settings,
    async use(settings, vaultToken) {
      const checked = keySettings.parse(settings)
      const putBack = keepKeySettings(file)
      const tokenBefore = vaultToken === undefined ? null : await askSecrets(() => secrets.get(vaultTokenName))
      if (vaultToken !== undefined) await askSecrets(() => secrets.set(vaultTokenName, vaultToken))
      writeKeySettings(file, checked)
      places = placesOf(checked)
      return async () => {
        putBack()
        places = read()
        if (vaultToken === undefined) return
        await askSecrets(() => (tokenBefore === null ? secrets.remove(vaultTokenName) : secrets.set(vaultTokenName, tokenBefore)))
      }
    },
  }
}

type StoredName = Exclude<ProviderName, 'environment' | 'vault' | 'aws-kms'>
const isStored = (name: ProviderName): name is StoredName => name === 'keychain' || name === 'file' || name === 'passphrase'

const failingPlace = (name: ProviderName, reason: KeysUnavailable): KeyProvider => ({
  name: () => name,
  keepMs: 0,
  create: () => Promise.reject(reason),
  load: () => Promise.reject(reason),
})

const withoutSettings = (name: 'vault' | 'aws-kms') =>
  new KeysUnavailable(
    `Keys come from ${name === 'vault' ? 'Vault' : 'AWS KMS'}, and config/keys.json does not say where that is.`,
    `Add "${name === 'vault' ? 'vault' : 'awsKms'}" to config/keys.json; then try again.`,
  )
