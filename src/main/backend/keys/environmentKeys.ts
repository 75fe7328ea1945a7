/** Keys for hosts without an operator: from `GATEHOUSE_ENCRYPTION_KEY`, or from the file that `GATEHOUSE_ENCRYPTION_KEY_FILE` names. */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { KeysUnavailable } from '../../../temporal/codec/keySource.ts'
import { type KeyProvider, keyIdPattern } from './keyProvider.ts'
import { keyBytes } from './wrapping.ts'

const variable = 'GATEHOUSE_ENCRYPTION_KEY'
const fileVariable = 'GATEHOUSE_ENCRYPTION_KEY_FILE'

/** What the environment says; keys and token are taken out of it, so that no child process inherits them. */
export interface KeyEnvironment {
  keys: string | null
  keyFile: string | null
  /** Holds the passphrase of stored keys, for a start that nobody attends. */
  passphraseFile: string | null
  vaultToken: string | null
}

export const emptyKeyEnvironment: KeyEnvironment = { keys: null, keyFile: null, passphraseFile: null, vaultToken: null }

export function takeKeyEnvironment(env: NodeJS.ProcessEnv = process.env): KeyEnvironment {
  const taken = {
    keys: env[variable] || null,
    keyFile: env[fileVariable] || null,
    passphraseFile: env.GATEHOUSE_ENCRYPTION_PASSPHRASE_FILE || null,
    vaultToken: env.VAULT_TOKEN || null,
  }
  delete env[variable]
  delete env.VAULT_TOKEN
  return taken
}

/** What was taken out of the environment, for a process of ours that is handed it by another way. */
export const keyVariables = ({ keys, vaultToken }: KeyEnvironment): Record<string, string> => ({
  ...(keys === null ? {} : { [variable]: keys }),
  ...(vaultToken === null ? {} : { VAULT_TOKEN: vaultToken }),
})

export interface EnvironmentKeys extends KeyProvider {
  /** In their order: the first seals. */
  readonly ids: readonly string[]
}

/** null when the environment names no keys. Wrong keys are told by each use. */
export function createEnvironmentKeys({ keys: text, keyFile }: KeyEnvironment): EnvironmentKeys | null {
  if (text === null && keyFile === null) return null
  let read: { keys: Map<string, KeyObject>; problem: null } | { keys: null; problem: KeysUnavailable }
  try {
    read = { keys: parseKeys(text ?? readFile(keyFile ?? '')), problem: null }
  } catch (error) {
    if (!(error instanceof KeysUnavailable)) throw error
    read = { keys: null, problem: error }
  }
  const keys = () => {
    if (read.problem) throw read.problem
    return read.keys
  }
  const ids = [...(read.keys?.keys() ?? [])]
  return {
    name: () => 'environment',
    keepMs: Number.POSITIVE_INFINITY,
    ids,
    fixedId: ids[0],
    async create() {
      const [id, key] = keys().entries().next().value ?? []
      if (id === undefined || key === undefined) throw wrong('there is none in it')
      return { id, key, createdAt: new Date().toISOString(), wrapped: null }
    },
    load: async (id) => keys().get(id) ?? null,
  }
}

/** Sealing with a key of the environment was begun, and now the environment names none. */
export const missingEnvironmentKeys: KeyProvider = {
  name: () => 'environment',
  keepMs: 0,
  // None that is known: the one that is wanted is asked for, and that tells what is missing.
  fixedId: '',
  create: () => Promise.reject(missing()),
  load: async () => null,
}

const missing = () =>
  new KeysUnavailable(
    `The keys of this data folder come from ${variable}, which is not set.`,
    `Start again with ${variable} or ${fileVariable}, or choose another place in config/keys.json.`,
  )

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new KeysUnavailable(
      `The key file ${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`,
      `Make it readable for this user, or name another in ${fileVariable}; then start again.`,
    )
  }
}

/** By id, in their order: the first seals, all open. Each is `[id:]key`, 32 bytes as base64 or hex; `#` begins a comment. */
function parseKeys(text: string): Map<string, KeyObject> {
  const keys = new Map<string, KeyObject>()
  const words = text
    .split(/\r?\n/)
    .flatMap((line) => line.replace(/(^|\s)#.*$/, '').split(/[\s,]+/))
    .filter((word) => word !== '')
  words.forEach((word, index) => {
    const at = word.indexOf(':')
    const raw = decode(word.slice(at + 1))
    if (!raw) throw wrong(`number ${index + 1} is not ${keyBytes} bytes as base64 or hex`)
    const id = at < 0 ? idOf(raw) : word.slice(0, at)
    if (!keyIdPattern.test(id)) throw wrong(`the id of number ${index + 1} may have letters, digits, ".", "_" and "-" only`)
    if (keys.has(id)) throw wrong(`the id ${id} is there twice`)
    keys.set(id, createSecretKey(raw))
    raw.fill(0)
  })
  if (keys.size === 0) throw wrong('there is none in it')
  return keys
}

function decode(text: string): Buffer | null {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, 'hex')
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return null
  const raw = Buffer.from(text, 'base64')
  return raw.length === keyBytes ? raw : null
}

/** The same key has the same id everywhere, and the id tells nothing of the key. */
const idOf = (raw: Buffer) => `k-${createHmac('sha256', raw).update('gatehouse key id v1').digest('hex').slice(0, 12)}`

const wrong = (what: string) =>
  new KeysUnavailable(
    `The keys in ${variable} cannot be used: ${what}. Nothing is written in clear.`,
    `Give [id:]key, 32 random bytes as base64 ("openssl rand -base64 32"), the sealing key first; then start again.`,
  )
