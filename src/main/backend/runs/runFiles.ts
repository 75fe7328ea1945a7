import { readFile } from 'node:fs/promises'
import { notFound, refused } from '../../../contract/errors.ts'
import { type DataProfile, dataProfile, type TrainingReport, trainingReport } from '../../../contract/training.ts'
import type { FileStore } from '../../../temporal/activities/deps.ts'
import type { Projection } from '../projection/createProjection.ts'

interface Options {
  projection: Pick<Projection, 'get'>
  store: Pick<FileStore, 'pathOf'>
}

/**
 * What a run's steps have put into the store for readers: null before they did, and where the store is another host's.
 * Each throws CallFailed `refused` where the file is damaged.
 */
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
    if (path === null) return null
    try {
      return parse(JSON.parse(await readFile(path, 'utf8')))
    } catch {
      // The parser's own words quote the file.
      throw refused(
        `The stored file ${path}, which a step of this run wrote, is damaged. It was left as it is, and the run itself is not touched by it. Put it back from a copy, or run the file again.`,
      )
    }
  }
  return {
    profile: (workflowId: string): Promise<DataProfile | null> => read(workflowId, 'profileSha256', dataProfile.parse),
    report: (workflowId: string): Promise<TrainingReport | null> => read(workflowId, 'reportSha256', trainingReport.parse),
  }
}
