import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Connection } from '../../../contract/wire.ts'
import { flushFolder } from '../../backend/disk/writeWhole.ts'
import { type Context, findRun, withHost } from '../context.ts'
import { type ExitCode, exitCodes, UsageError } from '../exitCodes.ts'

export interface HistoryOptions {
  /** With its payloads decoded by the keys of the running host. */
  decoded?: true
  /** Default: standard output. */
  out?: string
  /** Writes over a file that is there. */
  force?: true
}

/** Writes Temporal's history of a run as a JSON file that its own tools and replayers read. */
export async function exportHistory(context: Context, wanted: string, options: HistoryOptions): Promise<ExitCode> {
  const { out } = context
  const file = options.out === undefined ? null : resolve(options.out)
  if (file === null && out.json) throw new UsageError('With --json a file is needed: --out FILE. Nothing was exported.')
  if (file !== null && !options.force && existsSync(file)) {
    throw new UsageError(`${file} is there already. Nothing was written; --force writes over it.`)
  }
  return withHost(context, async (host) => {
    const { workflowId } = await findRun(host, wanted)
    const decoded = options.decoded === true
    if (file === null) {
      for await (const { text } of pieces(host, workflowId, decoded)) await toStdout(text)
      return exitCodes.done
    }
    // Beside its place, and readable by this user alone: decoded values are in clear there.
    const part = `${file}.${randomUUID().slice(0, 8)}.part`
    let events = 0
    let unreadable = 0
    try {
      const handle = await open(part, 'wx', 0o600)
      try {
        for await (const piece of pieces(host, workflowId, decoded)) {
          await handle.writeFile(piece.text)
          events += piece.events
          unreadable += piece.unreadable
        }
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(part, file)
      flushFolder(dirname(file))
    } finally {
      await rm(part, { force: true })
    }
    out.data({ workflowId, file, decoded, events, unreadable })
    out.line(`${events} events of ${workflowId} are in ${file}${decoded ? ', decoded: it holds values in clear' : ''}.`)
    if (unreadable > 0) out.line(`${unreadable} values could not be decoded; each says why in the file.`)
    return unreadable > 0 ? exitCodes.failed : exitCodes.done
  })
}

async function* pieces(host: Connection, workflowId: string, decoded: boolean) {
  let after: string | null = null
  do {
    const piece: Awaited<ReturnType<typeof ask>> = await ask(host, workflowId, decoded, after)
    yield piece
    after = piece.next
  } while (after !== null)
}

const ask = (host: Connection, workflowId: string, decoded: boolean, after: string | null) =>
  host.call('history.export', { workflowId, decoded, after })

const toStdout = (text: string) =>
  new Promise<void>((done, fail) => process.stdout.write(text, (error) => (error ? fail(error) : done())))
