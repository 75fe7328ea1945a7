import type { CallOutput, ValidInput } from '../../../contract/calls.ts'
import { notFound, unavailable } from '../../../contract/errors.ts'
import type { DeploymentRecord, EnvironmentState, ModelDetail, ModelSummary } from '../../../contract/models.ts'
import type { FileStore } from '../../../temporal/activities/deps.ts'
import { reportIfThere } from '../../../temporal/activities/storedJson.ts'
import type { Environment } from '../../../temporal/types.ts'
import type { Endpoints, EnvironmentRecord } from '../endpoints/createEndpoints.ts'
import type { ModelRegistry, RegisteredModel } from '../postgres/modelRegistry.ts'
import type { RunRecord } from '../projection/runRecord.ts'
import type { RollBacks } from '../rollBacks/createRollBacks.ts'
import { type DeployedRun, deploymentRecords } from './deploymentRecords.ts'

export interface Models {
  /** Without Postgres the answer is empty and says why. */
  list(filter: ValidInput<'models.list'>): Promise<CallOutput<'models.list'>>
  /** @throws CallFailed `notFound`, or `unavailable` while Postgres cannot be asked */
  get(modelId: string): Promise<ModelDetail>
  /** Answered without Postgres. */
  deployments(): Promise<CallOutput<'deployments.list'>>
}

interface Options {
  registry: ModelRegistry
  endpoints: Pick<Endpoints, 'record'>
  store: Pick<FileStore, 'pathOf' | 'verify'>
  rollBacks: Pick<RollBacks, 'pending'>
  /** What this host knows of a run. */
  run(workflowId: string): RunRecord | undefined
}

const environments = ['dev', 'prod'] as const

/** The registry in Postgres and what this host serves of it, as the console shows them. */
export function createModels({ registry, endpoints, store, rollBacks, run }: Options): Models {
  const records = async (): Promise<Record<Environment, EnvironmentRecord>> => {
    const [dev, prod] = await Promise.all([endpoints.record('dev'), endpoints.record('prod')])
    return { dev, prod }
  }
  const runOf = (workflowId: string): DeployedRun | null => {
    const found = run(workflowId)
    return found ? { fileName: found.fileName, decision: found.decision } : null
  }
  const servedIn = (all: Record<Environment, EnvironmentRecord>, modelId: string) =>
    environments.filter((environment) => all[environment].confirmed?.model_id === modelId)

  function environmentState(environment: Environment, record: EnvironmentRecord): EnvironmentState {
    const history = deploymentRecords(environment, record.events, runOf)
    return {
      environment,
      address: record.address,
      problem: record.detail === '' ? null : record.detail,
      served: record.confirmed === null ? null : (history.find(({ kind, until }) => kind !== 'undone' && until === null) ?? null),
      exampleRow: record.exampleRow,
      pending: rollBacks.pending(environment),
      history,
    }
  }

  async function whyUnservable({ modelSha256, trainer }: RegisteredModel): Promise<string | null> {
    if (trainer === 'demo') return 'The demo trainer made it, which trains nothing: it can be deployed, and predicts nothing.'
    if ((await store.pathOf(modelSha256)) === null) return 'Its file is not in the model store of this host.'
    return (await store.verify(modelSha256)) ? null : 'Its file was changed after training: the hash is another one.'
  }

  return {
    async list({ limit, offset, text }) {
      try {
        const [{ models, total }, all] = await Promise.all([registry.list({ limit, offset, text }), records()])
        return { models: models.map((model) => summaryOf(model, servedIn(all, model.modelId))), total, problem: null }
      } catch (error) {
        return { models: [], total: 0, problem: (error as Error).message }
      }
    },

    async get(modelId) {
      const model = await registry.get(modelId).catch((error: Error) => {
        throw unavailable('postgres', error.message)
      })
      if (model === null) throw notFound(`The registry holds no model ${modelId}.`)
      const { reportSha256, ...registered } = model
      const [all, unservable, report] = await Promise.all([
        records(),
        whyUnservable(model),
        reportSha256 === null ? null : reportIfThere(store, reportSha256),
      ])
      const deployments = environments
        .flatMap((environment) => deploymentRecords(environment, all[environment].events, runOf))
        .filter((deployment) => deployment.modelId === modelId)
        .sort((a, b) => newestFirst(a, b))
      return { ...registered, servedIn: servedIn(all, modelId), deployments, unservable, report }
    },

    async deployments() {
      const all = await records()
      return { environments: environments.map((environment) => environmentState(environment, all[environment])), problem: null }
    },
  }
}

const newestFirst = (a: DeploymentRecord, b: DeploymentRecord) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)

function summaryOf(model: RegisteredModel, servedIn: Environment[]): ModelSummary {
  const { modelId, workflowId, runId, fileName, datasetSha256, pipeline, trainer, task } = model
  const { target, metrics, baseline, createdAt, decision } = model
  return {
    modelId,
    workflowId,
    runId,
    fileName,
    datasetSha256,
    pipeline,
    trainer,
    task,
    target,
    metrics,
    baseline,
    createdAt,
    servedIn,
    decision,
  }
}
