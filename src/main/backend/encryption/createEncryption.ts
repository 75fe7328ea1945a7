import type { CallName, Handlers } from '../../../contract/calls.ts'
import { CallFailed } from '../../../contract/errors.ts'
import type { Emit } from '../../../contract/events.ts'
import type { KeySettings, KeysAuditEntry, KeysState } from '../../../contract/keys.ts'
import type { CodecServer } from '../codecServer/createCodecServer.ts'
import type { KeyRing } from '../keys/createKeyRing.ts'
import type { Audit } from '../ledger/audit.ts'
import type { Log } from '../log.ts'
import { encryptionMode } from './encryptionMode.ts'

type KeyCall = Extract<CallName, `keys.${string}`>

export interface Encryption {
  handlers: Pick<Handlers, KeyCall>
  state(): KeysState
  /** For each of the worker's log lines; as it was at the last change. */
  mode(): string
  /** Tells the console where something has changed. Runs that end and counters that rise are told by nobody. */
  look(): void
  close(): Promise<void>
}

interface Options {
  ring: Omit<KeyRing, 'source' | 'patientSource' | 'ready' | 'problem' | 'close' | 'unusable'>
  codecServer: CodecServer
  audit: Audit
  emit: Emit
  log: Log
  /** Who switches, for the audit. */
  operator(): string
  host: string
}

const auditShown = 50

/** Keys, encryption and the codec server as the operator has them in hand; every switch is recorded with a name. */
export function createEncryption({ ring, codecServer, audit, emit, log, operator, host }: Options): Encryption {
  const sealingKey = () => ring.state().keys.find((key) => key.state === 'sealing')?.id ?? null
  let revision = 0
  let told = ''
  let knownSealing = sealingKey()
  let rotatedByHand = false
  let mode = encryptionMode(ring.state())
  /** One change at a time: each passphrase takes memory and a second of a core, and what was seen before a change still holds in it. */
  let turn: Promise<unknown> = Promise.resolve()

  const record = (event: KeysAuditEntry['event'], name: string, detail = '', by = operator()) => {
    audit.add({
      at: new Date().toISOString(),
      topic: 'encryption',
      name,
      event,
      operator: by,
      host,
      workflowId: null,
      step: null,
      attempt: null,
      detail,
    })
    log.info({ event, name, operator: by }, 'encryption was changed')
  }

  const state = (): KeysState => ({
    ...ring.state(),
    codecServer: codecServer.state(),
    audit: audit
      .latest('encryption', auditShown)
      .map(({ topic: _, workflowId: __, step: ___, attempt: ____, ...entry }) => entry as KeysAuditEntry),
    revision,
  })

  function tell(): void {
    const sealing = sealingKey()
    if (sealing !== null && knownSealing !== null && sealing !== knownSealing) {
      record('rotated', sealing, `It follows ${knownSealing}.`, rotatedByHand ? operator() : 'Gatehouse')
    }
    knownSealing = sealing ?? knownSealing
    const { revision: _, ...now } = state()
    mode = encryptionMode(now)
    const text = JSON.stringify(now)
    if (text === told) return
    told = text
    revision++
    emit('keys.changed', { state: state() })
  }

  /** @param what for the record, when it is refused */
  const inTurn = <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work)
    turn = mine
      .catch((error: unknown) => {
        if (error instanceof CallFailed) record('refused', what, error.message)
      })
      .catch((error: unknown) => log.error({ err: error }, 'a refusal could not be put on record'))
    return mine.finally(look)
  }
  /** Does it, and answers the state that holds then. */
  const change = async (what: string, work: () => Promise<void>): Promise<KeysState> => {
    await inTurn(what, work)
    return state()
  }

  /** Never throws: nobody who looks could do anything about a record that cannot be written now. */
  function look(): void {
    try {
      tell()
    } catch (error) {
      log.error({ err: error }, 'the state of the keys could not be told')
    }
  }
  const stopListening = ring.onChange(look)

  return {
    state,
    mode: () => mode,
    look,
    handlers: {
      'keys.get': state,
      'keys.setEncrypting': ({ on }) =>
        change('encryption', async () => {
          if (ring.state().encrypting === on) return
          // First: nothing is ever written in clear without a record of who wanted that.
          record(on ? 'on' : 'off', 'encryption')
          await ring.setEncrypting(on)
        }),
      'keys.rotate': ({ from }) =>
        change(from, async () => {
          if (sealingKey() !== from) return
          rotatedByHand = true
          await ring.rotate().finally(() => {
            look()
            rotatedByHand = false
          })
        }),
      'keys.retire': ({ id }) =>
        change(id, async () => {
          await ring.retire(id)
          record('retired', id)
        }),
      'keys.export': ({ id, passphrase }) =>
        inTurn(id, async () => {
          const text = await ring.exportKey(id, passphrase)
          record('exported', id)
          return { id, text }
        }),
      'keys.import': async ({ text, passphrase }) => {
        const imported = await inTurn('import', async () => {
          const result = await ring.importKey(text, passphrase)
          if (!result.alreadyHere) record('imported', result.id)
          return result
        })
        return { ...imported, state: state() }
      },
      'keys.unlock': ({ passphrase }) =>
        change('unlock', async () => {
          await ring.unlock(passphrase)
          record('unlocked', 'encryption')
        }),
      'keys.usePassphrase': ({ passphrase }) =>
        change('encryption', async () => {
          await ring.usePassphrase(passphrase)
          record('protected', 'encryption', 'By a passphrase.')
        }),
      'keys.chooseProvider': ({ settings, vaultToken }) =>
        change('provider of keys', async () => {
          await ring.chooseProvider(settings, vaultToken)
          record('moved', 'new keys', `They come from ${placeWords(settings)}.`)
        }),
      'keys.retry': () => change('retry', () => ring.retry()),
      'keys.codecServer': ({ on }) =>
        change('codec server', async () => {
          if (codecServer.state().on === on) return
          if (on) record('on', 'codec server')
          await codecServer.set(on)
          if (!on) record('off', 'codec server')
        }),
    },
    async close() {
      stopListening()
      await turn
      await codecServer.close()
    },
  }
}

/** Which service and which key of it: what a reader of the record needs to find it again. */
function placeWords({ provider, vault, awsKms }: KeySettings): string {
  if (provider === 'vault' && vault) return `Vault at ${vault.address}, ${vault.mount}/${vault.key}`
  if (provider === 'aws-kms' && awsKms) return `AWS KMS in ${awsKms.region}, ${awsKms.keyId}`
  return provider === 'environment' ? 'the environment' : 'where this data folder keeps its secrets'
}
