/** A run with a secret in everything that a payload can be, on a real Temporal server: what Temporal then holds, and what the console reads. */
import { createSecretKey, randomBytes } from 'node:crypto'
import { WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { RunSummary } from '../../../contract/model.ts'
import { createClient, type TemporalClient } from '../../../temporal/client.ts'
import { createDataConverter } from '../../../temporal/codec/dataConverter.ts'
import { createEncryptionCodec } from '../../../temporal/codec/encryptionCodec.ts'
import type { KeySource } from '../../../temporal/codec/keySource.ts'
import { singleKey } from '../../../temporal/codec/singleKey.ts'
import { approveSignalName, decideUpdateName, statusQueryName, taskQueue, workflowType } from '../../../temporal/names.ts'
import { cancelRun, decide, runResult, startRun } from '../../../temporal/operations.ts'
import { createTestBench, inputFor, type TestBench } from '../../../temporal/testing/bench.ts'
import { createHistorySearch } from '../history/createHistorySearch.ts'
import { openLedger } from '../ledger/openLedger.ts'
import { silentLog } from '../log.ts'
import { createProjection, type Projection } from '../projection/createProjection.ts'
import { refreshRun } from '../projection/createReconciler.ts'
import { createSealer } from '../projection/sealer.ts'
import { createRunReader } from './createRunReader.ts'
import { decodeProgress } from './heartbeat.ts'
import { runEncryption } from './runEncryption.ts'

const secret = 'learning_rate=0.0173'
const dataKey = (id: string) => ({ id, key: createSecretKey(randomBytes(32)) })
const converterOf = (keys: KeySource, handOnUnreadable = false) =>
  createDataConverter([createEncryptionCodec({ keys, namespace: 'default', handOnUnreadable })])
const keys = singleKey(dataKey('k-1'))

let bench: TestBench
/** Another client of the same Temporal, that has another key. */
let stranger: TemporalClient
beforeAll(async () => {
  bench = await createTestBench({ dataConverter: converterOf(keys), workerConverter: converterOf(keys, true) })
  stranger = await createClient({ ...bench.server, dataConverter: converterOf(singleKey(dataKey('k-strange'))) })
})
afterAll(async () => {
  await stranger?.close()
  await bench?.close()
})

/** Every text and every byte of a message, so that nothing hides in a field that a test did not think of. */
function holds(message: unknown, text: string): boolean {
  if (typeof message === 'string') return message.includes(text)
  if (ArrayBuffer.isView(message)) return Buffer.from(message.buffer, message.byteOffset, message.byteLength).includes(text)
  if (typeof message !== 'object' || message === null) return false
  return Object.entries(message).some(([name, value]) => name.includes(text) || holds(value, text))
}
const historyOf = async (workflowId: string) => bench.client.workflow.getHandle(workflowId).fetchHistory()
const rawOf = async (workflowId: string) =>
  bench.client.workflowService.describeWorkflowExecution({ namespace: 'default', execution: { workflowId } })

/** Start, retried failures with a cause, and a wait: all with the secret in it. */
async function startSecretRun(workflowId: string): Promise<void> {
  let failures = 0
  bench.interfere(workflowId, {
    read: () => {
      if (++failures < 3) throw new Error(`outer ${secret}`, { cause: new Error(`inner ${secret}`) })
    },
    log: () => {
      throw ApplicationFailure.nonRetryable(`The row was refused: ${secret}`, 'DatabaseConfiguration', { detail: secret })
    },
  })
  await bench.client.workflow.start(workflowType, {
    workflowId,
    taskQueue,
    args: [{ ...inputFor(workflowId), submitted_by: secret }],
    memo: { config: secret },
    staticSummary: `summary ${secret}`,
    staticDetails: `details ${secret}`,
  })
}

describe('what Temporal holds of a run', () => {
  test('failed: input, memo, user metadata, heartbeats, results, failures with message, stack, cause and details', async () => {
    const workflowId = 'mlops-1-fails'
    await startSecretRun(workflowId)
    const error = (await runResult(bench.client, workflowId).catch((thrown) => thrown)) as WorkflowFailedError
    // The workflow itself understood the failure, and so does whoever has the key.
    expect(error).toBeInstanceOf(WorkflowFailedError)
    expect(error.cause?.message).toBe(`Logging the experiment failed: The row was refused: ${secret}`)
    expect(error.cause).toMatchObject({ type: 'DatabaseConfiguration' })

    const history = await historyOf(workflowId)
    const description = await rawOf(workflowId)
    expect(holds([history, description], secret)).toBe(false)
    expect(historyToJSON(history)).not.toContain(Buffer.from(secret).toString('base64').slice(4, -4))
    expect(runEncryption(history.events ?? [])).toEqual({ state: 'encrypted', keyIds: ['k-1'] })
    // The search sees what it looks for.
    expect(holds(history, 'MLOpsWorkflow') && holds(history, 'DatabaseConfiguration')).toBe(true)
    const failed = history.events?.find((event) => event.activityTaskFailedEventAttributes)
    expect(failed?.activityTaskFailedEventAttributes?.failure).toMatchObject({ message: 'Encoded failure', stackTrace: '' })
    const decoded = await bench.client.workflow.getHandle(workflowId).describe()
    expect(decoded.memo).toEqual({ config: secret })
    expect(await decoded.staticSummary()).toBe(`summary ${secret}`)
    expect(await decoded.staticDetails()).toBe(`details ${secret}`)
  })

  test('under way: the last failure and the heartbeat of a step that is tried again', async () => {
    const workflowId = 'mlops-2-waits'
    const settings = inputFor(workflowId).settings
    const slow = {
      ...settings?.retries,
      preprocess_data: { maximumAttempts: 3, initialIntervalSeconds: 60, backoffCoefficient: 2, maximumIntervalSeconds: 60 },
    }
    bench.interfere(workflowId, {
      read: () => {
        throw new Error(secret)
      },
    })
    await startRun(bench.client, workflowId, { ...inputFor(workflowId), settings: { ...settings, retries: slow as never } })
    const pending = await vi.waitFor(async () => {
      const activity = (await rawOf(workflowId)).pendingActivities?.[0]
      expect(activity?.lastFailure).toBeTruthy()
      return activity
    }, 10_000)
    expect(holds(pending, secret)).toBe(false)
    expect(pending?.lastFailure?.message).toBe('Encoded failure')
    const beat = pending?.heartbeatDetails?.payloads?.[0]
    expect(String(beat?.metadata?.encoding)).toBe('binary/encrypted')
    expect(holds(beat, 'Copying')).toBe(false)
    // The projection learns of it from Temporal alone.
    const { projection } = openProjection(workflowId)
    await refreshRun(bench.client, projection, workflowId)
    expect(projection.get(workflowId)?.problem).toBe(secret)
    // What Temporal forgets with the next failure is kept, as of any worker that this host does not hear of.
    expect(projection.attempts(projection.get(workflowId)?.runId ?? '')).toMatchObject([
      { step: 'preprocess_data', attempt: 1, outcome: 'failed', failure: { message: secret } },
    ])
    const told = (client: typeof bench.client) => decodeProgress(client.options.loadedDataConverter, pending ?? {})
    expect(await told(bench.client)).toMatchObject({ message: expect.stringContaining('Copying') })
    expect(await told(stranger.client)).toBeNull()
    await cancelRun(bench.client, workflowId, { by: 'ada', reason: 'For the record.' })
  })

  test('at its gate: signal, query, update that is refused, update that is taken', async () => {
    const workflowId = await bench.start('good')
    const handle = bench.client.workflow.getHandle(workflowId)
    await bench.reaches(workflowId, 'AwaitingApproval')
    const sent = (['queryWorkflow', 'updateWorkflowExecution', 'signalWorkflowExecution'] as const).map((call) =>
      vi.spyOn(bench.client.workflowService, call),
    )
    // A second approval counts for nothing, so the signal comes after the decision; what it carries is on record anyway.
    await handle.query(statusQueryName, { secret })
    const bad = { decisionId: '1', decision: secret, reason: secret, operator: secret }
    await expect(handle.executeUpdate(decideUpdateName, { args: [bad] })).rejects.toThrow(WorkflowUpdateFailedError)
    const taken = { workflowId, decisionId: 'd-1', decision: 'approve', reason: `Because ${secret}.`, operator: 'ana' } as const
    const delivery = await decide(bench.client, taken)
    expect(delivery).toMatchObject({ state: 'delivered', record: { reason: `Because ${secret}.` } })
    await handle.signal(approveSignalName, { secret })
    const again = await decide(bench.client, { ...taken, decisionId: 'd-2', operator: secret })
    expect(again).toMatchObject({ state: 'refused', message: expect.stringContaining('Already decided') })
    expect(await runResult(bench.client, workflowId)).toMatchObject({ status: 'completed', decision: { operator: 'ana' } })

    for (const spy of sent) {
      expect(spy).toHaveBeenCalled()
      for (const [request] of spy.mock.calls) expect(holds(request, secret)).toBe(false)
      for (const { value } of spy.mock.results) {
        const answer = await value
        expect(holds(answer, secret)).toBe(false)
        expect(holds(answer, 'Already decided')).toBe(false)
      }
      spy.mockRestore()
    }
    expect(holds(await historyOf(workflowId), secret)).toBe(false)
    const history = await historyOf(workflowId)
    expect(runEncryption(history.events ?? [])?.state).toBe('encrypted')
    // It replays with the key, as a run that waits for days has to.
    await Worker.runReplayHistory(
      { workflowBundle: { codePath: bench.workflowBundle }, dataConverter: converterOf(keys, true) },
      JSON.parse(historyToJSON(history)),
    )
  })
})

describe('what somebody sends who has other keys', () => {
  test('a decision is refused with the reason; the run goes on, and whoever has the key decides', async () => {
    const workflowId = await bench.start('good')
    await bench.reaches(workflowId, 'AwaitingApproval')
    const decision = { workflowId, decision: 'approve', reason: 'Better.', operator: 'bob' } as const
    expect(await decide(stranger.client, { ...decision, decisionId: 'd-strange' })).toEqual({
      state: 'refused',
      message: expect.stringContaining('What the run made of this decision cannot be read here. The key k-1'),
    })
    const reading = { sealingKey: () => dataKey('k-half'), openingKey: keys.openingKey }
    const half = await createClient({ ...bench.server, dataConverter: converterOf(reading) })
    expect(await decide(half.client, { ...decision, decisionId: 'd-half' })).toEqual({
      state: 'refused',
      message: expect.stringContaining('The key k-half is not in this key ring'),
    })
    await half.close()
    expect(await decide(bench.client, { ...decision, decisionId: 'd-known' })).toMatchObject({ state: 'delivered' })
    expect(await runResult(bench.client, workflowId)).toMatchObject({ status: 'completed' })
  })
})

function openProjection(workflowId: string): { projection: Projection; summary(): RunSummary | undefined } {
  const projection = createProjection({
    ledger: openLedger(':memory:'),
    sealer: createSealer(randomBytes(32)),
    emit: () => undefined,
    onTransition: () => undefined,
    onAttemptFailed: () => undefined,
    log: silentLog,
  })
  projection.adopt({
    workflowId,
    runId: '',
    fileName: 'good.csv',
    path: '/inbox/good.csv',
    startedAt: new Date().toISOString(),
    submittedBy: 'ana',
  })
  return { projection, summary: () => projection.list({ limit: 10, offset: 0 }).runs[0] }
}

describe('what the console reads of it', () => {
  const read = async (workflowId: string, client = bench.client) => {
    const { projection } = openProjection(workflowId)
    await refreshRun(client, projection, workflowId)
    const reader = createRunReader({
      searcher: createHistorySearch(),
      projection,
      client: () => client,
      namespace: () => 'default',
      endpointAddress: () => null,
      temporalUiUrl: () => null,
      askedToReset: () => null,
    })
    return { record: projection.get(workflowId), detail: await reader.detail(workflowId), reader }
  }

  test('with the key: everything', async () => {
    const { record, detail, reader } = await read('mlops-1-fails')
    expect(record).toMatchObject({ stage: 'Failed', problem: `Logging the experiment failed: The row was refused: ${secret}` })
    const step = detail.steps.find((each) => each.step === 'log_experiment')
    expect(step?.attempts[0]?.failure).toMatchObject({ message: `The row was refused: ${secret}`, nonRetryable: true })
    expect(step?.attempts[0]?.failure?.stack).toContain('encryptedRun.test')
    const { inputs, results } = await reader.payloads('mlops-1-fails', 'preprocess_data')
    for (const view of [...inputs, ...results]) {
      expect(view).toMatchObject({ encoding: 'binary/encrypted', keyId: 'k-1', unreadable: null })
    }
    expect(inputs[0]?.json).toContain('mlops-1-fails.csv')
  })

  test('without the key: the run, its steps and its end, each value saying for itself why it cannot be read', async () => {
    const { record, detail, reader } = await read('mlops-1-fails', stranger.client)
    expect(record).toMatchObject({ stage: 'Failed', problem: expect.stringContaining('The key k-1 is not in this key ring') })
    expect(detail.incomplete).toBeNull()
    expect(detail.steps.map(({ step, state }) => [step, state]).slice(0, 3)).toEqual([
      ['preprocess_data', 'completed'],
      ['train_model', 'completed'],
      ['log_experiment', 'failed'],
    ])
    const failure = detail.steps.find((each) => each.step === 'log_experiment')?.attempts[0]?.failure
    expect(failure).toMatchObject({
      message: expect.stringContaining('This failure cannot be read. The key k-1'),
      type: 'DatabaseConfiguration',
      nonRetryable: true,
    })
    const { inputs } = await reader.payloads('mlops-1-fails', 'preprocess_data')
    expect(inputs[0]).toMatchObject({ keyId: 'k-1', json: null, unreadable: expect.stringContaining('Import it to read') })
  })

  test('a run whose result cannot be read has ended all the same', async () => {
    const workflowId = await bench.start('bad')
    await runResult(bench.client, workflowId)
    expect((await read(workflowId)).record).toMatchObject({ stage: 'GateFailed' })
    const { record } = await read(workflowId, stranger.client)
    expect(record).toMatchObject({
      stage: 'GateFailed',
      problem: expect.stringContaining('The result of this run cannot be read'),
    })
    expect(record?.endedAt).not.toBeNull()
  })
})
