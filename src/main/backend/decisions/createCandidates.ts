import type { Candidate, ProductionModel } from '../../../contract/approvals.ts'
import type { CallOutput } from '../../../contract/calls.ts'
import type { DataProfile, TrainingReport } from '../../../contract/training.ts'
import type { Endpoints } from '../endpoints/createEndpoints.ts'
import type { ModelRegistry } from '../postgres/modelRegistry.ts'
import type { RunRecord } from '../projection/runRecord.ts'

interface Options {
  /** What this host knows of a run. */
  run(workflowId: string): RunRecord | undefined
  /** Both null where the store of this host has none. */
  files: {
    profile(workflowId: string): Promise<DataProfile | null>
    report(workflowId: string): Promise<TrainingReport | null>
  }
  endpoints: Pick<Endpoints, 'record'>
  registry: Pick<ModelRegistry, 'get'>
}

type Files = Pick<Candidate, 'task' | 'target' | 'data'>

/** What each run that awaits a decision brings, beside what production serves now; no question goes to Temporal. */
export function createCandidates({ run, files, endpoints, registry }: Options) {
  /** Files of the store never change, so they are read once for as long as their run waits. */
  let read = new Map<string, Files>()

  async function filesOf(record: RunRecord): Promise<Files> {
    const known = read.get(record.workflowId)
    if (known) return known
    // A file that cannot be read leaves its part away; the decision itself does not need it.
    const [profile, report] = await Promise.all([
      files.profile(record.workflowId).catch(() => null),
      files.report(record.workflowId).catch(() => null),
    ])
    const found = { task: report?.task ?? null, target: report?.target ?? null, data: profile && briefOf(profile) }
    if (profile !== null) read.set(record.workflowId, found)
    return found
  }

  async function production(): Promise<{ production: ProductionModel | null; problem: string | null }> {
    const { confirmed } = await endpoints.record('prod')
    if (confirmed === null) return { production: null, problem: null }
    const { model_id: modelId, deployed_at: since } = confirmed
    try {
      const model = await registry.get(modelId)
      if (model === null) return { production: null, problem: `The registry holds no model ${modelId}, which production serves.` }
      const { fileName, task, target, metrics } = model
      return { production: { modelId, fileName, task, target, metrics, since }, problem: null }
    } catch (error) {
      return { production: null, problem: (error as Error).message }
    }
  }

  return {
    async list(workflowIds: readonly string[]): Promise<CallOutput<'approvals.list'>> {
      const waiting = workflowIds.flatMap((id) => run(id) ?? []).filter(({ stage }) => stage === 'AwaitingApproval')
      const [candidates, served] = await Promise.all([
        Promise.all(
          waiting.map(async (record) => ({
            workflowId: record.workflowId,
            modelId: record.modelId,
            checks: record.gateChecks,
            ...(await filesOf(record)),
          })),
        ),
        production(),
      ])
      const stillThere = new Set(waiting.map(({ workflowId }) => workflowId))
      read = new Map([...read].filter(([workflowId]) => stillThere.has(workflowId)))
      return { candidates, ...served }
    },
  }
}

function briefOf({ rows, columns, quarantined, duplicates }: DataProfile): Candidate['data'] {
  const missing = columns.reduce((sum, column) => sum + column.missing, 0)
  return {
    rows,
    columns: columns.length,
    quarantined: quarantined.count,
    missing: missing / Math.max(1, rows * columns.length),
    duplicates,
    leaks: columns.filter(({ role }) => role === 'leak').map(({ name }) => name),
  }
}
