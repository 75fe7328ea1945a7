/** The network to the real servers, made to fail while a run is under way. */
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildWorkflowBundle } from '../../../temporal/bundle.ts'
import { createClient, type TemporalClient } from '../../../temporal/client.ts'
import { createDataConverter } from '../../../temporal/codec/dataConverter.ts'
import { runResult, startRun } from '../../../temporal/operations.ts'
import { installRuntime } from '../../../temporal/runtime.ts'
import { inputFor } from '../../../temporal/testing/bench.ts'
import { createFakeDeps } from '../../../temporal/testing/fakeDeps.ts'
import { createRecorder } from '../../../temporal/testing/recorder.ts'
import { createWorker, type RunningWorker } from '../../../temporal/worker.ts'
import { findAppRoot, sourcePaths } from '../../paths.ts'
import { silentLog } from '../log.ts'
import { openSecrets } from '../secrets/openSecrets.ts'
import { createStack, type Stack } from './createStack.ts'
import type { LinkCondition } from './tcpProxy.ts'
import { createTestHome } from './testHome.ts'

const { home, remove } = createTestHome('links')
const fake = createFakeDeps()
const recorder = createRecorder()
const reason = { message: 'The drill is on.', remedy: 'Switch it off.' }
let stack: Stack
let temporal: TemporalClient
let worker: RunningWorker

beforeAll(async () => {
  installRuntime(silentLog)
  stack = createStack({
    home,
    paths: sourcePaths(findAppRoot(import.meta.dirname)),
    secrets: await openSecrets({ home, log: silentLog, wanted: 'file' }),
    log: silentLog,
    profile: 'embedded',
    pins: { temporalPort: 22_360, uiPort: 22_460, postgresPort: 22_560 },
  })
  const up = new Promise<void>((resolve) =>
    stack.onChange(() => {
      if (stack.temporal() && stack.postgres()) resolve()
    }),
  )
  stack.start()
  const workflowBundle = join(home.root, 'bundle.js')
  await Promise.all([up, buildWorkflowBundle(workflowBundle)])
  const place = stack.temporal()
  if (!place) throw new Error('Temporal is not up')
  const dataConverter = createDataConverter()
  temporal = await createClient({ ...place, identity: 'tests', dataConverter })
  worker = await createWorker({ ...place, workflowBundle, deps: fake.deps, observer: recorder.observer, dataConverter })
})
afterAll(async () => {
  await worker?.stop()
  await temporal?.close()
  await stack?.close()
  await remove()
})

const during = async (server: 'temporal' | 'postgres', condition: LinkCondition, what: () => Promise<void>) => {
  stack.setLink(server, condition, reason)
  try {
    await what()
  } finally {
    stack.setLink(server, { kind: 'open' }, { message: '', remedy: '' })
  }
}
const database = async () => {
  const client = new pg.Client({ ...stack.postgres(), connectionTimeoutMillis: 5_000 })
  client.on('error', () => {})
  await client.connect()
  return client
}
const insert = "INSERT INTO decisions VALUES (DEFAULT, $1, 'r', 'd', 'approve', 'why', 'me', 'here', 'update', 'm', now())"
const rowsOf = async (workflowId: string) => {
  const client = await database()
  const { rowCount } = await client.query('SELECT FROM decisions WHERE workflow_id = $1', [workflowId])
  await client.end()
  return rowCount
}

test('Postgres cut: who asks is told at once, the part says why, and back it answers again', async () => {
  const client = await database()
  await during('postgres', { kind: 'cut' }, async () => {
    await expect(client.query('SELECT 1')).rejects.toThrow()
    await expect(database()).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(stack.status().postgres).toMatchObject({ state: 'down', detail: reason.message, remedy: reason.remedy })
  })
  expect(stack.status().postgres.state).toBe('up')
  expect(stack.status().postgres.detail).not.toContain(reason.message)
  expect(await rowsOf('nobody')).toBe(0)
})

test('Postgres silent: a row on its way arrives once the link is back, and only once', async () => {
  const client = await database()
  let arrived = false
  let inserting: Promise<void> = Promise.resolve()
  await during('postgres', { kind: 'silent' }, async () => {
    inserting = client.query(insert, ['silent']).then(() => {
      arrived = true
    })
    await expect(new pg.Client({ ...stack.postgres(), connectionTimeoutMillis: 300 }).connect()).rejects.toThrow(/timeout/)
    expect(arrived).toBe(false)
  })
  await inserting
  await client.end()
  expect(await rowsOf('silent')).toBe(1)
})

test('Postgres slow: everything gets through, later', async () => {
  await during('postgres', { kind: 'slow', seconds: 0.05, bytesPerSecond: 64 * 1024 }, async () => {
    expect(stack.status().postgres).toMatchObject({ state: 'up', detail: reason.message })
    const client = await database()
    const began = performance.now()
    await client.query('SELECT 1')
    // Each way half the latency at least.
    expect(performance.now() - began).toBeGreaterThanOrEqual(49)
    await client.end()
  })
})

const conditions: LinkCondition[] = [
  { kind: 'cut' },
  { kind: 'silent' },
  { kind: 'slow', seconds: 0.1, bytesPerSecond: 64 * 1024 },
]
test.each(conditions)(
  'Temporal $kind in the middle of a training: the run goes on to its end, and each step is done once',
  async (condition) => {
    const workflowId = `mlops-${conditions.indexOf(condition) + 1}-good`
    await startRun(
      temporal.client,
      workflowId,
      inputFor(workflowId, { demo_trainer: { min_seconds: 2, max_seconds: 2 }, approval_timeout_seconds: 3_000 }),
    )
    const about = (kind: string, step: string) =>
      recorder.until(
        (told) => told.kind === kind && told.event.workflowId === workflowId && (told.event as { step?: string }).step === step,
      )
    await about('progress', 'train_model')
    const isDown = condition.kind !== 'slow'
    await during('temporal', condition, async () => {
      expect(stack.status().temporal.state).toBe(isDown ? 'down' : 'up')
      expect(stack.temporal() === null).toBe(isDown)
      // The training itself needs no network; what it gives waits.
      await about('attemptEnded', 'train_model')
    })
    await recorder.until(
      (told) => told.kind === 'stageChanged' && told.event.workflowId === workflowId && told.event.stage === 'AwaitingApproval',
    )
    await temporal.client.workflow.getHandle(workflowId).signal('approve_prod_deployment')
    expect(await runResult(temporal.client, workflowId)).toMatchObject({ status: 'completed', prod_approved: true })
    expect(fake.done(workflowId)).toEqual([
      'log',
      'deploy dev',
      'deployment dev',
      'decision approve',
      'deploy prod',
      'deployment prod',
    ])
  },
)
