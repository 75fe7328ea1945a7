/** Which backup of a data folder is the newest, wherever it was put: `backups/last.json`, which no backup holds. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type BackupReport, type BackupState, backupReport } from '../../../contract/backup.ts'
import type { UnusableFile } from '../../../contract/model.ts'
import { readText, setAside, setAsideInWords } from '../configFile.ts'
import { writeWhole } from '../disk/writeWhole.ts'
import type { Home } from '../home.ts'
import { firstLine } from '../settings/firstLine.ts'

type Place = Pick<Home, 'backups'>

const noteOf = ({ backups }: Place) => join(backups, 'last.json')

/** @throws Error that says in words why what lies there is no such note */
function readNote(home: Place): BackupReport | null {
  const text = readText(noteOf(home))
  return text === null ? null : backupReport.parse(JSON.parse(text))
}

/** @throws what the file system says; what lies there is not written over without a copy */
export async function rememberBackup(home: Place, report: BackupReport): Promise<void> {
  try {
    readNote(home)
  } catch {
    setAside(noteOf(home))
  }
  writeWhole(noteOf(home), `${JSON.stringify(report)}\n`)
}

/** null when none is known; `isThere` is false when its file was moved, removed or replaced since. */
export async function lastBackup(home: Place): Promise<BackupState['last']> {
  let note: BackupReport | null
  try {
    note = readNote(home)
  } catch {
    return null // `unusableNote` tells of it
  }
  if (note === null) return null
  const { notes: _, ...report } = note
  const size = await stat(report.file).then(
    (found) => found.size,
    () => null,
  )
  return { ...report, isThere: size === report.sizeBytes }
}

/** Sets a note aside that is damaged, and says so; null when there is nothing to say. */
export function unusableNote(home: Place): UnusableFile | null {
  const file = noteOf(home)
  try {
    readNote(home)
    return null
  } catch (error) {
    const problem = `Which backup is the newest, in ${file}, could not be used: ${firstLine(error)}. ${setAsideInWords(file)} The backups themselves are as they were; the next one is noted there.`
    return { file, problem }
  }
}
