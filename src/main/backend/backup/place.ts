/** Where an archive may go that somebody asks for, from the console of a browser too. */
import { existsSync } from 'node:fs'
import { mkdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, extname, isAbsolute, join, sep } from 'node:path'
import { invalid, refused } from '../../../contract/errors.ts'
import type { Home } from '../home.ts'

const stamp = (at: Date) => `${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`

/**
 * The path of a new archive. Whoever asks cannot overwrite anything, give a file another kind of name, or put one among
 * what Gatehouse works with: the inbox, the store and the servers' folders take nothing from here.
 * @param wanted full path of a new `.zip`, or of a folder; null: the default folder
 * @param usual the default folder, made where it is not there, and how a name begins that nobody chose
 * @throws CallFailed `invalid`; then nothing was written
 */
export async function archivePlace(
  home: Pick<Home, 'root'>,
  wanted: string | null,
  usual: { folder: string; prefix: string },
  at = new Date(),
): Promise<string> {
  const name = `${usual.prefix}${stamp(at)}.zip`
  if (wanted === null) {
    await mkdir(usual.folder, { recursive: true, mode: 0o700 })
    return free(join(usual.folder, name))
  }
  if (!isAbsolute(wanted)) throw invalid(`"${wanted}" must be a full path. Nothing was written.`, 'file')
  const isFolder = await stat(wanted).then(
    (found) => found.isDirectory(),
    () => false,
  )
  const file = isFolder ? join(wanted, name) : wanted
  if (extname(file).toLowerCase() !== '.zip') {
    throw invalid(`${file} is no folder, and a new file there must end in ".zip". Nothing was written.`, 'file')
  }
  const folder = await realpath(dirname(file)).catch(() => {
    throw invalid(`The folder ${dirname(file)} is not there. Nothing was written.`, 'file')
  })
  const isIn = (outer: string) => folder === outer || folder.startsWith(outer + sep)
  if (isIn(await realpath(home.root)) && !isIn(await realpath(usual.folder).catch(() => usual.folder))) {
    throw invalid(
      `${folder} is part of the data folder. Nothing was written; name a folder outside of it, or none for ${usual.folder}.`,
      'file',
    )
  }
  return free(join(folder, basename(file)))
}

function free(file: string): string {
  if (existsSync(file)) throw invalid(`${file} is there already. Nothing was written; name another file.`, 'file')
  return file
}

const noLeave = ['EACCES', 'EPERM', 'EROFS']

/** What to say of an error while an archive was written: the error itself where nobody can do better. */
export function unwritable(error: unknown, file: string): unknown {
  if (!noLeave.includes((error as NodeJS.ErrnoException).code ?? '')) return error
  return refused(
    `${dirname(file)} cannot be written to (${(error as NodeJS.ErrnoException).code}). Nothing was kept; name another folder.`,
  )
}
