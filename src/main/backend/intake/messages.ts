/** The sentences that an operator reads about a file: what happened, what was kept, what to do. */
import { assertNever } from '../../../contract/model.ts'
import type { RefusalCode, WaitCode } from './takeFile.ts'

/** Refusals that the intake itself finds, beside those of a look at the file. */
export type OwnRefusalCode =
  | 'deleted'
  | 'missing'
  | 'badName'
  | 'ignoredName'
  | 'noFiles'
  | 'inboxMissing'
  | 'diskFull'
  | 'copyFailed'

/** Where a refused file is, said in the sentence about it. */
export type Kept = 'inInbox' | 'whereItIs' | 'nothing'

const keptSentence: Record<Kept, string> = {
  inInbox: 'It stays in the inbox; nothing was started.',
  whereItIs: 'It stays where it is; nothing was copied or started.',
  nothing: 'Nothing of it was kept and nothing was started.',
}

/** Bytes as a person says them: `1.5 GB` (decimal units, as file managers show them). */
export function sizeText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? value : Number(value.toPrecision(3))} ${units[unit]}`
}

export function refusalMessage(
  code: RefusalCode | OwnRefusalCode,
  { name, detail, size, kept }: { name: string; detail: string; size: number | null; kept: Kept },
): string {
  const rest = keptSentence[kept]
  switch (code) {
    case 'empty':
      return `${name} is empty. ${rest} Put the rows into it, or drop the right file.`
    case 'binary':
      return `${name} is ${detail}, not a CSV. ${rest} Export the data as CSV and drop that.`
    case 'unreadable':
      return `${name} cannot be read (${detail}). ${rest} Allow this user to read it${kept === 'inInbox' ? '; it is then taken by itself.' : ' and send it again.'}`
    case 'tooLarge':
      return `${name} has ${sizeText(size ?? 0)}, more than the ${sizeText(Number(detail))} that the settings allow. ${rest} Raise the limit in the settings and drop it again, or split the file.`
    case 'linkLeavesInbox':
      return `${name} is a link to ${detail}, which lies outside of the inbox. ${rest} Drop the file itself.`
    case 'brokenLink':
      return `${name} is a link that leads to nothing (${detail}). ${rest} Drop the file itself.`
    case 'notAFile':
      return `${name} is ${detail}, not a file. ${rest} Drop a CSV file.`
    case 'notCsv':
      return `${name} does not end in .csv, so it was not taken. ${rest} Rename it if it holds CSV.`
    case 'deleted':
      return `${name} was deleted before it had settled. Nothing was kept and nothing was started. Drop it again if that was not meant.`
    case 'missing':
      return `${name} is not there. Nothing was copied or started. Check the path.`
    case 'badName':
      return `${name} has a name that cannot be used (${detail}). ${rest} Rename it.`
    case 'ignoredName':
      return `${name} has the name of a hidden or unfinished file. ${rest} Rename it if it is complete.`
    case 'noFiles':
      return `${name} is a folder without files in it. Nothing was copied or started.`
    case 'inboxMissing':
      return `The inbox folder ${detail} is not there, so ${name} was not copied. ${rest} Put the folder back, or choose another one in the settings, and try again.`
    case 'diskFull':
      return `There is no room left on the disk of the inbox, so ${name} was not copied. ${rest} Free ${size ? sizeText(size) : 'some space'} and try again.`
    case 'copyFailed':
      return `${name} could not be copied into the inbox (${detail}). ${rest} Try again.`
    default:
      return assertNever(code)
  }
}

export function waitMessage(code: WaitCode, name: string, detail: string): string {
  switch (code) {
    case 'diskFull':
      return `There is no room left to store ${name}. It stays in the inbox and nothing was lost. Free some space; it is tried again by itself.`
    case 'storeFailed':
      return `${name} could not be stored: ${detail} It stays in the inbox; it is tried again by itself.`
    case 'beingWritten':
      return `${name} is still being written. It stays in the inbox and is taken as soon as its writer has finished.`
    case 'busy':
      return `${name} is in use by another program (${detail}). It stays in the inbox; it is tried again by itself.`
    default:
      return assertNever(code)
  }
}

export const acceptedMessage = (name: string, workflowId: string) => `${name} was accepted as run ${workflowId}.`
export const alreadyProcessedMessage = (name: string, workflowId: string) =>
  `${name} was already processed: the same name with the same content is run ${workflowId}. Nothing was started. Use "Run again" to start it once more.`
