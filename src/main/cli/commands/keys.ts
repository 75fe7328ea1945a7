/** `gatehouse keys` and `gatehouse codec-server`: what payloads are sealed with, and who else may read them. */
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { KeyInfo, KeysState } from '../../../contract/keys.ts'
import { spanWords } from '../../../contract/sentence.ts'
import type { Connection } from '../../../contract/wire.ts'
import { flushFile } from '../../backend/disk/writeWhole.ts'
import { type Context, withHost } from '../context.ts'
import { type ExitCode, exitCodes, UsageError } from '../exitCodes.ts'
import type { Cell, Output } from '../output.ts'
import { type PassphraseOptions, readPassphrase } from '../readPassphrase.ts'

export interface KeyFlags extends PassphraseOptions {
  /** Write the exported key to this new file instead of printing it. */
  out?: string
}

const actions = ['list', 'on', 'off', 'rotate', 'retire', 'export', 'import', 'unlock', 'protect', 'retry'] as const
type Action = (typeof actions)[number]

const takesSubject: ReadonlySet<Action> = new Set(['retire', 'export', 'import'])
const takesPassphrase: ReadonlySet<Action> = new Set(['export', 'import', 'unlock', 'protect'])

export async function runKeys(context: Context, named = 'list', subject: string | undefined, flags: KeyFlags): Promise<ExitCode> {
  const action = actions.find((one) => one === named)
  if (!action) throw new UsageError(`There is no "keys ${named}". There are ${actions.join(', ')}.`)
  if (subject !== undefined && !takesSubject.has(action))
    throw new UsageError(`"keys ${action}" takes no name. Nothing was changed.`)
  if (flags.passphraseFile !== undefined && !takesPassphrase.has(action))
    throw new UsageError(`--passphrase-file makes no sense with "keys ${action}". Nothing was changed.`)
  if (flags.out !== undefined && action !== 'export')
    throw new UsageError(`--out makes no sense with "keys ${action}". Nothing was changed.`)
  return withHost(context, async (host) => {
    await carryOut(context, host, action, subject, flags)
    return exitCodes.done
  })
}

async function carryOut(
  { out }: Context,
  host: Connection,
  action: Action,
  subject: string | undefined,
  flags: KeyFlags,
): Promise<void> {
  const tell = (state: KeysState, line: string) => {
    out.data(state)
    out.line(line)
    if (state.warning) out.line(state.warning)
  }
  switch (action) {
    case 'list': {
      const state = await host.call('keys.get', {})
      out.data(state)
      show(out, state)
      return
    }
    case 'on':
      return tell(await host.call('keys.setEncrypting', { on: true }), 'Encryption is on: new payloads are sealed.')
    case 'off':
      return tell(
        await host.call('keys.setEncrypting', { on: false }),
        'Encryption is off: new payloads are written in clear until "gatehouse keys on". What is sealed stays sealed and readable.',
      )
    case 'rotate': {
      const before = sealingKey(await host.call('keys.get', {}))
      if (!before) throw new UsageError('There is no sealing key to rotate yet. "gatehouse keys" says why.')
      const state = await host.call('keys.rotate', { from: before.id })
      return tell(state, `New payloads are sealed with ${sealingKey(state)?.id}; ${before.id} stays for reading.`)
    }
    case 'retire': {
      const id = named(subject, 'the key to retire')
      return tell(await host.call('keys.retire', { id }), `The key ${id} is retired: what only it opens cannot be read any more.`)
    }
    case 'export':
      return exportKey(out, host, named(subject, 'the key to export'), flags)
    case 'import': {
      const file = named(subject, 'the file with the exported key')
      const text = readKeyFile(file)
      const passphrase = await readPassphrase('Passphrase of the exported key', flags)
      const { id, alreadyHere, state } = await host.call('keys.import', { text, passphrase })
      out.data({ id, alreadyHere, state })
      out.line(alreadyHere ? `The key ${id} is here already; nothing was changed.` : `The key ${id} is here now, for reading.`)
      return
    }
    case 'unlock': {
      const passphrase = await readPassphrase('Passphrase of the keys', flags)
      return tell(await host.call('keys.unlock', { passphrase }), 'The keys are open until the host stops.')
    }
    case 'protect': {
      const passphrase = await readPassphrase('New passphrase for the keys', flags, true)
      const state = await host.call('keys.usePassphrase', { passphrase })
      return tell(state, 'The keys are protected by the passphrase. It is asked for at each start; without it they are lost.')
    }
    case 'retry': {
      const state = await host.call('keys.retry', {})
      return tell(state, state.problem === null ? 'The keys can be had.' : `${state.problem} ${state.remedy ?? ''}`)
    }
  }
}

async function exportKey(out: Output, host: Connection, id: string, flags: KeyFlags): Promise<void> {
  if (flags.out !== undefined && existsSync(flags.out))
    throw new UsageError(`${flags.out} is there already; nothing was written.`)
  const passphrase = await readPassphrase('New passphrase for the exported key', flags, true)
  const { text } = await host.call('keys.export', { id, passphrase })
  if (flags.out === undefined) {
    out.data({ id, text })
    out.line(text)
    return
  }
  // A file that came meanwhile is not overwritten; half a key is not left, and the whole one is on disk.
  const descriptor = openSync(flags.out, 'wx', 0o600)
  try {
    writeFileSync(descriptor, `${text}\n`)
  } catch (error) {
    rmSync(flags.out, { force: true })
    throw error
  } finally {
    closeSync(descriptor)
  }
  flushFile(flags.out)
  out.data({ id, file: flags.out })
  out.line(`The key ${id} is in ${flags.out}, sealed by the passphrase. Give the passphrase to the second operator another way.`)
}

function readKeyFile(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unreadable'}. Nothing was changed.`)
  }
}

function named(subject: string | undefined, what: string): string {
  if (subject === undefined || subject.trim() === '') throw new UsageError(`Name ${what}. "gatehouse keys" lists the keys.`)
  return subject
}

const sealingKey = ({ keys }: KeysState) => keys.find((key) => key.state === 'sealing')

function show(out: Output, state: KeysState): void {
  out.line(
    state.encrypting
      ? `Encryption is on. New keys come from: ${state.provider}.`
      : 'Encryption is OFF: new payloads are written in clear. "gatehouse keys on" ends that.',
  )
  if (state.problem) out.line(`${state.problem} ${state.remedy ?? ''}`)
  if (state.warning) out.line(state.warning)
  out.table(state.keys.map((key) => row(key, new Date())))
  if (state.codecServer.url) out.line(`The codec server is on: ${state.codecServer.url}`)
}

const stateStyle: Record<KeyInfo['state'], 'good' | 'strong' | 'faint'> = { sealing: 'good', reading: 'strong', retired: 'faint' }

const row = (key: KeyInfo, now: Date): Cell[] => [
  { text: key.state, style: stateStyle[key.state] },
  key.id,
  `${spanWords(now.getTime() - Date.parse(key.createdAt))} old`,
  key.provider,
  `${key.messages.toLocaleString('en')} of ${key.messageBudget.toLocaleString('en')} messages`,
  key.openRuns === 0 ? 'no open run' : `${key.openRuns} open ${key.openRuns === 1 ? 'run' : 'runs'}`,
]

/** `gatehouse codec-server on|off`: lets the Temporal Web UI and CLI of this machine read what is sealed. */
export async function switchCodecServer(context: Context, to: string): Promise<ExitCode> {
  if (to !== 'on' && to !== 'off') throw new UsageError(`There is no "codec-server ${to}". There are on and off.`)
  return withHost(context, async (host) => {
    const { codecServer } = await host.call('keys.codecServer', { on: to === 'on' })
    context.out.data(codecServer)
    if (codecServer.url === null) {
      context.out.line('The codec server is off; its address is dead for good.')
      return exitCodes.done
    }
    context.out.line(`The codec server is on until it is switched off or the host stops: ${codecServer.url}`)
    context.out.line(
      'Whoever knows this address reads every payload. In the Web UI: the glasses, "Codec Server browser endpoint".',
    )
    context.out.line(`On the command line: temporal workflow show --workflow-id ID --codec-endpoint ${codecServer.url}`)
    return exitCodes.done
  })
}
