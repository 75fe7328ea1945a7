/** Values of a real run on a real Temporal server, found again one by one. */
import { createSecretKey, randomBytes } from 'node:crypto'
import { ApplicationFailure } from '@temporalio/common'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDataConverter } from '../../../temporal/codec/dataConverter.ts'
import { createEncryptionCodec } from '../../../temporal/codec/encryptionCodec.ts'
import { singleKey } from '../../../temporal/codec/singleKey.ts'
import { taskQueue, workflowType } from '../../../temporal/names.ts'
import { runResult } from '../../../temporal/operations.ts'
import { createTestBench, inputFor, type TestBench } from '../../../temporal/testing/bench.ts'
import { payloadView, stepPayloads } from '../runs/payloads.ts'
import { readHistoryPage } from './readHistoryPage.ts'
import { findPayload, readRunValues } from './readPayload.ts'

const codec = createEncryptionCodec({
  keys: singleKey({ id: 'k-1', key: createSecretKey(randomBytes(32)) }),
  namespace: 'default',
})
const workflowId = 'mlops-9-values'
/** Longer than what a page carries of a payload's bytes. */
const long = 'x'.repeat(50_000)

let bench: TestBench
let run: { workflowId: string; runId: string }
beforeAll(async () => {
  bench = await createTestBench({ dataConverter: createDataConverter([codec]), workerConverter: createDataConverter([codec]) })
  bench.interfere(workflowId, {
    log: () => {
      throw ApplicationFailure.nonRetryable('The row was refused.', 'DatabaseConfiguration', { row: 9_007_199 })
    },
  })
  const handle = await bench.client.workflow.start(workflowType, {
    ...{ workflowId, taskQueue, args: [inputFor(workflowId)] },
    memo: { config: long },
  })
  run = { workflowId, runId: handle.firstExecutionRunId }
  await runResult(bench.client, workflowId).catch(() => undefined)
})
afterAll(() => bench?.close())

test('every value of every page is found again, whole', async () => {
  let older: string | null = null
  let whole = 0
  do {
    const page = await readHistoryPage(bench.client, { ...run, older, limit: 7 })
    for (const { ref, sizeBytes, stored } of page.events.flatMap(({ payloads }) => payloads)) {
      if (ref === null || ref.in === 'file') throw new Error('a value has no reference')
      const { data } = await findPayload(bench.client, run, ref)
      expect(data?.length).toBe(sizeBytes)
      expect(
        Buffer.from(data ?? [])
          .toString('base64')
          .startsWith(stored),
      ).toBe(true)
      if (Buffer.from(stored, 'base64').length < sizeBytes) whole++
    }
    older = page.older
  } while (older !== null)
  expect(whole).toBeGreaterThan(0)
})

test('a value that is no more there is said to be gone', async () => {
  const ref = { in: 'event' as const, index: 0, newestFirst: true, older: null }
  await expect(findPayload(bench.client, run, { ...ref, eventId: '999999' })).rejects.toThrow('no more where it was')
  await expect(findPayload(bench.client, run, { ...ref, eventId: '1', index: 99 })).rejects.toThrow('no more where it was')
  await expect(findPayload(bench.client, run, { in: 'run', path: 'memo.other' })).rejects.toThrow('no more where it was')
})

test('memo, search attributes, input and the answer to get_status are told, and found again', async () => {
  const { memo, searchAttributes, input, status, statusProblem } = await readRunValues(bench.client, run)
  expect(memo).toMatchObject([{ label: 'memo.config', json: JSON.stringify(long) }])
  expect(searchAttributes.map(({ label }) => label)).toContain('searchAttributes.GatehouseStage')
  expect(JSON.parse(input[0]?.json ?? '')).toEqual(JSON.parse(JSON.stringify(inputFor(workflowId))))
  expect(statusProblem).toBeNull()
  expect(JSON.parse(status?.json ?? '')).toMatchObject({ workflow_id: workflowId })
  const ref = memo[0]?.ref
  if (!ref || ref.in === 'file') throw new Error('the memo has no reference')
  expect((await findPayload(bench.client, run, ref)).data?.length).toBe(memo[0]?.sizeBytes)
})

test('a step tells its input, and its last failure with what is sealed in it', async () => {
  const { events } = await bench.client.workflow.getHandle(workflowId).fetchHistory()
  const step = await stepPayloads(
    'log_experiment',
    { events: events ?? [], notRead: null },
    [],
    bench.client.options.loadedDataConverter,
  )
  expect(step.inputs).toMatchObject([{ label: 'input', encoding: 'binary/encrypted', holds: { encoding: 'json/plain' } }])
  expect(step.results).toEqual([])
  expect(step.failures).toMatchObject([{ path: 'failure', message: 'The row was refused.' }])
  expect(step.failureValues.map(({ json }) => json)).toContain('{"row":9007199}')
})

test.each([
  ['binary/null', new Uint8Array(), { json: 'null', plain: null, unreadable: null }],
  ['binary/plain', Buffer.from('héllo\n'), { json: null, plain: 'héllo\n', unreadable: null }],
  ['binary/plain', Buffer.from([0xff, 0, 1]), { json: null, plain: null, unreadable: null }],
  ['binary/protobuf', Buffer.from([8, 1]), { json: null, plain: null, unreadable: null }],
  ['json/protobuf', Buffer.from('{"a":"9007199254740993"}'), { json: '{"a":"9007199254740993"}', plain: null }],
  ['json/plain', Buffer.from([0xff]), { json: null, unreadable: expect.stringContaining('no text') }],
  ['text/csv', Buffer.from('a,b'), { json: null, plain: 'a,b' }],
])('a %s value is shown as what it is', (encoding, data, shown) => {
  const payload = { metadata: { encoding: Buffer.from(encoding), messageType: Buffer.from('pkg.Message') }, data }
  expect(payloadView('value', { stored: payload, payload, error: null })).toMatchObject({
    ...{ encoding, holds: { encoding, messageType: 'pkg.Message', sizeBytes: data.length } },
    ...shown,
  })
})
