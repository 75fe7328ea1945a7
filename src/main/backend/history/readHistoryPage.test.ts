/** The history of a real run on a real Temporal server, read a page at a time from its newest event. */
import { createSecretKey, randomBytes } from 'node:crypto'
import type { PayloadCodec } from '@temporalio/common'
import { ApplicationFailure } from '@temporalio/common'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { HistoryEvent } from '../../../contract/history.ts'
import { createClient, type TemporalClient } from '../../../temporal/client.ts'
import { createDataConverter } from '../../../temporal/codec/dataConverter.ts'
import { createEncryptionCodec } from '../../../temporal/codec/encryptionCodec.ts'
import { singleKey } from '../../../temporal/codec/singleKey.ts'
import { taskQueue, workflowType } from '../../../temporal/names.ts'
import { runResult } from '../../../temporal/operations.ts'
import { createTestBench, inputFor, type TestBench } from '../../../temporal/testing/bench.ts'
import { readHistoryPage } from './readHistoryPage.ts'

const keys = singleKey({ id: 'k-1', key: createSecretKey(randomBytes(32)) })
const codec = () => createEncryptionCodec({ keys, namespace: 'default' })
const hanging: PayloadCodec = { encode: async (payloads) => payloads, decode: () => new Promise(() => undefined) }
const strangeKey = singleKey({ id: 'k-strange', key: createSecretKey(randomBytes(32)) })

let bench: TestBench
const others: TemporalClient[] = []
const clientWith = async (other: PayloadCodec) => {
  const client = await createClient({ ...bench.server, dataConverter: createDataConverter([other]) })
  others.push(client)
  return client.client
}
const workflowId = 'mlops-9-history'
let runId: string
beforeAll(async () => {
  bench = await createTestBench({
    dataConverter: createDataConverter([codec()]),
    workerConverter: createDataConverter([codec()]),
  })
  bench.interfere(workflowId, {
    log: () => {
      throw ApplicationFailure.nonRetryable('The row was refused.', 'DatabaseConfiguration', { row: 9_007_199 })
    },
  })
  const handle = await bench.client.workflow.start(workflowType, {
    ...{ workflowId, taskQueue, args: [inputFor(workflowId)] },
    memo: { config: 'of the memo' },
    staticSummary: 'of the summary',
  })
  runId = handle.firstExecutionRunId
  await runResult(bench.client, workflowId).catch(() => undefined)
})
afterAll(async () => {
  await Promise.all(others.map((other) => other.close()))
  await bench?.close()
})

const payloadsOf = (event: HistoryEvent | undefined) =>
  Object.fromEntries((event?.payloads ?? []).map(({ label, json }) => [label, json]))

test('pages from the newest event to the first hold each event once', async () => {
  const asked = { workflowId, runId, limit: 7 }
  const ids: number[] = []
  let pages = 0
  let older: string | null = null
  do {
    const page = await readHistoryPage(bench.client, { ...asked, older })
    pages++
    expect(page.events.length).toBeLessThanOrEqual(asked.limit)
    ids.push(...page.events.map(({ id }) => Number(id)))
    older = page.older
  } while (older !== null)
  expect(pages).toBeGreaterThan(1)
  expect(ids.at(-1)).toBe(1)
  expect(ids).toEqual(ids.map((_, index) => ids.length - index))
})

test('inputs, results, memo, user metadata, headers and failures are told, sealed failure text too', async () => {
  const { events, unreadable } = await readHistoryPage(bench.client, { workflowId, runId, older: null, limit: 200 })
  expect(unreadable).toBe(0)
  const first = payloadsOf(events.at(-1))
  expect(events.at(-1)).toMatchObject({ id: '1', type: 'WorkflowExecutionStarted' })
  expect(first['memo.config']).toBe('"of the memo"')
  expect(first['userMetadata.summary']).toBe('"of the summary"')
  expect(JSON.parse(first.input ?? '')).toEqual(JSON.parse(JSON.stringify(inputFor(workflowId))))

  const failed = events.find(({ type }) => type === 'ActivityTaskFailed')
  expect(failed).toMatchObject({ subject: 'log_experiment', failures: [{ path: 'failure', message: 'The row was refused.' }] })
  const sealed = failed?.payloads.find(({ label }) => label === 'failure.encodedAttributes')
  expect(sealed).toMatchObject({ encoding: 'binary/encrypted', keyId: 'k-1' })
  expect(JSON.parse(sealed?.json ?? '')).toMatchObject({ message: 'The row was refused.' })
  expect(payloadsOf(failed)['failure.applicationFailureInfo.details']).toBe('{"row":9007199}')
})

test('with another key every event is there, and each value says why it cannot be read', async () => {
  const stranger = await clientWith(createEncryptionCodec({ keys: strangeKey, namespace: 'default' }))
  const { events, unreadable } = await readHistoryPage(stranger, { workflowId, runId, older: null, limit: 200 })
  expect(unreadable).toBeGreaterThan(5)
  expect(events.at(-1)?.payloads.find(({ label }) => label === 'input')).toMatchObject({
    json: null,
    unreadable: expect.stringContaining('k-1'),
  })
})

test('a codec that hangs costs the values only, and is named', async () => {
  const { events } = await readHistoryPage(await clientWith(hanging), { workflowId, runId, older: null, limit: 200 }, 50)
  expect(events.at(-1)).toMatchObject({ type: 'WorkflowExecutionStarted' })
  expect(events.at(-1)?.payloads.find(({ label }) => label === 'input')).toMatchObject({
    late: true,
    unreadable: expect.stringContaining('did not answer within 50 ms'),
  })
})
