import { isAbsolute } from 'node:path'
import type { BackupReport } from '../../../contract/backup.ts'
import { conflict, invalid } from '../../../contract/errors.ts'
import type { Emit } from '../../../contract/events.ts'
import { type BackupSources, defaultBackupFile, writeBackup } from './writeBackup.ts'

export interface Backups {
  /** One at a time. @throws CallFailed as `writeBackup` does */
  make(request: { file: string | null; passphrase: string | null }): Promise<BackupReport>
  /** true while nothing may leave for Temporal: some milliseconds per backup, longer with a large history. */
  holds(): boolean
}

interface Options extends Omit<BackupSources, 'hold'> {
  emit: Emit
  /** What was held may go. */
  onRelease(): void
}

const tellEveryMs = 250

/** The host's own backups. */
export function createBackups({ emit, onRelease, ...sources }: Options): Backups {
  let holding = false
  let making = false
  let toldAt = 0
  const hold = () => {
    holding = true
    return () => {
      holding = false
      onRelease()
    }
  }
  return {
    holds: () => holding,
    async make({ file, passphrase }) {
      if (making) throw conflict('A backup is being made already. Nothing more was begun.')
      if (file !== null && !isAbsolute(file)) throw invalid(`"${file}" must be a full path.`, 'file')
      making = true
      try {
        return await writeBackup(
          { ...sources, hold },
          {
            file: file ?? defaultBackupFile(sources.home),
            passphrase,
            onProgress(progress) {
              if (Date.now() - toldAt < tellEveryMs) return
              toldAt = Date.now()
              emit('backup.progress', progress)
            },
          },
        )
      } finally {
        making = false
      }
    },
  }
}
