import { basename } from 'node:path'
import type { Pipeline } from '../../contract/pipelines.ts'
import type { DatasetRef, PreprocessInput, PreprocessResult } from '../types.ts'
import type { ActivityDeps } from './deps.ts'
import { toFileFailure } from './failures.ts'
import type { StepContext } from './stepContext.ts'
import { storedPath, storeJson } from './storedJson.ts'

/**
 * Reads the CSV, says what it holds and how it is to be used. A file that another client named by its path is taken into
 * the store first, and gets this worker's pipeline for it.
 */
export async function preprocessData(
  input: PreprocessInput,
  step: StepContext,
  { store, data, pipelineFor }: Pick<ActivityDeps, 'store' | 'data' | 'pipelineFor'>,
): Promise<PreprocessResult> {
  const dataset = input.dataset ?? (await takeIn(input.file_path, step, store))
  const pipeline: Pipeline = input.pipeline ?? pipelineFor(input.file_path)
  const path = await storedPath(store, dataset, `The stored copy of ${dataset.file_name}`)
  const { profile, plan, notes, quarantine } = await data.profile(
    { path, fileName: dataset.file_name, runId: step.ids.runId },
    pipeline,
    { signal: step.signal, onProgress: step.reportProgress },
  )
  return {
    dataset,
    pipeline,
    rows: profile.rows,
    columns: profile.columns.map(({ name, type }) => ({ name, type })),
    target: plan.names[plan.target] as string,
    task: plan.task,
    has_header: profile.hasHeader,
    delimiter: profile.delimiter,
    encoding: plan.encoding,
    skipped_rows: profile.quarantined.count,
    notes,
    profile: await storeJson(store, profile),
    plan: await storeJson(store, plan),
    quarantine: quarantine === null ? null : await store.putFile(quarantine, step.signal),
  }
}

async function takeIn(path: string, step: StepContext, store: ActivityDeps['store']): Promise<DatasetRef> {
  step.reportProgress(0, 'Copying the file into the dataset store')
  try {
    return { ...(await store.putFile(path, step.signal)), file_name: basename(path) }
  } catch (error) {
    throw toFileFailure(error, path)
  }
}
