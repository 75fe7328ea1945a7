import type { KeyObject } from 'node:crypto'
import { randomBytes } from 'node:crypto'
import type { KeyProvider as ProviderName } from '../../../contract/keys.ts'

/** Where keys are made, and had again at the next start. One member per way to keep them. */
export interface KeyProvider {
  /** As the operator sees it. */
  name(): ProviderName
  /** How long an opened key may stay in memory before it is asked for again, in milliseconds. */
  readonly keepMs: number
  /**
   * A new key, kept so that `load` finds it from now on.
   * @throws KeysUnavailable when none can be made now
   */
  create(): Promise<NewKey>
  /**
   * @param wrapped what `create` gave, for a key service
   * @returns null when there is no such key here; another place may have it
   * @throws KeysUnavailable when it cannot be told now
   */
  load(id: string, wrapped: Uint8Array | null): Promise<KeyObject | null>
  /** Key services: whether this may be a key that the service wrapped, for whichever data folder. */
  opens?(wrapped: Uint8Array): boolean
  /** The one key that seals, where that is not ours to choose: another cannot be made then. */
  readonly fixedId?: string
}

export interface NewKey {
  id: string
  key: KeyObject
  createdAt: string
  /** Key services: the key as the service wrapped it. It is no secret, and travels with each payload. */
  wrapped: Buffer | null
}

/** So long a key of a service is used without asking it again: who loses the right to it loses it within this time. */
export const serviceKeepMs = 5 * 60_000

/** 48 random bits tell keys apart; they say nothing about the key. */
export const newKeyId = () => `k-${randomBytes(6).toString('hex')}`

/** What is accepted as an id from outside: it stands in payloads, in the console and in names of secrets. */
export const keyIdPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
