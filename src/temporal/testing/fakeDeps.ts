import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultPipelines, type Pipeline } from '../../contract/pipelines.ts'
import type { DataProfile, TrainingReport } from '../../contract/training.ts'
import type { DataPlan } from '../../training/dataPlan.ts'
import type { FeatureSchema } from '../../training/featureSchema.ts'
import type { ActivityDeps } from '../activities/deps.ts'
import type { Faults } from '../activities/faults.ts'
import type { Trainer } from '../activities/trainers/trainer.ts'
import type { DeployInput, StoredFile } from '../types.ts'

/** A point of the pipeline where a story may interfere: it is called with the workflow id before the work is done. */
export type Interference = Partial<
  Record<'read' | 'log' | 'recordDecision' | 'deploy' | 'recordDeployment', (workflowId: string) => void | Promise<void>>
>

export interface FakeDeps {
  deps: ActivityDeps
  /** What every attempt of one run's steps is to meet. */
  drill(workflowId: string, met: Faults['before']): void
  /** What was done, in order, as `log`, `deploy dev`, `decision approve` … by workflow id. */
  done(workflowId: string): string[]
  /** Interferes with one run. */
  interfere(workflowId: string, at: Interference): void
}

/**
 * The host's parts in memory, for tests of what runs on Temporal: the pipeline's real parts live with the host, which
 * this folder does not know, and are tested there.
 */
export function createFakeDeps(): FakeDeps {
  const files = new Map<string, Uint8Array>()
  const doneBy = new Map<string, string[]>()
  const interferences = new Map<string, Interference>()
  const drills = new Map<string, Faults['before']>()
  const experiments = new Map<string, number>()
  /** The run that a model or a dataset is of: model ids and datasets of tests are made for one run each. */
  const runOfModel = new Map<string, string>()

  const did = (workflowId: string, what: string) => doneBy.set(workflowId, [...(doneBy.get(workflowId) ?? []), what])
  const meet = async (workflowId: string, at: keyof Interference) => interferences.get(workflowId)?.[at]?.(workflowId)
  const put = (bytes: Uint8Array): StoredFile => {
    const sha256 = sha256Of(bytes)
    files.set(sha256, bytes)
    return { sha256, uri: `sha256:${sha256}`, size_bytes: bytes.length }
  }

  const deps: ActivityDeps = {
    store: {
      async pathOf(sha256) {
        const bytes = files.get(sha256)
        if (bytes === undefined) return null
        const path = join(storeFolder(), sha256)
        writeFileSync(path, bytes)
        return path
      },
      putFile: async (path) => {
        if (path.includes('missing')) throw Object.assign(new Error('no such file'), { code: 'ENOENT', errno: -2 })
        return put(new TextEncoder().encode(path))
      },
      putBytes: async (bytes) => put(bytes),
      verify: async (sha256) => sha256Of(files.get(sha256) ?? new Uint8Array()) === sha256,
    },
    data: {
      async profile({ fileName }, _pipeline, { onProgress }) {
        await meet(fileName.split('.')[0] ?? '', 'read')
        onProgress(0.5, 'Half of it')
        return { profile, plan, notes: [], quarantine: null }
      },
      prepare: async () => ({ tablePath: '/table.bin', schema, checkpoints: '/checkpoints' }),
      report: async (_file, _plan, { trained }) => ({ ...report, ...trained }),
      compare: async (_file, _plan, { model }) => ({ state: 'measured', modelId: model.modelId, metrics: report.metrics }),
      forget: async () => {},
    },
    trainers: { boosting: trainer, command: () => trainer },
    // Stories of the workflow choose the ending by the file's name, as the demo trainer does.
    pipelineFor: () => defaultPipelines[0] as Pipeline,
    inProduction: async () => null,
    experiments: {
      async logExperiment({ workflowId, runId }, _prepared, trained) {
        await meet(workflowId, 'log')
        runOfModel.set(trained.model_id, workflowId)
        const known = experiments.get(runId)
        const experimentId = known ?? experiments.size + 1
        experiments.set(runId, experimentId)
        did(workflowId, 'log')
        return { experimentId, inserted: known === undefined }
      },
      async recordDecision({ workflowId }, _modelId, decision, approvals) {
        await meet(workflowId, 'recordDecision')
        // One approval is the usual; more are named.
        const names = approvals.length > 1 ? ` by ${approvals.map(({ operator }) => operator).join(' and ')}` : ''
        did(workflowId, `decision ${decision.decision}${names}`)
      },
      async recordDeployment({ workflowId }, { environment }) {
        await meet(workflowId, 'recordDeployment')
        did(workflowId, `deployment ${environment}`)
      },
    },
    faults: { before: async (attempt) => (await drills.get(attempt.workflowId)?.(attempt)) ?? null },
    deployer: {
      async deploy({ environment, model_id }: DeployInput) {
        const workflowId = runOfModel.get(model_id) ?? ''
        await meet(workflowId, 'deploy')
        did(workflowId, `deploy ${environment}`)
        return { url: `http://127.0.0.1:8080/models/${model_id}`, deployedAt: new Date().toISOString() }
      },
    },
  }
  return {
    deps,
    done: (workflowId) => doneBy.get(workflowId) ?? [],
    drill: (workflowId, met) => void drills.set(workflowId, met),
    interfere: (workflowId, at) => void interferences.set(workflowId, at),
  }
}

/** Steps read what they stored as files. */
let ownFolder: string | null = null
function storeFolder(): string {
  if (ownFolder === null) {
    // Test processes are killed, by tests and by vitest: what its setup made goes all the same.
    const folder = mkdtempSync(join(process.env.GATEHOUSE_TESTS_FOLDER ?? tmpdir(), 'gatehouse-fake-store-'))
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    ownFolder = folder
  }
  return ownFolder
}

const profile: DataProfile = {
  ...{ rows: 100, duplicates: 0, delimiter: ',', encoding: 'utf-8', hasHeader: true, columns: [], notes: [] },
  quarantined: { count: 0, share: 0, examples: [] },
}
const plan: DataPlan = {
  version: 1,
  reading: { delimiter: ',', newline: 'lf', width: 1, hasHeader: true, skip: 0, nullWords: [], kinds: [{ kind: 'text' }] },
  ...{ encoding: 'utf-8', names: ['rings'], target: 0, task: 'regression', classes: null, roles: ['target'] },
}

const schema: FeatureSchema = {
  ...{ version: 1, task: 'regression', target: 'rings', classes: null, featureNames: ['length'] },
  encoders: [{ kind: 'number', column: 'length', decimal: '.', thousands: '' }],
}
/** A model that learned something. */
const report: TrainingReport = {
  ...{ modelId: '', trainer: 'boosting', task: 'regression', target: 'rings', settings: {}, loss: 'RMSE', curve: [] },
  ...{ bestRound: 1, importance: [], rows: { training: 70, validation: 15, test: 15 }, tolerance: 1, slices: [] },
  metrics: { accuracy: 0.5, mae: 1.5, rmse: 2, r2: 0.5 },
  baseline: { accuracy: 0.4, mae: 2.4, rmse: 3, r2: 0 },
  ...{ predictions: [], confusion: null, roc: null },
}
const trainer: Trainer = {
  name: 'boosting',
  async train({ onProgress }) {
    onProgress(0.5, 'Round 1 of 2', { point: { round: 1, training: 2.1, validation: 2.2 } })
    return {
      ...{ artifact: new TextEncoder().encode('{}'), format: 'xgboost-json', loss: 'RMSE', curve: [], bestRound: 1 },
      ...{ importance: [], testPredictions: new Float64Array(15), settings: {} },
    }
  },
}

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
