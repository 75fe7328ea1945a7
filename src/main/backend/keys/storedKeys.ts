import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { KeysUnavailable } from '../../../temporal/codec/keySource.ts'
import { type SecretStore, SecretsUnavailable } from '../secrets/secretStore.ts'
import { type KeyProvider, type NewKey, newKeyId } from './keyProvider.ts'
import { deriveWrappingKey, keyBytes, saltBytes, unwrapKey, wrapKey } from './wrapping.ts'

/** Keys in the secret store (the OS keychain or a file), wrapped by a passphrase where the operator chose one. */
export interface StoredKeys extends KeyProvider {
  /** Keeps a key that was made elsewhere. */
  keep(key: Omit<NewKey, 'wrapped'>): Promise<void>
  remove(id: string): Promise<void>
  /** Every key that is kept, also those that nothing else knows of. */
  list(): Promise<{ id: string; createdAt: string }[]>
  /** @returns false when it opens no key. */
  unlock(passphrase: string): Promise<boolean>
  /** Wraps every key, present and future, by this passphrase instead of by what wraps it now. */
  protect(passphrase: string): Promise<void>
}

const base64 = z.base64()
const entrySchema = z.union([
  z.object({ createdAt: z.iso.datetime(), key: base64 }).strict(),
  /** Wrapped as `wrapping.ts` says, by a key from the passphrase and this salt. */
  z.object({ createdAt: z.iso.datetime(), salt: base64, wrapped: base64 }).strict(),
])
type Entry = z.infer<typeof entrySchema>

/** Name of the secret that is a data key. One entry of the store per key: Windows limits an entry to 2,560 bytes. */
export const dataKeySecret = (id: string) => `data-key:${id}`
/** Ids of all of them; a keychain cannot be asked for its names. */
const indexName = 'data-keys'
const indexSchema = z.array(z.string())

/** The id that an entry of this name belongs to, where that entry is wrapped by a passphrase; null for any other secret. */
export function passphraseWraps(name: string, text: string): string | null {
  if (!name.startsWith(dataKeySecret(''))) return null
  try {
    return 'wrapped' in entrySchema.parse(JSON.parse(text)) ? name.slice(dataKeySecret('').length) : null
  } catch {
    return null
  }
}

/** The same entry as one that no passphrase wraps. */
export function entryInClear(text: string, key: KeyObject): string {
  const { createdAt } = entrySchema.parse(JSON.parse(text))
  const raw = key.export()
  const entry: Entry = { createdAt, key: raw.toString('base64') }
  raw.fill(0)
  return JSON.stringify(entry)
}

const bound = (id: string) => `gatehouse key at rest v1 ${id}`

/** @param passphraseFile holds the passphrase, where nobody is there to give it */
export function createStoredKeys(secrets: SecretStore, passphraseFile: string | null = null): StoredKeys {
  let isProtected = false
  /** By salt, in base64; the passphrase itself is not kept. */
  const wrappingKeys = new Map<string, KeyObject>()
  /** The salt that new keys are wrapped with. */
  let currentSalt: string | null = null

  // Read afresh each time: another process on this data folder may have added to it.
  const readIndex = async (): Promise<string[]> => {
    const text = await askSecrets(() => secrets.read(indexName))
    if (text === null) return []
    try {
      return indexSchema.parse(JSON.parse(text))
    } catch {
      throw new DamagedEntry(indexName)
    }
  }
  const readEntry = async (id: string): Promise<Entry | null> => {
    const text = await askSecrets(() => secrets.read(dataKeySecret(id)))
    if (text === null) return null
    try {
      return entrySchema.parse(JSON.parse(text))
    } catch {
      throw new DamagedEntry(dataKeySecret(id)) // the parser's own message would quote it
    }
  }
  const writeEntry = (id: string, entry: Entry) => askSecrets(() => secrets.set(dataKeySecret(id), JSON.stringify(entry)))

  const open = (id: string, entry: Entry): KeyObject => {
    if ('key' in entry) {
      const raw = Buffer.from(entry.key, 'base64')
      if (raw.length !== keyBytes) throw new DamagedEntry(dataKeySecret(id))
      const key = createSecretKey(raw)
      raw.fill(0)
      return key
    }
    const wrappingKey = wrappingKeys.get(entry.salt)
    if (!wrappingKey) throw new PassphraseMissing()
    const key = unwrapKey(Buffer.from(entry.wrapped, 'base64'), wrappingKey, bound(id))
    if (!key) throw new DamagedEntry(dataKeySecret(id))
    return key
  }

  const close = (id: string, createdAt: string, key: KeyObject): Entry => {
    if (!isProtected) {
      const raw = key.export()
      const entry = { createdAt, key: raw.toString('base64') }
      raw.fill(0)
      return entry
    }
    const wrappingKey = currentSalt === null ? undefined : wrappingKeys.get(currentSalt)
    if (currentSalt === null || !wrappingKey) throw new PassphraseMissing()
    return { createdAt, salt: currentSalt, wrapped: wrapKey(key, wrappingKey, bound(id)).toString('base64') }
  }

  /** In the form that is wanted now. */
  const rewrite = async (id: string) => {
    const entry = await readEntry(id)
    if (entry) await writeEntry(id, close(id, entry.createdAt, open(id, entry)))
  }

  const keep = async ({ id, createdAt, key }: Omit<NewKey, 'wrapped'>) => {
    await writeEntry(id, close(id, createdAt, key))
    const index = await readIndex()
    if (!index.includes(id)) await askSecrets(() => secrets.set(indexName, JSON.stringify([...index, id])))
  }

  async function unlock(given: string): Promise<boolean> {
    let opened = false
    const derived = new Map<string, KeyObject>()
    const unwrapped: string[] = []
    for (const id of await readIndex()) {
      const entry = await readEntry(id)
      if (!entry) continue
      if ('key' in entry) {
        unwrapped.push(id)
        continue
      }
      const wrappingKey = derived.get(entry.salt) ?? (await deriveWrappingKey(given, Buffer.from(entry.salt, 'base64')))
      derived.set(entry.salt, wrappingKey)
      if (!unwrapKey(Buffer.from(entry.wrapped, 'base64'), wrappingKey, bound(id))) continue
      wrappingKeys.set(entry.salt, wrappingKey)
      isProtected = true
      currentSalt = entry.salt
      opened = true
    }
    // A crash cut off what `protect` had begun.
    if (opened) for (const id of unwrapped) await rewrite(id)
    return opened
  }

  async function unlockBy(file: string): Promise<void> {
    const given = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new PassphraseMissing(
        `The passphrase file ${file} cannot be read (${error.code}).`,
        'Make it readable for this user, or give the passphrase with "gatehouse keys unlock".',
      )
    })
    if (await unlock(given.replace(/\r?\n$/, ''))) return
    throw new PassphraseMissing(
      `The passphrase in ${file} opens none of the keys.`,
      'Correct it, or give the passphrase with "gatehouse keys unlock".',
    )
  }

  return {
    name: () => (isProtected ? 'passphrase' : secrets.describe().summary === 'file' ? 'file' : 'keychain'),
    keepMs: Number.POSITIVE_INFINITY,
    keep,
    async create() {
      const raw = randomBytes(keyBytes)
      const made = { id: newKeyId(), createdAt: new Date().toISOString(), key: createSecretKey(raw) }
      raw.fill(0)
      await keep(made)
      return { ...made, wrapped: null }
    },
    async load(id) {
      const entry = await readEntry(id)
      if (!entry) return null
      // How the keys are kept is told by the keys, so it cannot be forgotten.
      if ('wrapped' in entry) {
        isProtected = true
        if (passphraseFile !== null && !wrappingKeys.has(entry.salt)) await unlockBy(passphraseFile)
      }
      return open(id, entry)
    },
    async remove(id) {
      await askSecrets(() => secrets.remove(dataKeySecret(id)))
      const index = await readIndex()
      if (index.includes(id)) await askSecrets(() => secrets.set(indexName, JSON.stringify(index.filter((each) => each !== id))))
    },
    async list() {
      const found: { id: string; createdAt: string }[] = []
      for (const id of await readIndex()) {
        const entry = await readEntry(id).catch((error) => {
          if (error instanceof DamagedEntry) return null
          throw error
        })
        if (entry) found.push({ id, createdAt: entry.createdAt })
      }
      return found
    },
    unlock,
    async protect(given) {
      const salt = randomBytes(saltBytes)
      const derived = await deriveWrappingKey(given, salt)
      const before = { isProtected, currentSalt }
      isProtected = true
      currentSalt = salt.toString('base64')
      wrappingKeys.set(currentSalt, derived)
      try {
        for (const id of await readIndex()) await rewrite(id)
      } catch (error) {
        // Each entry says itself how it is wrapped, so those already written stay readable.
        isProtected = before.isProtected
        currentSalt = before.currentSalt
        throw error
      }
    },
  }
}

/** The store's own refusal, as whoever asks for keys hears it. */
export async function askSecrets<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SecretsUnavailable) throw new KeysUnavailable(error.message, error.remedy)
    throw error
  }
}

/** It is left as it is: a person may still mend it. */
export class DamagedEntry extends KeysUnavailable {
  constructor(name: string) {
    super(
      `What the secret store holds under ${name} is damaged. It was left as it is.`,
      'Restore it from a copy, import the key from an export, or rotate to begin with another.',
    )
    this.name = 'DamagedEntry'
  }
}

/** Ends with the passphrase, and not by waiting. */
export class PassphraseMissing extends KeysUnavailable {
  constructor(
    message = 'The keys are protected by a passphrase that was not given since the start.',
    remedy = 'Give the passphrase under Encryption, or with "gatehouse keys unlock". Runs wait until then.',
  ) {
    super(message, remedy)
    this.name = 'PassphraseMissing'
  }
}
