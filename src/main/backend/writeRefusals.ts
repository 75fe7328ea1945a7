/** What keeps the host from writing, said to whoever asked for something. */
import type { CallName, Handlers } from '../../contract/calls.ts'
import { CallFailed, refused, unavailable } from '../../contract/errors.ts'
import { isDiskFull } from '../../temporal/diskFull.ts'
import type { Backend } from './backend.ts'
import { isLedgerHeld } from './ledger/isLedgerHeld.ts'
import type { Log } from './log.ts'

interface Options {
  backend: Pick<Backend, 'handlers' | 'receiveUpload'>
  /** A write was refused for lack of room. */
  onDiskFull(): void
  log: Pick<Log, 'error'>
}

/**
 * The same calls, which end in a CallFailed of words where a full disk, or another program that holds the ledger, kept
 * what was asked for from being written. Nothing else about them changes.
 */
export function tellWriteRefusals({ backend, onDiskFull, log }: Options): Pick<Backend, 'handlers' | 'receiveUpload'> {
  function inWords(error: unknown, call: string): unknown {
    if (error instanceof CallFailed) return error
    if (isDiskFull(error)) {
      onDiskFull()
      log.error({ err: error, call }, 'the disk is full')
      return refused(
        'The disk of the data folder is full, so this could not be recorded and nothing was changed. Free some space and try again.',
      )
    }
    if (isLedgerHeld(error)) {
      log.error({ err: error, call }, 'another program holds the ledger')
      return unavailable(
        'ledger',
        'Another program holds the database of the data folder (ledger.sqlite), so this could not be recorded and nothing was changed. Close what has it open and try again.',
      )
    }
    return error
  }
  async function telling<T>(call: string, act: () => Promise<T> | T): Promise<T> {
    try {
      return await act()
    } catch (error) {
      throw inWords(error, call)
    }
  }
  const told = (name: CallName) => {
    const handler = backend.handlers[name] as (input: unknown) => unknown
    return (input: unknown) => telling(name, () => handler(input))
  }
  return {
    handlers: Object.fromEntries(
      (Object.keys(backend.handlers) as CallName[]).map((name) => [name, told(name)]),
    ) as unknown as Handlers,
    receiveUpload: (name, body) => telling('upload', () => backend.receiveUpload(name, body)),
  }
}
