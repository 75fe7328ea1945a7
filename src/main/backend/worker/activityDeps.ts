import { join } from 'node:path'
import type { Pipeline } from '../../../contract/pipelines.ts'
import type { ActivityDeps, FileStore } from '../../../temporal/activities/deps.ts'
import type { Faults } from '../../../temporal/activities/faults.ts'
import type { AppPaths } from '../../paths.ts'
import { createDataChecks } from '../csv/createDataChecks.ts'
import type { Endpoints } from '../endpoints/createEndpoints.ts'
import type { Home } from '../home.ts'
import type { Log } from '../log.ts'
import type { DatabasePool } from '../postgres/createPool.ts'
import { createExperimentStore } from '../postgres/experimentStore.ts'
import { createBoostingTrainer } from '../training/createBoostingTrainer.ts'
import { cleanTrainerFolders, createCommandTrainer } from '../training/createCommandTrainer.ts'

interface Options {
  home: Home
  paths: AppPaths
  store: FileStore
  pool: DatabasePool
  endpoints: Pick<Endpoints, 'deployer' | 'record'>
  faults: Faults
  pipelineFor(path: string): Pipeline
  /** Kept with each model. */
  codeVersion: string
  log: Log
}

/** What the pipeline's steps work with, the same in the host and in a bare worker. */
export function createActivityDeps({ home, paths, store, pool, endpoints, faults, pipelineFor, codeVersion, log }: Options) {
  const data = createDataChecks({ folder: join(home.root, 'scratch'), threadFile: paths.threads.csv })
  const trainerFolder = join(home.root, 'trainers')
  const deps: ActivityDeps = {
    store,
    data,
    experiments: createExperimentStore(pool, codeVersion),
    trainers: {
      boosting: createBoostingTrainer({ threadFile: paths.threads.training }),
      command: ({ command, timeLimitMinutes }) =>
        createCommandTrainer({
          ...{ command, timeLimitMinutes, log },
          folder: trainerFolder,
          threadFile: paths.threads.training,
        }),
    },
    deployer: endpoints.deployer,
    pipelineFor,
    async inProduction() {
      const { confirmed } = await endpoints.record('prod')
      return confirmed && { modelId: confirmed.model_id, sha256: confirmed.sha256 }
    },
    faults,
  }
  return {
    deps,
    forget: data.forget,
    async clean() {
      await Promise.all([data.clean(), cleanTrainerFolders(trainerFolder, log)])
    },
    close: data.close,
  }
}
