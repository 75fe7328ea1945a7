/** What file names mean to the intake. Pure. */
import { basename, extname } from 'node:path'

/** What nobody sees in a name but that turns or breaks what stands beside it: controls, marks of the writing direction. */
const unseen = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/**
 * The name by which a file is known: one in three forms of Unicode is one name, and none is shown as another one (a file
 * that ends in `.csv` could be read as `.png`). Not the name on the disk.
 */
export const fileNameOf = (path: string) => basename(path).normalize('NFC').replace(unseen, '_')

export const isCsvName = (name: string) => extname(name).toLowerCase() === '.csv'

const unfinishedEndings = ['.part', '.partial', '.tmp', '.temp', '.crdownload', '.download', '.filepart', '.swp', '~']
const ofTheDesktop = ['thumbs.db', 'desktop.ini']

/**
 * true for names that no one means as a dataset: hidden files, what editors and browsers write while they work, what
 * the desktop leaves in every folder. They are passed over without a word.
 */
export function isPassedOver(name: string): boolean {
  const lower = name.toLowerCase()
  return (
    lower.startsWith('.') ||
    lower.startsWith('~$') ||
    unfinishedEndings.some((ending) => lower.endsWith(ending)) ||
    ofTheDesktop.includes(lower)
  )
}

const maxStem = 200

/** The part of a workflow id that comes from the file name: at most 200 of the characters A-Z a-z 0-9 . _ - */
export function safeStem(fileName: string): string {
  const stem = fileName.slice(0, fileName.length - extname(fileName).length)
  const safe = stem
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '') // é becomes e rather than e_
    .replace(/[^A-Za-z0-9._-]+/g, '_')
    .replace(/\.{2,}/g, '.')
    .replace(/^[._-]+/, '') // never an option of a command, never a hidden file
    .slice(0, maxStem)
    .replace(/[._-]+$/, '')
  return safe === '' ? 'file' : safe
}

/**
 * The workflow id of a run, `mlops-{unix seconds}-{safe stem}`; with a short hash when that one is taken, and a number
 * when that one is taken too (the same file run again twice within a second).
 */
export function workflowIdFor(
  run: { fileName: string; sha256: string; again: number },
  now: Date,
  isTaken: (workflowId: string) => boolean,
): string {
  const plain = `mlops-${Math.floor(now.getTime() / 1000)}-${safeStem(run.fileName)}`
  if (!isTaken(plain)) return plain
  const hashed = `${plain}-${run.sha256.slice(0, 8)}`
  if (!isTaken(hashed)) return hashed
  for (let n = 2; ; n++) if (!isTaken(`${hashed}-${n}`)) return `${hashed}-${n}`
}

const maxNameBytes = 255

/**
 * A name that a browser sent, made safe to be a file in the inbox: only its last part, no control characters, at most
 * 255 bytes with its ending kept. Null when nothing usable is left.
 */
export function safeUploadName(given: string): string | null {
  const last = given.split(/[/\\]/).at(-1) ?? ''
  let name = last.toWellFormed().replace(unseen, '_')
  if (process.platform === 'win32') name = name.replace(/[<>:"|?*]/g, '_').replace(/[. ]+$/, '')
  name = name.normalize('NFC').trim()
  if (name === '' || name === '.' || name === '..') return null
  const ending = extname(name)
  let stem = [...name.slice(0, name.length - ending.length)]
  while (Buffer.byteLength(stem.join('') + ending) > maxNameBytes) {
    if (stem.length === 0) return null
    stem = stem.slice(0, -1)
  }
  return stem.join('') + ending
}
