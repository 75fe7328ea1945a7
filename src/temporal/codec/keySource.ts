import type { KeyObject } from 'node:crypto'

/** A key that payloads are sealed with. `key` holds 32 bytes and never leaves the process in the clear. */
export interface DataKey {
  id: string
  key: KeyObject
  /** Envelope encryption: the data key as the key service wrapped it. It travels with each payload. */
  wrapped?: Uint8Array
}

/** Where the codec's keys come from; the host's key ring is one, tests make their own. */
export interface KeySource {
  /**
   * The key for new payloads, charged with `messages` of its budget; null while encryption is switched off, then
   * payloads pass as they are.
   * @throws KeysUnavailable when the keys cannot be had now (keychain locked). Nothing is ever written in clear instead.
   */
  sealingKey(messages: number): DataKey | null | Promise<DataKey | null>
  /**
   * @param wrapped what the payload carries beside the id, for key services that wrap
   * @throws UnknownKey when there is no such key; KeysUnavailable when it cannot be told now
   */
  openingKey(id: string, wrapped?: Uint8Array): DataKey | Promise<DataKey>
}

/** No key of this id is here. The payload may be readable elsewhere; it spoils itself only. */
export class UnknownKey extends Error {
  readonly keyId: string
  constructor(keyId: string) {
    super(`The key ${keyId} is not in this key ring. Import it to read this value.`)
    this.name = 'UnknownKey'
    this.keyId = keyId
  }
}

/** The keys cannot be had now; trying again later is worth it. */
export class KeysUnavailable extends Error {
  readonly remedy: string
  constructor(message: string, remedy: string) {
    super(message)
    this.name = 'KeysUnavailable'
    this.remedy = remedy
  }
}
