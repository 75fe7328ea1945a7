import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Log } from '../log.ts'
import type { SecretStore } from '../secrets/secretStore.ts'

/** Encrypts what the projection keeps of decoded payloads, so that the SQLite file holds none in clear. */
export interface Sealer {
  seal(value: unknown): Buffer
  /** null when it was sealed under another key or was damaged: the projection then asks Temporal again. */
  open(sealed: Buffer | null): unknown
}

const purpose = Buffer.from('gatehouse projection v1')
const ivBytes = 12 // NIST SP 800-38D: 96-bit IV
const tagBytes = 16

/** AES-256-GCM, layout: IV, tag, ciphertext. @param key 32 bytes */
export function createSealer(key: Buffer): Sealer {
  return {
    seal(value) {
      const iv = randomBytes(ivBytes)
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(purpose)
      const body = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), body])
    },
    open(sealed) {
      if (!sealed || sealed.length < ivBytes + tagBytes) return null
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, ivBytes)).setAAD(purpose)
        decipher.setAuthTag(sealed.subarray(ivBytes, ivBytes + tagBytes))
        const text = Buffer.concat([decipher.update(sealed.subarray(ivBytes + tagBytes)), decipher.final()])
        return JSON.parse(text.toString('utf8'))
      } catch {
        return null
      }
    },
  }
}

/**
 * The sealing key of this data folder, made on first use and kept in the secret store. While that is locked, a key that
 * lives as long as this process takes its place: what it seals is asked of Temporal again at the next start.
 */
export async function loadSealer(secrets: SecretStore, log: Log): Promise<Sealer> {
  const name = 'projection-key'
  try {
    const stored = await secrets.get(name)
    const key = stored ? Buffer.from(stored, 'base64') : randomBytes(32)
    if (!stored) await secrets.set(name, key.toString('base64'))
    return createSealer(key)
  } catch (error) {
    log.warn({ err: error }, 'no sealing key; the projection is kept for this run of the host only')
    return createSealer(randomBytes(32))
  }
}
