import { readFile } from 'node:fs/promises'
import { notFound } from '../../../contract/errors.ts'
import { type DataProfile, dataProfile, type TrainingReport, trainingReport } from '../../../contract/training.ts'
import type { FileStore } from '../../../temporal/activities/deps.ts'
import type { Projection } from '../projection/createProjection.ts'

interface Options {
  projection: Pick<Projection, 'get'>
  store: Pick<FileStore, 'pathOf'>
}

/** What a run's steps have put into the store for readers: null before they did, and where the store is another host's. */
export function createRunFiles({ projection, store }: Options) {
  async function read<T>(
    workflowId: string,
    which: 'profileSha256' | 'reportSha256',
    parse: (json: unknown) => T,
  ): Promise<T | null> {
    const record = projection.get(workflowId)
    if (!record) throw notFound(`There is no run ${workflowId} here.`)
    const sha256 = record[which]
    const path = sha256 === null ? null : await store.pathOf(sha256)
    return path === null ? null : parse(JSON.parse(await readFile(path, 'utf8')))
  }
  return {
    profile: (workflowId: string): Promise<DataProfile | null> => read(workflowId, 'profileSha256', dataProfile.parse),
    report: (workflowId: string): Promise<TrainingReport | null> => read(workflowId, 'reportSha256', trainingReport.parse),
  }
}
