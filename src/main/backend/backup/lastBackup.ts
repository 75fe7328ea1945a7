/** Which backup of a data folder is the newest, wherever it was put: `backups/last.json`, which no backup holds. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type BackupReport, type BackupState, backupReport } from '../../../contract/backup.ts'
import { writeWhole } from '../disk/writeWhole.ts'
import type { Home } from '../home.ts'

const noteOf = ({ backups }: Pick<Home, 'backups'>) => join(backups, 'last.json')

export async function rememberBackup(home: Pick<Home, 'backups'>, report: BackupReport): Promise<void> {
  writeWhole(noteOf(home), `${JSON.stringify(report)}\n`)
}

/** null when none is known; `isThere` is false when its file was moved, removed or replaced since. */
export async function lastBackup(home: Pick<Home, 'backups'>): Promise<BackupState['last']> {
  try {
    const { notes: _, ...report } = backupReport.parse(JSON.parse(await readFile(noteOf(home), 'utf8')))
    const size = await stat(report.file).then(
      (found) => found.size,
      () => null,
    )
    return { ...report, isThere: size === report.sizeBytes }
  } catch {
    // Not there, or not whole: it is a note, and the next backup writes it anew.
    return null
  }
}
