import { createStore } from 'zustand/vanilla'
import { type HistoryFile, historyFilePiece } from '../../../contract/history.ts'
import type { Connection } from '../../../contract/wire.ts'
import { problemText } from '../../ui/problem.ts'
import { fileText } from './fileText.ts'

/** As the host: nothing larger is a history that Temporal keeps. In bytes. */
const longest = 128 * 1024 * 1024

export interface HistoryFileState {
  /** The file that is open, read-only; null when none is. */
  file: HistoryFile | null
  /** The file that is on its way to the host, and how much of it is there, 0 to 1. */
  opening: { fileName: string; fraction: number } | null
  /** Why the last one could not be opened. */
  problem: { fileName: string; words: string } | null
  open(file: File): Promise<void>
  close(): void
}

/** A history out of a file: the host reads and decodes it, and forgets it with its end. */
export function createHistoryFileStore(connection: Connection) {
  let turn = 0
  return createStore<HistoryFileState>()((set) => ({
    ...{ file: null, opening: null, problem: null },
    async open(file) {
      const mine = ++turn
      const fileName = file.name.slice(0, 1000)
      set({ file: null, problem: null, opening: { fileName, fraction: 0 } })
      const fail = (words: string) => set({ opening: null, problem: { fileName, words } })
      if (file.size > longest) {
        return fail('It is larger than 128 MB, more than Temporal lets a history grow. It was not opened.')
      }
      try {
        const text = await fileText(file)
        const upload = crypto.randomUUID()
        for (let from = 0; ; from += historyFilePiece) {
          const last = from + historyFilePiece >= text.length
          const piece = text.slice(from, from + historyFilePiece)
          const opened = await connection.call('history.openFile', { upload, fileName, text: piece, last })
          if (mine !== turn) return
          if (last) return set({ opening: null, file: opened })
          set({ opening: { fileName, fraction: Math.min(1, (from + historyFilePiece) / text.length) } })
        }
      } catch (cause) {
        if (mine === turn) fail(problemText(cause))
      }
    },
    close() {
      turn++
      set({ file: null, opening: null, problem: null })
    },
  }))
}
