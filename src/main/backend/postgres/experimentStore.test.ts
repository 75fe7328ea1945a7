/** Against the real server. */
import { readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DatabaseProblem } from '../../../temporal/activities/deps.ts'
import type { DecisionRecord, DeployInput, PreprocessResult, TrainResult } from '../../../temporal/types.ts'
import { findAppRoot } from '../../paths.ts'
import { silentLog } from '../log.ts'
import { openSecrets } from '../secrets/openSecrets.ts'
import type { Live } from '../stack/keepUp.ts'
import { createPostgresServer } from '../stack/postgresServer.ts'
import { createTestHome, type TestHome } from '../stack/testHome.ts'
import { createPool, type DatabasePool } from './createPool.ts'
import { createExperimentStore } from './experimentStore.ts'
import { migrate } from './migrate.ts'

const appRoot = findAppRoot(import.meta.dirname)
const resources = join(appRoot, 'resources')
const never = new AbortController().signal
let own: TestHome
let bring: () => Promise<Live<pg.PoolConfig>>
let server: Live<pg.PoolConfig>
let pool: DatabasePool

beforeAll(async () => {
  own = createTestHome('postgres')
  const { home } = own
  const secrets = await openSecrets({ home, log: silentLog, wanted: 'file' })
  const start = createPostgresServer({ home, appRoot, resources, secrets, log: silentLog, port: 22_830 })
  bring = () => start(() => {}, never)
  server = await bring()
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
const prepared: PreprocessResult = {
  dataset: { sha256: sha('a'), uri: `sha256:${sha('a')}`, size_bytes: 10, file_name: 'good "model" 🎉.csv' },
  rows: 4177,
  columns: [{ name: 'Rings', type: 'number' }],
  target: 'Rings',
  has_header: true,
  delimiter: ',',
  encoding: 'utf-8',
  skipped_rows: 0,
  notes: [],
}
const trained: TrainResult = {
  model_id: 'model-1',
  model: { sha256: sha('b'), uri: `sha256:${sha('b')}`, size_bytes: 20 },
  metrics: { accuracy: 0.91, mae: 1.5, r2: 0.8 },
  trainer: 'demo',
  training_seconds: 20,
  proprietary_config: {
    secret_learning_rate_multiplier: 1.337,
    custom_regularization_alpha: 0.00042,
    advanced_dropout_schedule: 'exponential_secret',
    internal_model_architecture: 'CompanyXL_v2.1',
  },
}
const ids = { workflowId: 'mlops-1-good', runId: 'run-1' }
const decision: DecisionRecord = {
  decision_id: 'd1',
  decision: 'approve',
  reason: 'looks\0right',
  operator: 'Ada',
  host: 'desk',
  via: 'update',
  decided_at: '2026-01-02T03:04:05.000Z',
}
const count = async (table: string) => Number((await pool.get().query(`SELECT count(*) FROM ${table}`)).rows[0].count)

test('an experiment and its model are logged once, however many attempts there are at a time', async () => {
  const store = createExperimentStore(pool, '1.2.3')
  const answers = await Promise.all(Array.from({ length: 20 }, () => store.logExperiment(ids, prepared, trained, null)))
  expect(answers.filter((a) => a.inserted)).toHaveLength(1)
  expect(new Set(answers.map((a) => a.experimentId)).size).toBe(1)
  expect(await count('experiments')).toBe(1)
  expect(await count('model_versions')).toBe(1)
  const { rows } = await pool.get().query('SELECT * FROM experiments')
  expect(rows[0]).toMatchObject({
    workflow_id: ids.workflowId,
    run_id: ids.runId,
    file_name: prepared.dataset.file_name,
    dataset_sha256: sha('a'),
    rows: '4177',
    model_id: 'model-1',
    accuracy: 0.91,
    mae: 1.5,
    r2: 0.8,
    metrics: trained.metrics,
    task: null,
    trainer: 'demo',
  })
  expect(rows[0].created_at.getTime() - rows[0].started_at.getTime()).toBe(20_000)
  const { rows: models } = await pool.get().query('SELECT settings, baseline, code_version, report_sha256 FROM model_versions')
  expect(models).toEqual([{ settings: {}, baseline: null, code_version: '1.2.3', report_sha256: null }])
  const other = await store.logExperiment({ ...ids, runId: 'run-2' }, prepared, trained, null)
  expect(other.inserted).toBe(true)
})

test("nothing of the trainer's proprietary configuration reaches the database", async () => {
  const store = createExperimentStore(pool, '1.2.3')
  await store.logExperiment(ids, prepared, trained, null)
  const { rows } = await pool.get().query('SELECT e::text || m::text AS all FROM experiments e, model_versions m')
  for (const value of Object.values(trained.proprietary_config ?? {})) expect(rows[0].all).not.toContain(String(value))
})

test('one decision per run: the first one stands', async () => {
  const store = createExperimentStore(pool, '1.2.3')
  await store.recordDecision(ids, 'model-1', decision, [decision])
  await store.recordDecision(ids, 'model-1', { ...decision, decision: 'reject', reason: 'second thoughts' }, [decision])
  const { rows } = await pool.get().query('SELECT * FROM decisions')
  expect(rows).toHaveLength(1)
  expect(rows[0]).toMatchObject({ decision: 'approve', reason: 'looks\uFFFDright', operator: 'Ada', host: 'desk', via: 'update' })
  expect(rows[0].decided_at.toISOString()).toBe(decision.decided_at)
})

test('every approval that led to a decision is on record, each once', async () => {
  const store = createExperimentStore(pool, '1.2.3')
  const several = { ...ids, runId: 'run-several' }
  const first = { ...decision, decision_id: 'first', operator: 'Grace', reason: 'Better\u0000on all.' }
  for (let attempt = 0; attempt < 2; attempt++) await store.recordDecision(several, 'model-1', decision, [first, decision])
  const { rows } = await pool
    .get()
    .query('SELECT operator, reason, host, via FROM approvals WHERE run_id = $1 ORDER BY id', [several.runId])
  expect(rows).toEqual([
    { operator: 'Grace', reason: 'Better\uFFFDon all.', host: 'desk', via: 'update' },
    { operator: 'Ada', reason: 'looks\uFFFDright', host: 'desk', via: 'update' },
  ])
})

test('one deployment per run and environment; a retry corrects its address', async () => {
  const store = createExperimentStore(pool, '1.2.3')
  const input: DeployInput = { environment: 'dev', model_id: 'model-1', model: trained.model, metrics: trained.metrics }
  await store.recordDeployment(ids, input, 'http://127.0.0.1:8080/models/model-1', decision.decided_at)
  await store.recordDeployment(ids, input, 'http://127.0.0.1:8082/models/model-1', decision.decided_at)
  await store.recordDeployment(
    ids,
    { ...input, environment: 'prod' },
    'http://127.0.0.1:8081/models/model-1',
    decision.decided_at,
  )
  const { rows } = await pool.get().query('SELECT environment, url FROM deployments ORDER BY environment')
  expect(rows).toEqual([
    { environment: 'dev', url: 'http://127.0.0.1:8082/models/model-1' },
    { environment: 'prod', url: 'http://127.0.0.1:8081/models/model-1' },
  ])
})

test('migrating again, and several at once, changes nothing', async () => {
  await Promise.all([1, 2, 3].map(() => migrate(server.value, resources, silentLog)))
  const { rows } = await pool.get().query('SELECT name FROM gatehouse_migrations')
  const files = readdirSync(join(resources, 'migrations'))
  expect(rows.map(({ name }) => `${name}.sql`)).toEqual(files.sort())
})

describe('what went wrong is told apart', () => {
  const failing = async (config: pg.PoolConfig | null): Promise<DatabaseProblem> => {
    const another = createPool({ config: () => config, log: silentLog })
    try {
      return await createExperimentStore(another, '1.2.3')
        .recordDecision(ids, 'm', decision, [])
        .then(
          () => Promise.reject(new Error('it worked')),
          (error) => error,
        )
    } finally {
      await another.close()
    }
  }

  test('a wrong password is configuration, and never in the message', async () => {
    const problem = await failing({ ...server.value, password: 'hunter2-wrong' })
    expect(problem).toBeInstanceOf(DatabaseProblem)
    expect(problem).toMatchObject({ kind: 'configuration', sqlState: '28P01' })
    expect(problem.message).not.toContain('hunter2-wrong')
    expect(problem.message).toContain('correct them')
  })
  test('a missing database is configuration', async () => {
    expect(await failing({ ...server.value, database: 'nowhere' })).toMatchObject({ kind: 'configuration', sqlState: '3D000' })
  })
  test('a missing table is configuration', async () => {
    await pool.get().query('ALTER TABLE decisions RENAME TO elsewhere')
    try {
      expect(await failing(server.value)).toMatchObject({ kind: 'configuration', sqlState: '42P01' })
    } finally {
      await pool.get().query('ALTER TABLE elsewhere RENAME TO decisions')
    }
  })
  test('a missing privilege is configuration', async () => {
    await pool.get().query('REVOKE INSERT ON decisions FROM gatehouse')
    try {
      expect(await failing(server.value)).toMatchObject({ kind: 'configuration', sqlState: '42501' })
    } finally {
      await pool.get().query('GRANT INSERT ON decisions TO gatehouse')
    }
  })
  test('not up yet is weather', async () => {
    expect(await failing(null)).toMatchObject({ kind: 'weather', sqlState: null })
  })
  test('a server that is silent is weather, within the limit', async () => {
    const silent = createServer((socket) => socket.resume())
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    try {
      expect(await failing({ ...server.value, port: (silent.address() as { port: number }).port })).toMatchObject({
        kind: 'weather',
      })
    } finally {
      await new Promise((resolve) => silent.close(resolve))
    }
  })
  test('a stopped server is weather; the pool works again when it is back, wherever that is', async () => {
    const store = createExperimentStore(pool, '1.2.3')
    await store.logExperiment(ids, prepared, trained, null)
    await server.close()
    const problem = await store.logExperiment(ids, prepared, trained, null).catch((error) => error)
    expect(problem).toMatchObject({ kind: 'weather' })
    server = await bring()
    expect(await store.logExperiment(ids, prepared, trained, null)).toMatchObject({ inserted: false })
  })
  test('a value that Postgres refuses is a bug of ours, told without the value', async () => {
    const store = createExperimentStore(pool, '1.2.3')
    const problem = await store
      .recordDecision(ids, 'm', { ...decision, via: 'pigeon' as 'update', reason: 'a secret reason' }, [])
      .catch((error) => error)
    expect(problem).toMatchObject({ kind: 'bug', sqlState: '23514' })
    expect(problem.message).not.toContain('a secret reason')
  })
})
