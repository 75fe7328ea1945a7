import { readFile } from 'node:fs/promises'
import { type TrainingReport, trainingReport } from '../../contract/training.ts'
import { failureTypes } from '../retries.ts'
import type { StoredFile } from '../types.ts'
import type { FileStore } from './deps.ts'
import { permanent } from './failures.ts'

/** Payloads carry a hash and a URI; what is large lies in the store as JSON. */
export const storeJson = (store: FileStore, value: unknown): Promise<StoredFile> =>
  store.putBytes(new TextEncoder().encode(`${JSON.stringify(value)}\n`))

/**
 * @param what the file is, for the message
 * @throws ApplicationFailure FileMissing when this worker's store does not have it, or has it damaged
 */
export async function readStoredJson<T>(store: FileStore, file: StoredFile, what: string): Promise<T> {
  return JSON.parse(await readFile(await storedPath(store, file, what), 'utf8')) as T
}

/**
 * Where a stored file lies, once its bytes were seen to be those that it is called after: a file that was cut off may still
 * look like a good one, and would be trained on.
 * @throws ApplicationFailure FileMissing when it is not there, or is damaged
 */
export async function storedPath(store: FileStore, file: StoredFile, what: string): Promise<string> {
  const path = await store.pathOf(file.sha256)
  const isWhole = path !== null && (await store.verify(file.sha256))
  if (isWhole) return path
  const problem =
    path === null
      ? `${what} (${file.uri}) is not in this worker's store.`
      : `${what} (${path}) is damaged: its bytes are no longer those that were stored. It was left as it is, and nothing was made of it.`
  throw permanent(failureTypes.fileMissing, `${problem} Restore the store, or drop the file again and choose "Run again".`)
}

/** For whom a report is good to have: null when it is not in this store, or cannot be read. */
export async function reportIfThere(store: Pick<FileStore, 'pathOf'>, sha256: string): Promise<TrainingReport | null> {
  const path = await store.pathOf(sha256)
  if (path === null) return null
  try {
    return trainingReport.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return null
  }
}
