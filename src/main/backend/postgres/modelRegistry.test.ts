/** Against the real server. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { DecisionRecord, PreprocessResult, TrainResult } from '../../../temporal/types.ts'
import { findAppRoot } from '../../paths.ts'
import { silentLog } from '../log.ts'
import type { DoneRollBack } from '../rollBacks/createRollBacks.ts'
import { openSecrets } from '../secrets/openSecrets.ts'
import type { Live } from '../stack/keepUp.ts'
import { createPostgresServer } from '../stack/postgresServer.ts'
import { createTestHome, type TestHome } from '../stack/testHome.ts'
import { createPool, type DatabasePool } from './createPool.ts'
import { createExperimentStore } from './experimentStore.ts'
import { createModelRegistry } from './modelRegistry.ts'

let own: TestHome
let server: Live<pg.PoolConfig>
let pool: DatabasePool

beforeAll(async () => {
  own = createTestHome('registry')
  const { home } = own
  const appRoot = findAppRoot(import.meta.dirname)
  const secrets = await openSecrets({ home, log: silentLog, wanted: 'file' })
  const start = createPostgresServer({
    home,
    appRoot,
    resources: join(appRoot, 'resources'),
    secrets,
    log: silentLog,
    port: 22_930,
  })
  server = await start(() => {}, new AbortController().signal)
  pool = createPool({ config: () => server.value, log: silentLog })
})
afterAll(async () => {
  await pool.close()
  await server.close()
  await own.remove()
})
beforeEach(async () => {
  await pool.get().query('TRUNCATE experiments, model_versions, deployments, decisions')
})

const sha = (letter: string) => letter.repeat(64)
const prepared = (file_name: string): PreprocessResult => ({
  dataset: { sha256: sha('a'), uri: `sha256:${sha('a')}`, size_bytes: 10, file_name },
  rows: 4177,
  columns: [{ name: 'rings', type: 'number' }],
  target: 'rings',
  has_header: true,
  delimiter: ',',
  encoding: 'utf-8',
  skipped_rows: 0,
  notes: [],
  task: 'regression',
})
const trained = (model_id: string, trainer = 'boosting'): TrainResult => ({
  model_id,
  model: { sha256: sha('b'), uri: `sha256:${sha('b')}`, size_bytes: 20 },
  metrics: { mae: 1.5, rmse: 2.1, r2: 0.56 },
  trainer,
  training_seconds: 3.5,
  proprietary_config: {
    secret_learning_rate_multiplier: 1.337,
    custom_regularization_alpha: 0.00042,
    advanced_dropout_schedule: 'exponential_secret',
    internal_model_architecture: 'CompanyXL_v2.1',
  },
  report: { sha256: sha('c'), uri: `sha256:${sha('c')}`, size_bytes: 30 },
})
const report = { settings: { rounds: 150, depth: 4, note: 'a\0b', early: null }, baseline: { mae: 2.36 } }
const decision: DecisionRecord = {
  decision_id: 'd1',
  decision: 'approve',
  reason: 'better on every check',
  operator: 'Ada',
  host: 'desk',
  via: 'update',
  decided_at: '2026-01-02T03:04:05.000Z',
}
const store = () => createExperimentStore(pool, '1.2.3')
const registry = () => createModelRegistry(pool)

test('a model is found with all that it was made of', async () => {
  const ids = { workflowId: 'mlops-1-abalone', runId: 'run-1' }
  await store().logExperiment(ids, prepared('abalone.csv'), trained('model-1'), report)
  await store().recordDecision(ids, 'model-1', decision, [decision])
  expect(await registry().get('model-1')).toEqual({
    modelId: 'model-1',
    ...ids,
    fileName: 'abalone.csv',
    datasetSha256: sha('a'),
    pipeline: null,
    trainer: 'boosting',
    task: 'regression',
    target: 'rings',
    metrics: { mae: 1.5, rmse: 2.1, r2: 0.56 },
    baseline: { mae: 2.36 },
    createdAt: expect.stringMatching(/Z$/),
    decision: 'approve',
    modelSha256: sha('b'),
    sizeBytes: 20,
    rows: 4177,
    codeVersion: '1.2.3',
    trainingSeconds: 3.5,
    settings: { rounds: 150, depth: 4, note: 'a\ufffdb', early: null },
    reportSha256: sha('c'),
    decisionDetail: {
      decision: 'approve',
      operator: 'Ada',
      host: 'desk',
      reason: 'better on every check',
      via: 'update',
      at: decision.decided_at,
    },
  })
  expect(await registry().get('model-2')).toBeNull()
  expect(await registry().get('\0')).toBeNull()
})

test('models are listed newest first, page by page, and found by any part of what they are called', async () => {
  for (const [n, file] of ['abalone.csv', 'iris_100%.csv', 'good.csv'].entries()) {
    const trainer = file === 'good.csv' ? 'demo' : 'boosting'
    await store().logExperiment({ workflowId: `w${n}`, runId: 'r' }, prepared(file), trained(`model-${n}`, trainer), null)
  }
  const names = async (filter: { limit?: number; offset?: number; text?: string }) => {
    const { models, total } = await registry().list({ limit: 10, offset: 0, ...filter })
    return [total, ...models.map(({ fileName }) => fileName)]
  }
  expect(await names({})).toEqual([3, 'good.csv', 'iris_100%.csv', 'abalone.csv'])
  expect(await names({ limit: 1, offset: 1 })).toEqual([3, 'iris_100%.csv'])
  expect(await names({ offset: 9 })).toEqual([3])
  expect(await names({ text: 'ABA' })).toEqual([1, 'abalone.csv'])
  expect(await names({ text: '0%' })).toEqual([1, 'iris_100%.csv'])
  expect(await names({ text: 'model-2' })).toEqual([1, 'good.csv'])
  expect(await names({ text: "'; DROP TABLE decisions; --" })).toEqual([0])
  // The demo trainer looks at no column.
  expect((await registry().get('model-2'))?.target).toBeNull()
})

test('a roll back is one row, however often it is written, and belongs to the run that made the model where that is known', async () => {
  await store().logExperiment({ workflowId: 'w1', runId: 'r1' }, prepared('a.csv'), trained('model-1'), null)
  const done = (modelId: string): DoneRollBack => ({
    requestId: randomUUID(),
    environment: 'prod',
    modelId,
    reason: 'it\0drifts',
    operator: 'Grace',
    host: 'desk',
    at: '2026-02-02T00:00:00.000Z',
    url: `http://127.0.0.1:8081/models/${modelId}`,
    deployedAt: '2026-02-02T00:00:01.000Z',
    deployed: { model_id: modelId, sha256: sha('b'), size_bytes: 20, metrics: {}, deployed_at: '2026-02-02T00:00:01.000Z' },
  })
  const [known, unknown] = [done('model-1'), done('model-9')]
  await Promise.all([known, known, unknown].map((one) => registry().recordRollBack(one)))
  const { rows } = await pool
    .get()
    .query('SELECT kind, model_id, workflow_id, operator, reason FROM deployments ORDER BY model_id')
  expect(rows).toEqual([
    { kind: 'roll_back', model_id: 'model-1', workflow_id: 'w1', operator: 'Grace', reason: 'it\ufffddrifts' },
    { kind: 'roll_back', model_id: 'model-9', workflow_id: null, operator: 'Grace', reason: 'it\ufffddrifts' },
  ])
})

test('a registry that cannot be asked says why', async () => {
  const away = createModelRegistry(createPool({ config: () => null, log: silentLog }))
  await expect(away.list({ limit: 1, offset: 0 })).rejects.toMatchObject({ name: 'DatabaseProblem', kind: 'weather' })
})
