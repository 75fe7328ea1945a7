import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import type { Part } from '../../../contract/model.ts'
import { appPaths } from '../../paths.ts'
import { readText, setAsideInWords } from '../configFile.ts'
import { writeWhole } from '../disk/writeWhole.ts'
import type { Home } from '../home.ts'
import type { Log } from '../log.ts'
import { createKeychain, type SecretPlace, type StartHelper } from './keychain.ts'
import { createSecretFile } from './secretFile.ts'
import { type SecretStore, SecretsUnavailable } from './secretStore.ts'

export interface SecretsOptions {
  home: Home
  log: Log
  /** How the keychain's helper process is started; default: as plain Node. */
  startHelper?: StartHelper
  /** Default: GATEHOUSE_SECRETS, `keychain` or `file`; unset: the keychain where there is one. */
  wanted?: string
  /** How long the keychain may take, with a prompt on the screen at worst. */
  limitMilliseconds?: number
}

const place = z.enum(['keychain', 'file'])
/** `from`: where secrets were kept before the operator asked to move; each moves when it is next read. */
const choice = z.object({ id: z.string().regex(/^[0-9a-f]{16}$/), store: place, from: place.optional() })
type Choice = z.infer<typeof choice>

const waitingPart: Part = {
  state: 'starting',
  summary: 'secrets',
  detail: 'Looking for the OS keychain.',
  remedy: '',
  progress: null,
  address: null,
}

/**
 * Keeps secrets in the OS keychain, or, where there is none, in a file that only this user can read. Which one is found
 * out once per data folder and remembered in `config/secret-store.json`: a keychain that is locked today must not make
 * the app invent new secrets in a file. The choice lies there twice, as without it the keychain's entries are not found
 * again: a damaged one is set aside and read from its copy. Comes back once that is known; a keychain that does not answer
 * later is told by each use.
 * @throws SecretsUnavailable when the remembered choice and its copy are damaged
 */
export async function openSecrets(options: SecretsOptions): Promise<SecretStore> {
  const { home, log } = options
  const wanted = options.wanted ?? process.env.GATEHOUSE_SECRETS
  const choiceFile = join(home.config, 'secret-store.json')
  const copyFile = join(home.config, 'secret-store.copy.json')
  const secretFile = join(home.config, 'secrets.json')
  const file = createSecretFile(secretFile)
  /** In memory for as long as the host lives: a keychain call takes a process of its own. */
  const known = new Map<string, string>()
  const listeners = new Set<() => void>()
  let part = waitingPart

  const show = (next: Part) => {
    const changed = JSON.stringify(next) !== JSON.stringify(part)
    part = next
    if (changed) for (const listener of listeners) listener()
  }
  const keychainPart: Part = { ...waitingPart, state: 'up', summary: 'keychain', detail: '' }
  const filePart = (why: string): Part => ({
    ...waitingPart,
    state: 'up',
    summary: 'file',
    detail: `Secrets lie in ${secretFile}, readable by this user alone: ${why}.`,
    remedy: 'On a machine with an OS keychain, start once with GATEHOUSE_SECRETS=keychain to move them there.',
  })
  const unavailable = (error: unknown, failing: Choice['store']): SecretsUnavailable => {
    const why = (error as Error).message
    const problem =
      failing === 'keychain'
        ? new SecretsUnavailable(
            `The OS keychain cannot be used now: ${why}. The secrets in it are untouched.`,
            'Unlock the keychain; Gatehouse tries again by itself. To keep secrets in a file instead, start with GATEHOUSE_SECRETS=file.',
          )
        : new SecretsUnavailable(
            `The file with the secrets cannot be used: ${why}.`,
            `Mend ${secretFile}; Gatehouse tries again by itself.`,
          )
    show({ ...waitingPart, state: 'down', summary: failing, detail: problem.message, remedy: problem.remedy })
    return problem
  }

  interface Places {
    first: SecretPlace
    /** The other place, from which secrets are moved when the operator asked for that. */
    before: SecretPlace | null
    store: Choice['store']
    up: Part
    mended: string | null
  }
  const settle = async (): Promise<Places> => {
    const { stored, mended } = readChoice(choiceFile, copyFile)
    if (mended) log.warn({ mended }, 'the choice of the secret store was damaged')
    const id = stored?.id ?? randomBytes(8).toString('hex')
    const keychain = createKeychain({
      helper: appPaths().helpers.keychain,
      startHelper: options.startHelper,
      folderId: id,
      limitMilliseconds: options.limitMilliseconds ?? 10_000,
    })
    let store = wanted === 'keychain' || wanted === 'file' ? wanted : stored?.store
    let why =
      store === 'file' && wanted === 'file'
        ? 'GATEHOUSE_SECRETS asks for that'
        : 'no OS keychain was there when this data folder was made'
    if (!store) {
      try {
        // Only a write tells: a locked keychain answers reads of what it does not have.
        await keychain.set('probe', 'probe')
        await keychain.remove('probe')
        store = 'keychain'
      } catch (error) {
        store = 'file'
        const { message } = error as Error
        why = `no OS keychain can be used (${message.includes('DBUS_SESSION_BUS_ADDRESS') ? 'this session has no D-Bus' : message})`
      }
      log.info({ store, why: store === 'file' ? why : undefined }, 'where secrets are kept')
    }
    const from = stored && stored.store !== store ? stored.store : stored?.from
    const text = `${JSON.stringify({ id, store, from } satisfies Choice)}\n`
    if (!stored || stored.store !== store || mended) writeWhole(choiceFile, text)
    // Made for older data folders too; without it the choice is still there once.
    if (textOf(copyFile) !== text) {
      try {
        writeWhole(copyFile, text)
      } catch (error) {
        log.warn({ err: error, copyFile }, 'not copied')
      }
    }
    const there = { keychain, file }
    return {
      first: there[store],
      before: from && from !== store ? there[from] : null,
      store,
      up: noting(mended, store === 'keychain' ? keychainPart : filePart(why)),
      mended,
    }
  }
  const { first, before, store, up, mended } = await settle()
  show(up)

  /** One read per name at a time, so that two askers never both find nothing and make two secrets. */
  const reading = new Map<string, Promise<string | null>>()
  const read = async (name: string): Promise<string | null> => {
    let value: string | null
    try {
      value = await first.get(name)
      if (value === null && before) {
        value = await before.get(name).catch(() => null)
        if (value !== null) {
          await first.set(name, value)
          await before.remove(name)
        }
      }
    } catch (error) {
      throw unavailable(error, store)
    }
    show(up)
    return value
  }
  const readAndKeep = async (name: string) => {
    const value = await read(name)
    if (value !== null) known.set(name, value)
    return value
  }

  return {
    read,
    async get(name) {
      const cached = known.get(name)
      if (cached !== undefined) return cached
      const running = reading.get(name) ?? readAndKeep(name).finally(() => reading.delete(name))
      reading.set(name, running)
      return running
    },
    async set(name, value) {
      try {
        await first.set(name, value)
      } catch (error) {
        throw unavailable(error, store)
      }
      // A name that is only ever `read` keeps no copy here.
      if (known.has(name)) known.set(name, value)
      show(up)
    },
    async remove(name) {
      known.delete(name)
      try {
        await first.remove(name)
        await before?.remove(name)
      } catch (error) {
        throw unavailable(error, store)
      }
      show(up)
    },
    known: () => [...known.values()],
    describe: () => part,
    unusable: () => (mended === null ? [] : [{ file: choiceFile, problem: mended }]),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** The part with what was mended before what it says. */
const noting = (mended: string | null, part: Part): Part =>
  mended === null ? part : { ...part, detail: `${mended} ${part.detail}`.trim() }

/** The choice, or null in a new data folder. `mended`: says that it was damaged, where it is kept, and what was used. */
function readChoice(file: string, copy: string): { stored: Choice | null; mended: string | null } {
  const parse = (path: string): Choice | null => {
    const text = readText(path)
    return text === null ? null : choice.parse(JSON.parse(text))
  }
  try {
    return { stored: parse(file), mended: null }
  } catch {
    const kept = setAsideInWords(file)
    let stored: Choice | null = null
    try {
      stored = parse(copy)
    } catch {
      // Damaged as well.
    }
    if (stored !== null) return { stored, mended: `${file} was damaged and was read from ${copy}. ${kept}` }
    throw new SecretsUnavailable(
      `${file} is damaged, and no copy of it can be read, so it cannot be told where this data folder's secrets are. ${kept} Nothing else was changed.`,
      `Restore ${file} from a copy, or move it and ${copy} away to begin with new secrets.`,
    )
  }
}

function textOf(file: string): string | null {
  try {
    return readText(file)
  } catch {
    return null
  }
}
