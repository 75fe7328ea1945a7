import type { BackupProgress, BackupReport, BackupState } from '../../../contract/backup.ts'
import { conflict } from '../../../contract/errors.ts'
import type { Emit } from '../../../contract/events.ts'
import type { UnusableFile } from '../../../contract/model.ts'
import { lastBackup, unusableNote } from './lastBackup.ts'
import { type BackupSources, writeBackup } from './writeBackup.ts'

export interface Backups {
  /** One at a time. @throws CallFailed as `writeBackup` does */
  make(request: { file: string | null; passphrase: string | null }): Promise<BackupReport>
  state(): Promise<BackupState>
  /** Ends the one that is being made, if any. */
  stop(): void
  /** true while nothing may leave for Temporal: some milliseconds per backup, longer with a large history. */
  holds(): boolean
  /** The note of the newest backup, when it is damaged: until a backup is made. */
  unusable(): UnusableFile[]
}

interface Options extends Omit<BackupSources, 'hold'> {
  emit: Emit
  /** What was held may go. */
  onRelease(): void
}

const tellEveryMs = 250

/** The host's own backups. */
export function createBackups({ emit, onRelease, ...sources }: Options): Backups {
  const { home } = sources
  let holding = false
  let making: { progress: BackupProgress; stop: AbortController } | null = null
  let toldAt = 0
  let damaged = unusableNote(home)
  const hold = () => {
    holding = true
    return () => {
      holding = false
      onRelease()
    }
  }
  const state = async (): Promise<BackupState> => ({
    folder: home.backups,
    last: await lastBackup(home),
    making: making?.progress ?? null,
  })
  const tell = async () => emit('backup.changed', { state: await state() })
  return {
    holds: () => holding,
    unusable: () => (damaged === null ? [] : [damaged]),
    state,
    stop: () => making?.stop.abort(),
    async make({ file, passphrase }) {
      if (making) throw conflict('A backup is being made already. Nothing more was begun.')
      const stop = new AbortController()
      making = { progress: { what: 'Beginning', doneBytes: 0, totalBytes: 0 }, stop }
      try {
        await tell()
        return await writeBackup(
          { ...sources, hold },
          {
            ...{ file, passphrase, signal: stop.signal },
            onProgress(progress) {
              making = { progress, stop }
              if (Date.now() - toldAt < tellEveryMs) return
              toldAt = Date.now()
              void tell()
            },
          },
        )
      } finally {
        making = null
        if (damaged) damaged = unusableNote(home)
        await tell()
      }
    },
  }
}
