/** Models, what is deployed, and roll backs of the simulated host, derived from its runs. */
import type { CallOutput, ValidInput } from '../../contract/calls.ts'
import { conflict, notFound } from '../../contract/errors.ts'
import type { Emit } from '../../contract/events.ts'
import type { RunDetail } from '../../contract/model.ts'
import type { DeploymentRecord, Environment, ModelDetail, ModelSummary } from '../../contract/models.ts'
import { isDemo, profileOf, reportFor } from './simulatedModels.ts'

const environments = ['dev', 'prod'] as const

interface Source {
  runs(): RunDetail[]
  operator(): string
  emit: Emit
  clock(): number
  /** Postgres is away: nothing of who decided can be told. */
  problem: string | null
}

/** Answers at once, so that other parts of the simulated host can ask it too. */
type RegistryHandlers = {
  [N in 'models.list' | 'models.get' | 'deployments.list' | 'deployments.rollBack']: (input: ValidInput<N>) => CallOutput<N>
}

export function createSimulatedRegistry({ runs, operator, emit, clock, problem }: Source) {
  const rollBacks: {
    environment: Environment
    modelId: string
    operator: string
    reason: string
    at: string
    requestId: string
  }[] = []

  const report = (run: RunDetail) => reportFor(run.modelId as string, run.fileName, run.gatePassed !== false)

  const historyOf = (all: readonly RunDetail[], environment: Environment): DeploymentRecord[] => {
    const deployed = all.flatMap(({ deployments, decision, fileName, workflowId }) =>
      deployments
        .filter((one) => one.environment === environment)
        .map(
          (one): DeploymentRecord => ({
            id: `${workflowId} ${environment}`,
            environment,
            modelId: one.modelId,
            fileName,
            at: one.deployedAt,
            until: null,
            kind: 'run',
            operator: environment === 'prod' ? (decision?.operator ?? null) : null,
            reason: environment === 'prod' ? (decision?.reason ?? null) : null,
            workflowId,
          }),
        ),
    )
    const back = rollBacks
      .filter((one) => one.environment === environment)
      .map(
        ({ requestId, reason, operator: by, at, modelId }): DeploymentRecord => ({
          id: requestId,
          environment,
          modelId,
          fileName: all.find((run) => run.modelId === modelId)?.fileName ?? null,
          at,
          until: null,
          kind: 'rollBack',
          operator: by,
          reason,
          workflowId: all.find((run) => run.modelId === modelId)?.workflowId ?? null,
        }),
      )
    const newestFirst = [...deployed, ...back].sort((a, b) => (a.at < b.at ? 1 : -1))
    return newestFirst.map((record, index) => ({ ...record, until: newestFirst[index - 1]?.at ?? null }))
  }

  const servedIn = (all: readonly RunDetail[]) => {
    const served = environments.map((environment) => historyOf(all, environment)[0]?.modelId)
    return (modelId: string) => environments.filter((_, index) => served[index] === modelId)
  }
  const summaryOf = (run: RunDetail, where: (modelId: string) => Environment[]): ModelSummary => {
    const modelId = run.modelId as string
    const demo = isDemo(run.fileName)
    const made = report(run)
    return {
      modelId,
      workflowId: run.workflowId,
      runId: run.runId ?? '',
      fileName: run.fileName,
      datasetSha256: run.sha256,
      pipeline: demo ? 'demonstration' : 'standard',
      trainer: demo ? 'demo' : 'boosting',
      task: made?.task ?? null,
      target: made?.target ?? null,
      metrics: made?.metrics ?? run.metrics ?? {},
      baseline: made?.baseline ?? null,
      createdAt: run.steps.find((step) => step.step === 'train_model')?.endedAt ?? run.acceptedAt,
      servedIn: where(modelId),
      decision: run.decision?.decision ?? (run.stage === 'TimedOut' ? 'timeout' : null),
    }
  }
  const trained = (all: readonly RunDetail[]) => all.filter((run) => run.modelId !== null)
  const detailOf = (modelId: string): ModelDetail => {
    const all = runs()
    const run = trained(all).find((one) => one.modelId === modelId)
    if (!run) throw notFound(`There is no model ${modelId} here.`)
    const made = report(run)
    const { decision } = run
    return {
      ...summaryOf(run, servedIn(all)),
      modelSha256: '4b1d0b5a77c9e2f8036a1c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f7081',
      sizeBytes: 482_130,
      rows: profileOf(run.fileName).rows,
      codeVersion: '0.1.0',
      trainingSeconds: 18.4,
      settings: made?.settings ?? {},
      decisionDetail: decision && { ...decision },
      deployments: environments
        .flatMap((environment) => historyOf(all, environment))
        .filter((one) => one.modelId === modelId)
        .sort((a, b) => (a.at < b.at ? 1 : -1)),
      unservable: made ? null : 'It was made by the demo trainer, which makes no model that predicts.',
      report: made,
    }
  }

  const handlers: RegistryHandlers = {
    'models.list': ({ limit, offset, text }) => {
      const known = runs()
      const where = servedIn(known)
      const all = trained(known)
        .map((run) => summaryOf(run, where))
        .filter((model) => !text || `${model.fileName} ${model.modelId}`.toLowerCase().includes(text.toLowerCase()))
        .sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
      return { models: all.slice(offset, offset + limit), total: all.length, problem }
    },
    'models.get': ({ modelId }) => detailOf(modelId),
    'deployments.list': () => ({
      environments: environments.map((environment) => {
        const all = historyOf(runs(), environment)
        const served = all[0] ?? null
        const made = served ? detailOf(served.modelId).report : null
        const columns = served && made ? profileOf(served.fileName ?? '').columns.filter(({ role }) => role === 'feature') : []
        return {
          environment,
          address: `http://127.0.0.1:${environment === 'dev' ? 8080 : 8083}`,
          problem: environment === 'prod' ? 'Port 8081 is taken by another program, so production answers on 8083.' : null,
          served,
          exampleRow: made
            ? Object.fromEntries(columns.map(({ name, median, top }) => [name, median ?? top?.[0]?.value ?? null]))
            : null,
          pending: null,
          history: all,
        }
      }),
      problem,
    }),
    'deployments.rollBack': ({ environment, modelId, reason, requestId }) => {
      if (rollBacks.some((one) => one.requestId === requestId)) return { state: 'done' }
      const { unservable } = detailOf(modelId)
      if (unservable !== null) throw conflict(`${modelId} cannot be served: ${unservable} ${environment} was left as it is.`)
      rollBacks.push({ environment, modelId, reason, requestId, operator: operator(), at: new Date(clock()).toISOString() })
      emit('deployments.changed', { environments: [environment] })
      emit('models.changed', { modelIds: [modelId] })
      return { state: 'done' }
    },
  }
  return handlers
}
