/** Keys wrapped by a passphrase: at rest on this machine, and on their way to another operator. */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes, scrypt } from 'node:crypto'

/**
 * scrypt (RFC 7914) with 128 MiB of memory: N = 2^17, r = 8, p = 1, the strongest of OWASP's equivalent settings
 * (Password Storage Cheat Sheet). About half a second on a desktop.
 */
export const scryptCost = { N: 2 ** 17, r: 8, p: 1 } as const

export const keyBytes = 32
export const saltBytes = 16
const ivBytes = 12 // NIST SP 800-38D: 96-bit IV
const tagBytes = 16
/** IV, tag and sealed key. */
export const wrappedBytes = ivBytes + tagBytes + keyBytes

/** @param passphrase taken in Unicode form NFKC, so that it does not depend on the keyboard that typed it */
export function deriveWrappingKey(passphrase: string, salt: Uint8Array): Promise<KeyObject> {
  return new Promise((resolve, reject) => {
    const options = { ...scryptCost, maxmem: 256 * scryptCost.N * scryptCost.r }
    scrypt(passphrase.normalize('NFKC'), salt, keyBytes, options, (error, derived) => {
      if (error) return reject(error)
      resolve(createSecretKey(derived))
      derived.fill(0)
    })
  })
}

/** AES-256-GCM; layout: IV, tag, sealed key. @param bound what the wrapped key belongs to; another opening fails */
export function wrapKey(key: KeyObject, wrappingKey: KeyObject, bound: string): Buffer {
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', wrappingKey, iv).setAAD(Buffer.from(bound))
  const raw = key.export()
  const sealed = Buffer.concat([cipher.update(raw), cipher.final()])
  raw.fill(0)
  return Buffer.concat([iv, cipher.getAuthTag(), sealed])
}

/** @returns null when the wrapping key is another one, or the bytes were changed. */
export function unwrapKey(wrapped: Uint8Array, wrappingKey: KeyObject, bound: string): KeyObject | null {
  if (wrapped.length !== wrappedBytes) return null
  const decipher = createDecipheriv('aes-256-gcm', wrappingKey, wrapped.subarray(0, ivBytes)).setAAD(Buffer.from(bound))
  decipher.setAuthTag(wrapped.subarray(ivBytes, ivBytes + tagBytes))
  try {
    const raw = Buffer.concat([decipher.update(wrapped.subarray(ivBytes + tagBytes)), decipher.final()])
    const key = createSecretKey(raw)
    raw.fill(0)
    return key
  } catch {
    return null
  }
}
