import { createStore } from 'zustand/vanilla'
import type { BackupReport, BackupState } from '../../../contract/backup.ts'
import type { Connection } from '../../../contract/wire.ts'
import { problemText } from '../../ui/problem.ts'

export type MakingOutcome = { ok: true; report: BackupReport } | { ok: false; message: string }

export interface BackupView {
  /** null until the host has told. */
  state: BackupState | null
  problem: string | null
  /** What the last backup that was asked for here came to; null while it is made, and before. */
  outcome: MakingOutcome | null
  fetch(): Promise<void>
  /** @param file full path of a folder or a new `.zip` on the host; empty: the default folder */
  make(file: string, passphrase: string | null): Promise<void>
  stop(): Promise<void>
  /** Before another one. */
  forget(): void
}

export function createBackupStore(connection: Connection) {
  const store = createStore<BackupView>()((set) => ({
    state: null,
    problem: null,
    outcome: null,
    async fetch() {
      try {
        set({ state: await connection.call('backup.state', {}), problem: null })
      } catch (cause) {
        set({ problem: problemText(cause) })
      }
    },
    async make(file, passphrase) {
      set({ outcome: null })
      try {
        const report = await connection.call('backup.make', { file: file.trim() || null, passphrase })
        set({ outcome: { ok: true, report } })
      } catch (cause) {
        set({ outcome: { ok: false, message: problemText(cause) } })
      }
    },
    async stop() {
      try {
        await connection.call('backup.stop', {})
      } catch (cause) {
        set({ problem: problemText(cause) })
      }
    },
    forget: () => set({ outcome: null }),
  }))
  connection.subscribe('backup.changed', ({ state }) => store.setState({ state, problem: null }))
  return store
}
export type BackupStore = ReturnType<typeof createBackupStore>

/** How a restore is begun, for a shell of any system that quotes by double quotes. */
export const restoreCommand = (file: string) => `gatehouse restore "${file}" --home NEW_FOLDER`
