import { basename } from 'node:path'
import { failureTypes } from '../retries.ts'
import type { DatasetRef, PreprocessInput, PreprocessResult } from '../types.ts'
import type { ActivityDeps } from './deps.ts'
import { permanent, toFileFailure } from './failures.ts'
import type { StepContext } from './stepContext.ts'

/** Reads the CSV and says what it holds. A file that another client named by its path is taken into the store first. */
export async function preprocessData(
  input: PreprocessInput,
  step: StepContext,
  { store, csv }: Pick<ActivityDeps, 'store' | 'csv'>,
): Promise<PreprocessResult> {
  const dataset = input.dataset ?? (await takeIn(input.file_path, step, store))
  const path = await store.pathOf(dataset.sha256)
  if (path === null) {
    throw permanent(
      failureTypes.fileMissing,
      `The stored copy of ${dataset.file_name} (${dataset.uri}) is not in this worker's dataset store. Restore the store, or drop the file again and choose "Run again".`,
    )
  }
  const content = await csv.read(path, {
    fileName: dataset.file_name,
    signal: step.signal,
    onProgress: (read, total) =>
      step.reportProgress(total === 0 ? 1 : read / total, `Read ${megabytes(read)} of ${megabytes(total)}`),
  })
  return { dataset, ...content }
}

async function takeIn(path: string, step: StepContext, store: ActivityDeps['store']): Promise<DatasetRef> {
  step.reportProgress(0, 'Copying the file into the dataset store')
  try {
    return { ...(await store.putFile(path, step.signal)), file_name: basename(path) }
  } catch (error) {
    throw toFileFailure(error, path)
  }
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
