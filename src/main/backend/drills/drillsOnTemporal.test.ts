/** Drills on a real Temporal server: what a run makes of them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WorkflowFailedError } from '@temporalio/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DrillName, DrillOrder } from '../../../contract/drills.ts'
import { cancelRun, decide, runResult, startRun } from '../../../temporal/operations.ts'
import { createTestBench, inputFor, type TestBench } from '../../../temporal/testing/bench.ts'
import { openLedger } from '../ledger/openLedger.ts'
import { silentLog } from '../log.ts'
import { createDrills, type Drills } from './createDrills.ts'

const config = mkdtempSync(join(tmpdir(), 'gatehouse-drills-'))
const ledger = openLedger(':memory:')
const nobodys = { canPause: () => false, pause: async () => {}, resume() {} }
const nobodysLink = { canSet: () => false, set() {} }
let bench: TestBench
let drills: Drills

beforeAll(async () => {
  bench = await createTestBench()
  drills = createDrills({
    home: { config },
    ledger,
    emit: () => {},
    log: silentLog,
    operator: () => 'ada',
    host: 'desk-1',
    runs: { fileName: () => null, hasEnded: () => false },
    servers: { postgres: nobodys, temporal: nobodys },
    links: { postgres: nobodysLink, temporal: nobodysLink },
    worker: { begin() {}, hit() {}, end() {}, look() {} },
    production: () => null,
  })
})
afterAll(async () => {
  await bench?.close()
  drills.close()
  ledger.close()
  rmSync(config, { recursive: true, force: true })
})

let started = 0
/** A run under one drill alone, which its own file's name is the scope of. */
async function runUnder(name: string, drill: DrillName | null, order: DrillOrder = {}): Promise<string> {
  const workflowId = `mlops-${++started}-${name}_${started}`
  if (drill) await drills.set(drill, { ...order, scope: { kind: 'files', pattern: `${name}_${started}.csv` } })
  bench.drill(workflowId, drills.faults.before)
  await startRun(bench.client, workflowId, inputFor(workflowId))
  return workflowId
}
const failureOf = async (workflowId: string) => {
  const error = await runResult(bench.client, workflowId).catch((e) => e)
  expect(error).toBeInstanceOf(WorkflowFailedError)
  return (error as WorkflowFailedError).cause
}
const attemptsOf = (workflowId: string, step: string) =>
  bench.told.flatMap(({ kind, event }) =>
    kind === 'attemptEnded' && event.workflowId === workflowId && event.step === step
      ? [{ attempt: event.attempt, outcome: event.outcome, message: event.failure?.message, type: event.failure?.type }]
      : [],
  )
const failed = (attempt: number) => ({ attempt, outcome: 'failed', message: 'GPU temporarily unavailable', type: 'Drill' })
const usesOf = (workflowId: string) => drills.list().audit.filter((e) => e.event === 'used' && e.workflowId === workflowId)

test('training fails: exactly three attempts, each recorded, then the run is failed', async () => {
  const workflowId = await runUnder('good', 'training-fails')
  expect((await failureOf(workflowId))?.message).toBe('Training failed after 3 attempts: GPU temporarily unavailable')
  expect(attemptsOf(workflowId, 'train_model')).toEqual([1, 2, 3].map(failed))
  expect(usesOf(workflowId).map(({ step, attempt }) => `${step} ${attempt}`)).toEqual([
    'train_model 3',
    'train_model 2',
    'train_model 1',
  ])
})

test('training fails twice: the third attempt gets through', async () => {
  const workflowId = await runUnder('borderline', 'training-fails', { count: 2 })
  expect(await runResult(bench.client, workflowId)).toMatchObject({ status: 'completed' })
  expect(attemptsOf(workflowId, 'train_model')).toEqual([
    failed(1),
    failed(2),
    { attempt: 3, outcome: 'completed', message: undefined, type: undefined },
  ])
})

test('the seed’s failure file does the same for as long as it is there', async () => {
  const file = join(config, 'failure_simulation.json')
  writeFileSync(file, '{"simulate_failure": true, "activity": "training"}')
  const failing = await runUnder('good', null)
  expect((await failureOf(failing))?.message).toBe('Training failed after 3 attempts: GPU temporarily unavailable')
  rmSync(file)
  const sound = await runUnder('borderline', null)
  expect(await runResult(bench.client, sound)).toMatchObject({ status: 'completed' })
})

test('the gate refuses a good model by a check of its own; the real figures stay', async () => {
  const workflowId = await runUnder('good', 'gate-fails')
  const result = await runResult(bench.client, workflowId)
  expect(result).toMatchObject({ status: 'gate_failed', stage: 'GateFailed', deployment_status: { dev: 'pending' } })
  expect(result.failure_reason).toContain('the drill "Quality gate fails" is on')
  expect(result.gate_checks.map((check) => [check.label, check.passed])).toEqual([
    ['accuracy', true],
    ['MAE', true],
    ['R²', true],
    ['drill', false],
  ])
  expect(bench.done(workflowId)).toEqual(['log'])
})

test('a deployment that always flaps uses up its attempts and deploys nothing', async () => {
  const workflowId = await runUnder('good', 'deployment-flaps', { probability: 1 })
  expect((await failureOf(workflowId))?.message).toMatch(/^Deployment to dev failed after 3 attempts/)
  expect(bench.done(workflowId)).toEqual(['log'])
})

test('slow steps take longer and change nothing else', async () => {
  const workflowId = await runUnder('good', 'slow-step', { seconds: 0.05 })
  await bench.reaches(workflowId, 'AwaitingApproval')
  await decide(bench.client, { workflowId, decisionId: 'd', decision: 'reject', reason: 'A drill.', operator: 'ada' })
  expect(await runResult(bench.client, workflowId)).toMatchObject({ status: 'rejected' })
  expect(usesOf(workflowId).map((use) => use.step)).toEqual([
    'record_decision',
    'deploy_dev',
    'assess_model_quality',
    'log_experiment',
    'train_model',
    'preprocess_data',
  ])
})

test('a step that is being slowed down still hears of a cancellation', async () => {
  const workflowId = await runUnder('good', 'slow-step', { seconds: 600 })
  await bench.until(({ kind, event }) => kind === 'attemptStarted' && event.workflowId === workflowId)
  await cancelRun(bench.client, workflowId, { by: 'ada', reason: 'Wrong file.' })
  await failureOf(workflowId)
  await bench.until(({ kind, event }) => kind === 'attemptEnded' && event.workflowId === workflowId)
  expect(attemptsOf(workflowId, 'preprocess_data')).toMatchObject([{ attempt: 1, outcome: 'cancelled' }])
})
