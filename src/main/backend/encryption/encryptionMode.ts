import type { KeyRingState } from '../../../contract/keys.ts'

/** What the worker's log lines say: `on, k-7f3a91c2`, `on, no key: …` or `off`. */
export function encryptionMode({ encrypting, problem, keys }: Pick<KeyRingState, 'encrypting' | 'problem' | 'keys'>): string {
  if (!encrypting) return 'off'
  if (problem !== null) return `on, no key: ${problem}`
  return `on, ${keys.find((key) => key.state === 'sealing')?.id ?? 'no key yet'}`
}
