import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { CallOutput } from '../../../contract/calls.ts'
import type { DiagnosticsContents, DiagnosticsReport } from '../../../contract/diagnostics.ts'
import { notFound } from '../../../contract/errors.ts'
import type { Log } from '../log.ts'
import { type DiagnosticsSources, listDiagnostics, writeDiagnostics } from './collect.ts'

export interface Diagnostics {
  list(): Promise<DiagnosticsContents>
  /** @throws CallFailed as `writeDiagnostics` does */
  make(wanted: string | null): Promise<DiagnosticsReport>
  /** @throws CallFailed `notFound` when no such archive is in the default folder */
  read(name: string, from: number): Promise<CallOutput<'diagnostics.read'>>
}

/** A message of base64 stays well under what a window may be sent at once. */
const pieceBytes = 512 * 1024

/** The running host's own diagnostics. */
export function createDiagnostics({ log, ...sources }: DiagnosticsSources & { log: Log }): Diagnostics {
  /** A second click waits for the first one's archive instead of making another. */
  let making: { wanted: string | null; report: Promise<DiagnosticsReport> } | null = null
  return {
    list: () => listDiagnostics(sources),
    make(wanted) {
      if (making?.wanted === wanted) return making.report
      const report = writeDiagnostics(sources, wanted).finally(() => {
        if (making?.report === report) making = null
      })
      making = { wanted, report }
      void report.then(
        ({ file, sizeBytes }) => log.info({ file, sizeBytes }, 'diagnostics were collected'),
        () => {},
      )
      return report
    },
    async read(name, from) {
      const file = await open(join(sources.home.diagnostics, name)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
        throw notFound(`${name} is not in ${sources.home.diagnostics} any more.`)
      })
      try {
        const { size } = await file.stat()
        const { bytesRead, buffer } = await file.read(Buffer.alloc(pieceBytes), 0, pieceBytes, from)
        const next = from + bytesRead
        return { base64: buffer.subarray(0, bytesRead).toString('base64'), next: next < size && bytesRead > 0 ? next : null }
      } finally {
        await file.close()
      }
    },
  }
}
