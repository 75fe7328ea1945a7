import type { KeyObject } from 'node:crypto'
import { join } from 'node:path'
import { conflict, notFound, refused, unavailable } from '../../../contract/errors.ts'
import type { KeyInfo, KeyRingState, KeySettings } from '../../../contract/keys.ts'
import type { UnusableFile } from '../../../contract/model.ts'
import { type DataKey, type KeySource, KeysUnavailable, UnknownKey } from '../../../temporal/codec/keySource.ts'
import type { Home } from '../home.ts'
import type { Log } from '../log.ts'
import type { SecretStore } from '../secrets/secretStore.ts'
import { emptyKeyEnvironment, type KeyEnvironment } from './environmentKeys.ts'
import { type CarriedKey, exportKey, openExportedKey } from './exportedKey.ts'
import { createKeyPlaces } from './keyPlaces.ts'
import type { KeyProvider } from './keyProvider.ts'
import { type KeyRecord, openKeyRecords } from './keyRecords.ts'
import { createOpenedKeys } from './openedKeys.ts'
import { DamagedEntry, PassphraseMissing } from './storedKeys.ts'

export interface KeyRing {
  /** Refuses at once while the keys cannot be had: for calls that are tried again by who made them. */
  source: KeySource
  /**
   * Waits while the keys cannot be had, until the ring is closed: for workers. The SDK takes a codec's refusal for the
   * end of the worker or of an attempt, and attempts are counted.
   */
  patientSource: KeySource
  /** Settles when the keys were asked for once, whatever came of it. */
  ready: Promise<void>
  state(): KeyRingState
  /** Why the keys cannot be had now; null when they can, and while nothing is to be encrypted. */
  problem(): string | null
  onChange(listener: () => void): () => void
  /** The records of the keys, when they were damaged or gone and were begun anew at this start or since. */
  unusable(): UnusableFile[]
  /** A new key for new payloads; the others stay for reading. @throws CallFailed `unavailable`; nothing was changed then. */
  rotate(): Promise<void>
  /** Destroys a key that nothing needs. @throws CallFailed `conflict` that names what needs it, `notFound` */
  retire(id: string): Promise<void>
  setEncrypting(on: boolean): void
  /** @throws CallFailed `refused` when it opens nothing. */
  unlock(passphrase: string): Promise<void>
  /** Wraps every key by this passphrase; it is asked for at each start from now on. */
  usePassphrase(passphrase: string): Promise<void>
  /** One block of text for a second operator. @throws CallFailed `notFound`, `refused` for a key that a service wraps, `unavailable` */
  exportKey(id: string, passphrase: string): Promise<string>
  /** Takes such a block in, for reading. @throws CallFailed as `openExportedKey` does; `conflict` when another key has its id */
  importKey(text: string, passphrase: string): Promise<{ id: string; alreadyHere: boolean }>
  /** Has new keys come from elsewhere. @throws CallFailed `unavailable` when none can be had there; all is as before then */
  chooseProvider(settings: KeySettings, vaultToken?: string): Promise<void>
  /** Reads `config/keys.json` again, and asks now for what could not be had. */
  retry(): Promise<void>
  close(): void
}

interface OpenRun {
  workflowId: string
  /** When it was accepted: its first values may have been sealed at any moment since, whenever Temporal took it. */
  begunAt: string
}

export interface KeyRingOptions {
  home: Home
  secrets: SecretStore
  log: Log
  /** Runs that have not ended. */
  openRuns(): OpenRun[]
  /** Whether runs of this data folder were started: their values were sealed, so its records must know a key. */
  runsWereStarted?: boolean
  /** false for a bare worker: it uses the host's keys, and makes none. */
  makesKeys?: boolean
  /** What `takeKeyEnvironment` found. */
  environment?: KeyEnvironment
  /** How long a key of a key service may be used without asking it again, in milliseconds; default: five minutes. */
  serviceKeepMs?: number
  /** Messages that one key may seal. */
  messageBudget?: number
}

/**
 * Far under 2^32, where NIST SP 800-38D (8.3) ends a key with random 96-bit IVs: by then two IVs are alike with a chance
 * of 2^-41, and sixteen data folders could share a key from the environment.
 */
const defaultMessageBudget = 2 ** 28
/** Shares of the budget at which the operator is warned, and at which the key is rotated by itself. */
const warnAt = 0.8
const rotateAt = 0.9
/** Charged at once: one write to disk for about twenty runs. What a crash leaves unused is lost from the budget only. */
const blockOfMessages = 1024
/** How soon another process's rotation, import or switch is noticed. */
const lookEveryMs = 1_000
/** Each ask of a locked keychain may put a prompt on the screen. */
const firstRetryMs = 5_000
const longestRetryMs = 60_000
/** Clocks of this host, of Temporal and of other workers differ; so long may a worker go on with the key before. */
const overlapMs = 60_000
/** Marks opened keys that are not in the records. */
const elsewhere = 'elsewhere '

/**
 * The keys of this data folder: made on first start, charged per message, rotated before their budget ends. Comes back at
 * once; the keys are asked for behind it, and while they cannot be had nothing is written in clear.
 * @throws when the records of the keys cannot be opened at all
 */
export function createKeyRing(options: KeyRingOptions): KeyRing {
  const { home, log, openRuns, makesKeys = true, runsWereStarted = false, messageBudget = defaultMessageBudget } = options
  const block = Math.max(1, Math.min(blockOfMessages, Math.floor(messageBudget / 64)))
  const listeners = new Set<() => void>()
  const ended = new AbortController()
  let damage: string | null = null
  let seenRevision = -1
  const file = join(home.root, 'keys.sqlite')
  const records = openKeyRecords(file, {
    log,
    onBeganAnew: (setAside) => {
      seenRevision = -1
      damage = `The records of the keys were damaged: the keys were kept, and a new one seals. A copy is ${setAside}.`
    },
  })
  if (damage === null && runsWereStarted && records.list().length === 0 && records.encrypting()) {
    damage = `The records of the keys, ${file}, are gone, although runs were started here before. They were begun anew: keys that are kept elsewhere are taken in for reading, a new one seals, and encryption is on. If a value cannot be read, import its key from an export, or put the file back from a backup while Gatehouse does not run.`
    log.error({ file }, 'the records of the keys are gone; they are begun anew')
  }
  const places = createKeyPlaces({
    ...{ home, secrets: options.secrets, environment: options.environment ?? emptyKeyEnvironment },
    serviceKeepMs: options.serviceKeepMs,
    sealingProvider: () => records.sealing()?.provider ?? null,
  })
  const { stored, environment } = places

  let problem: KeysUnavailable | null = null
  let failures = 0
  let askAgainAt = 0
  let retryTimer: NodeJS.Timeout | null = null
  let lookedAt = 0
  let encrypting = true
  /** The key that seals, and how many charged messages are left for this process. */
  let sealing: { key: DataKey; left: number; until: number } | null = null
  const opened = createOpenedKeys()

  const tell = () => {
    for (const listener of listeners) {
      try {
        listener()
      } catch (error) {
        log.error({ err: error }, 'a change of the keys could not be told')
      }
    }
  }

  /** Takes in what any process changed. */
  function look(): void {
    lookedAt = Date.now()
    const revision = records.revision()
    if (revision === seenRevision) return
    seenRevision = revision
    // The host may have chosen another place for new keys; a worker beside it goes by the same file.
    if (!makesKeys) places.reload()
    // What was missing may be what was changed.
    askAgainAt = 0
    encrypting = records.encrypting()
    const current = records.sealing()
    if (sealing && sealing.key.id !== current?.id) giveBack()
    const usable = new Set(records.list().flatMap(({ id, state }) => (state === 'retired' ? [] : id)))
    opened.forget((name) => usable.has(name) || name.startsWith(elsewhere))
    tell()
  }

  function giveBack(): void {
    if (sealing && sealing.left > 0) records.refund(sealing.key.id, sealing.left)
    sealing = null
  }

  /** A key service is asked ahead of the end of a key's time, so that its short absence is not felt. */
  async function open(record: KeyRecord): Promise<DataKey | null> {
    const provider = places.of(record.provider)
    const ask = () => load(provider, record.id, record.id, record.wrapped)
    const known = opened.get(record.id)
    if (!known) return ask()
    if (opened.until(record.id) - Date.now() < provider.keepMs / 2)
      void ask().catch((error) => log.warn({ err: error, keyId: record.id }, 'a key could not be asked for ahead of time'))
    return known
  }

  /** What is damaged in the store will not be had by waiting. */
  const openUndamaged = (record: KeyRecord) =>
    open(record).catch((error) => {
      if (error instanceof DamagedEntry) return null
      throw error
    })

  const load = (provider: KeyProvider, name: string, id: string, wrapped: Uint8Array | null) =>
    opened.ask(name, Math.max(firstRetryMs, askAgainAt - Date.now()), async () => {
      const key = await provider.load(id, wrapped)
      return key && { key: dataKey(id, key, wrapped), keepMs: provider.keepMs }
    })

  /** A key that is new, or that its provider holds ready, takes over. */
  async function makeSealing(instead: string | null): Promise<KeyRecord> {
    if (!makesKeys) {
      throw new KeysUnavailable(
        'This data folder has no key for new payloads yet.',
        'Start the host on it once ("gatehouse start" or "gatehouse serve"); it makes one.',
      )
    }
    if (instead === null) await takeInStored()
    const chosen = places.chosen()
    if (instead !== null && chosen.fixedId === instead) {
      throw new KeysUnavailable(
        'The sealing key comes from the environment, so no other can be made here.',
        'Put a new key before it in GATEHOUSE_ENCRYPTION_KEY, and start again.',
      )
    }
    const { id, createdAt, key, wrapped } = await chosen.create()
    const record: KeyRecord = {
      id,
      createdAt,
      wrapped,
      state: 'sealing',
      provider: chosen.name(),
      sealedUntil: null,
      messages: 0,
    }
    if (!records.replaceSealing(record, instead))
      throw new KeysUnavailable('Another process changed the keys just now.', 'It is tried again.')
    opened.put(id, dataKey(id, key, wrapped), chosen.keepMs)
    log.info({ keyId: id, provider: record.provider, instead }, 'a new key seals')
    look()
    return record
  }

  /** Records that were begun anew know no keys; those that the store has are for reading, as their counts are not known. */
  async function takeInStored(): Promise<void> {
    for (const { id, createdAt } of await stored.list()) {
      if (records.get(id)) continue
      const now = new Date().toISOString()
      records.put({ id, createdAt, state: 'reading', provider: stored.name(), sealedUntil: now, messages: 0, wrapped: null })
    }
  }

  /** @returns true when it was here already. */
  async function takeIn(carried: CarriedKey): Promise<boolean> {
    const { id, createdAt, key } = carried
    const record = records.get(id)
    const here = record && record.state !== 'retired' ? await openUndamaged(record) : null
    if (here && !here.key.equals(key)) throw conflict(`Another key with the id ${id} is here. Nothing was imported.`)
    if (here) return true
    await stored.keep(carried)
    // A key that was missing goes on as what it was. When one from elsewhere ceased to seal there is not known here.
    const state = record?.state === 'sealing' ? 'sealing' : 'reading'
    const known = { sealedUntil: record?.sealedUntil ?? null, messages: record?.messages ?? 0 }
    records.put({ ...known, id, createdAt, state, provider: stored.name(), wrapped: null })
    opened.put(id, dataKey(id, key, null), stored.keepMs)
    log.info({ keyId: id }, 'a key was imported')
    return false
  }

  async function charge(messages: number): Promise<DataKey | null> {
    look()
    if (!encrypting) return null
    let record = records.sealing() ?? (await makeSealing(null))
    const chosen = places.chosen()
    const another = places.of(record.provider) !== chosen || (chosen.fixedId ?? record.id) !== record.id
    if (makesKeys && another) record = await makeSealing(record.id)
    if (makesKeys && record.messages + messages > messageBudget * rotateAt) {
      // Until the budget's end the old key serves, should no new one be had.
      record = await makeSealing(record.id).catch((error) => {
        log.warn({ err: error, keyId: record.id }, 'the key should be rotated and could not be')
        return record
      })
    }
    const key = await open(record)
    if (!key) throw lost(record.id)
    if (sealing?.key.id !== key.id) giveBack()
    const left = sealing?.left ?? 0
    // Also who seals nothing now is told when nothing more can be sealed.
    const needed = Math.max(1, messages)
    for (const size of [Math.max(block, needed), needed]) {
      if (left < needed && !records.charge(key.id, size, messageBudget)) continue
      const charged = left < needed ? size : 0
      sealing = { key, left: left + charged - messages, until: opened.until(key.id) }
      return key
    }
    throw new KeysUnavailable(
      `The key ${key.id} has sealed as many messages as it may (${messageBudget}).`,
      'Rotate the keys; runs wait until then.',
    )
  }

  async function rotate(): Promise<void> {
    await inTurn(async () => void (await makeSealing(records.sealing()?.id ?? null)))
    await prepare(true)
  }

  const lost = (id: string) =>
    new KeysUnavailable(
      `The key ${id} is in the records of this data folder, but not where its keys are kept.`,
      'Import it from an export. To begin with a new key, rotate: what the lost key sealed then stays unreadable.',
    )

  /** One after another, so that no two make a key. */
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work, work)
    turn = mine.catch(() => {})
    return mine
  }

  function succeeded(): void {
    failures = 0
    askAgainAt = 0
    if (retryTimer) clearTimeout(retryTimer)
    retryTimer = null
    if (problem) {
      problem = null
      opened.forgetRefusals()
      log.info('the keys can be had again')
      tell()
    }
  }

  function failed(error: unknown): KeysUnavailable {
    const reason =
      error instanceof KeysUnavailable
        ? error
        : new KeysUnavailable(`The records of the keys cannot be used now (${(error as Error).message}).`, 'It is tried again.')
    const wait = Math.min(longestRetryMs, firstRetryMs * 2 ** failures++)
    askAgainAt = Date.now() + wait
    if (retryTimer) clearTimeout(retryTimer)
    if (!ended.signal.aborted) retryTimer = setTimeout(() => void prepare().catch(() => {}), wait).unref()
    if (problem?.message !== reason.message) {
      problem = reason
      log.warn({ err: reason }, 'the keys cannot be had; nothing is written in clear')
      tell()
    }
    return reason
  }

  const closed = () => new KeysUnavailable('The key ring is closed.', 'Start Gatehouse.')

  async function chargeOrFail(messages: number, now = false): Promise<DataKey | null> {
    if (ended.signal.aborted) throw closed()
    try {
      const key = await inTurn(() => {
        // Whoever waited in the queue behind a failed ask does not ask again.
        if (problem && !now && Date.now() < askAgainAt) throw problem
        return charge(messages)
      })
      succeeded()
      return key
    } catch (error) {
      throw error === problem ? error : failed(error)
    }
  }

  /** Has the keys in memory before they are needed: a keychain that is locked later then harms nobody. */
  async function prepare(now = false): Promise<void> {
    if (now) opened.forgetRefusals()
    await chargeOrFail(0, now)
    for (const record of records.list()) {
      if (record.state !== 'retired' && places.of(record.provider).keepMs === Number.POSITIVE_INFINITY)
        await open(record).catch((error) => log.warn({ err: error, keyId: record.id }, 'a key cannot be opened now'))
    }
  }

  /** Without a wait where nothing has to be asked: the codec then stays synchronous. */
  const chargeInMemory = (messages: number): DataKey | null => {
    const now = Date.now()
    if (!sealing || !encrypting || sealing.left < messages) return null
    if (now >= sealing.until || now >= lookedAt + lookEveryMs) return null
    sealing.left -= messages
    return sealing.key
  }

  async function findKey(id: string, wrapped?: Uint8Array): Promise<DataKey> {
    if (ended.signal.aborted) throw closed()
    const record = records.get(id) ?? (await takenIn(id))
    if (record?.state === 'retired') throw new UnknownKey(id)
    const key = record ? await openUndamaged(record) : await findElsewhere(id, wrapped)
    if (!key) throw new UnknownKey(id)
    return key
  }

  /** Records that were begun anew know a key only once the store was asked: until then nobody may say that it is unknown. */
  async function takenIn(id: string): Promise<KeyRecord | null> {
    if (damage === null) return null
    const problem = await chargeOrFail(0).then(
      () => null,
      (error: unknown) => error,
    )
    const record = records.get(id)
    if (record === null && problem !== null) throw problem
    return record
  }

  /** What another data folder had wrapped by the key service that this one may ask too; or a key of a worker's environment. */
  async function findElsewhere(id: string, wrapped: Uint8Array | undefined): Promise<DataKey | null> {
    if (!wrapped) {
      const key = (await environment?.load(id, null)) ?? null
      return key && dataKey(id, key, null)
    }
    const name = `${elsewhere}${id} ${Buffer.from(wrapped).toString('base64')}`
    const known = opened.get(name)
    if (known) return known
    for (const service of places.opening(wrapped)) {
      const key = await load(service, name, id, wrapped)
      if (key) return key
    }
    return null
  }

  /** Tries again until it works; what other than the keys is wrong is passed on. */
  const patiently = async <T>(work: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof KeysUnavailable) || ended.signal.aborted) throw error
        await changeOr(lookEveryMs)
      }
    }
  }
  const changeOr = (ms: number) =>
    new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer)
        listeners.delete(done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      listeners.add(done)
    })

  const mayNeed = (record: KeyRecord, runs: OpenRun[]) => {
    if (record.sealedUntil === null) return runs
    const until = Date.parse(record.sealedUntil) + overlapMs
    return runs.filter(({ begunAt }) => Date.parse(begunAt) <= until)
  }

  const warning = (keys: KeyRecord[]): string | null => {
    const words: string[] = []
    if (damage) words.push(damage)
    if (places.chosen().name() === 'file')
      words.push(
        'The keys lie in a file that nothing but its permissions protects. Set a passphrase, or choose another place for them.',
      )
    const full = keys.find(({ state, messages }) => state === 'sealing' && messages >= messageBudget * warnAt)
    if (full)
      words.push(
        `The key ${full.id} has sealed ${Math.floor((100 * full.messages) / messageBudget)} % of the messages that it may; it is rotated by itself at ${100 * rotateAt} %.`,
      )
    return words.length > 0 ? words.join(' ') : null
  }

  if (makesKeys) {
    for (const id of environment?.ids ?? []) {
      if (records.get(id)) continue
      const createdAt = new Date().toISOString()
      records.put({ id, createdAt, state: 'reading', provider: 'environment', sealedUntil: null, messages: 0, wrapped: null })
    }
  }

  // What other processes changed, and sealed, is seen also while nothing is sealed here: the host rotates for all.
  const ticker = setInterval(() => {
    try {
      look()
    } catch (error) {
      log.debug({ err: error }, 'the records of the keys could not be read')
    }
    void chargeOrFail(0).catch(() => {})
  }, 5 * lookEveryMs).unref()

  const ready = prepare().catch(() => {})

  return {
    ready,
    source: {
      sealingKey: (messages) => chargeInMemory(messages) ?? chargeOrFail(messages),
      openingKey: (id, wrapped) => opened.get(id) ?? findKey(id, wrapped),
    },
    patientSource: {
      sealingKey: (messages) => chargeInMemory(messages) ?? patiently(() => chargeOrFail(messages)),
      openingKey: (id, wrapped) => opened.get(id) ?? patiently(() => findKey(id, wrapped)),
    },
    state() {
      const keys = records.list()
      const runs = openRuns()
      return {
        encrypting: records.encrypting(),
        problem: problem?.message ?? null,
        remedy: problem?.remedy ?? null,
        needsPassphrase: problem instanceof PassphraseMissing,
        warning: warning(keys),
        canUsePassphrase: places.chosen().name() === 'file' && problem === null,
        provider: places.chosen().name(),
        settings: places.settings(),
        keys: keys.map((record): KeyInfo => {
          const { id, state, provider, createdAt, messages } = record
          const needed = state === 'retired' ? 0 : mayNeed(record, runs).length
          // Stored keys move together, so they are where the store is now.
          return { id, state, provider: places.of(provider).name(), createdAt, messages, messageBudget, openRuns: needed }
        }),
      }
    },
    problem: () => problem?.message ?? null,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    unusable: () => (damage === null ? [] : [{ file, problem: damage }]),
    rotate: () => answering(rotate),
    async retire(id) {
      await inTurn(async () => {
        const record = records.get(id)
        if (!record) throw notFound(`There is no key ${id} in this key ring.`)
        // Once more: the first time it may not have been destroyed.
        if (record.state === 'retired') return answering(() => stored.remove(id))
        if (record.state === 'sealing') throw conflict(`New payloads are sealed with ${id}. Rotate first; nothing was changed.`)
        const needing = mayNeed(record, openRuns())
        if (needing.length > 0) {
          const which =
            needing.length === 1
              ? `The run ${needing[0]?.workflowId}`
              : `${needing.length} open runs, such as ${needing[0]?.workflowId},`
          throw conflict(
            `${which} may hold values that only ${id} opens. It can be retired when they have ended; nothing was changed.`,
          )
        }
        // First out of use and then destroyed: a crash between the two leaves a key that nobody uses, not one that is missed.
        records.put({ ...record, state: 'retired', wrapped: null })
        look()
        await answering(() => stored.remove(id))
        log.info({ keyId: id }, 'a key was retired')
      })
    },
    setEncrypting(on) {
      records.setEncrypting(on)
      log.warn({ encrypting: on }, on ? 'new payloads are encrypted' : 'new payloads are written in clear')
      look()
    },
    async unlock(passphrase) {
      if (!(await answering(() => stored.unlock(passphrase))))
        throw refused('This passphrase opens none of the keys. Nothing was changed.')
      await answering(() => prepare(true))
    },
    async usePassphrase(passphrase) {
      if (places.chosen() !== stored)
        throw conflict('The keys do not come from this data folder, so no passphrase protects them.')
      const layUnprotected = stored.name() === 'file'
      await answering(async () => {
        await inTurn(() => stored.protect(passphrase))
        // What lay on the disk in clear may still be found there: it seals nothing more.
        if (layUnprotected) await rotate()
        else await prepare(true)
      })
      tell()
    },
    async retry() {
      places.reload()
      await prepare(true).catch(() => {})
      tell()
    },
    exportKey: (id, passphrase) =>
      answering(async () => {
        const record = records.get(id)
        if (!record || record.state === 'retired') throw notFound(`There is no key ${id} in this key ring.`)
        if (record.wrapped) {
          throw refused(
            `The key ${id} is wrapped by ${record.provider === 'vault' ? 'Vault' : 'AWS KMS'}. Let the other operator use that service instead of exporting it.`,
          )
        }
        const dataKey = await open(record)
        if (!dataKey) throw lost(id)
        log.info({ keyId: id }, 'a key was exported')
        return exportKey({ id, createdAt: record.createdAt, key: dataKey.key }, passphrase)
      }),
    async importKey(text, passphrase) {
      const carried = await openExportedKey(text, passphrase)
      const alreadyHere = await answering(() => inTurn(() => takeIn(carried)))
      // It may be the one that was missing.
      await prepare(true).catch(() => {})
      tell()
      return { id: carried.id, alreadyHere }
    },
    async chooseProvider(settings, vaultToken) {
      const undo = await answering(() => places.use(settings, vaultToken))
      try {
        await answering(() => prepare(true))
      } catch (error) {
        await undo()
        await prepare(true).catch(() => {})
        throw error
      } finally {
        tell()
      }
    },
    close() {
      if (ended.signal.aborted) return
      clearInterval(ticker)
      if (retryTimer) clearTimeout(retryTimer)
      try {
        giveBack()
      } catch (error) {
        log.debug({ err: error }, 'what was not used of the budget was not given back')
      }
      ended.abort()
      tell()
      opened.forget(() => false)
      records.close()
    },
  }
}

const dataKey = (id: string, key: KeyObject, wrapped: Uint8Array | null): DataKey => ({ id, key, ...(wrapped && { wrapped }) })

/** For calls of the operator: says in the answer why the keys cannot be had. */
async function answering<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof KeysUnavailable) throw unavailable('keys', `${error.message} ${error.remedy}`)
    throw error
  }
}
