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
 * @throws ApplicationFailure FileMissing when this worker's store does not have it
 */
export async function readStoredJson<T>(store: FileStore, file: StoredFile, what: string): Promise<T> {
  return JSON.parse(await readFile(await storedPath(store, file, what), 'utf8')) as T
}

/** @throws ApplicationFailure FileMissing */
export async function storedPath(store: FileStore, file: StoredFile, what: string): Promise<string> {
  const path = await store.pathOf(file.sha256)
  if (path !== null) return path
  throw permanent(
    failureTypes.fileMissing,
    `${what} (${file.uri}) is not in this worker's store. Restore the store, or drop the file again and choose "Run again".`,
  )
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
