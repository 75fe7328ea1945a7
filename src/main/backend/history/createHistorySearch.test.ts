/** Search through the values of a real run on a real Temporal server. */
import { createSecretKey, randomBytes } from 'node:crypto'
import { ApplicationFailure } from '@temporalio/common'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClient } from '../../../temporal/client.ts'
import { createDataConverter } from '../../../temporal/codec/dataConverter.ts'
import { createEncryptionCodec } from '../../../temporal/codec/encryptionCodec.ts'
import { singleKey } from '../../../temporal/codec/singleKey.ts'
import { taskQueue, workflowType } from '../../../temporal/names.ts'
import { runResult } from '../../../temporal/operations.ts'
import { createTestBench, inputFor, type TestBench } from '../../../temporal/testing/bench.ts'
import { createHistorySearch } from './createHistorySearch.ts'

const codecOf = (id: string) =>
  createEncryptionCodec({ keys: singleKey({ id, key: createSecretKey(randomBytes(32)) }), namespace: 'default' })
const workflowId = 'mlops-9-search'

let bench: TestBench
let runId: string
beforeAll(async () => {
  const dataConverter = createDataConverter([codecOf('k-1')])
  bench = await createTestBench({ dataConverter, workerConverter: dataConverter })
  bench.interfere(workflowId, {
    log: () => {
      throw ApplicationFailure.nonRetryable('The row was refused.', 'DatabaseConfiguration', { row: 'A-17' })
    },
  })
  const handle = await bench.client.workflow.start(workflowType, {
    ...{ workflowId, taskQueue, args: [inputFor(workflowId)] },
    memo: { config: 'of the memo' },
  })
  runId = handle.firstExecutionRunId
  await runResult(bench.client, workflowId).catch(() => undefined)
})
afterAll(() => bench?.close())

const searcher = createHistorySearch()
const search = async (text: string, reveal = false) => {
  for (;;) {
    const found = await searcher.search(bench.client, { workflowId, runId, text, reveal })
    if (found.done) return found
  }
}

test('inputs, memo, results, details and sealed failures are found, the newest first', async () => {
  expect((await search('of the memo')).hits).toMatchObject([
    { eventId: '1', type: 'WorkflowExecutionStarted', label: 'memo.config' },
  ])
  const details = await search('a-17')
  const of = { path: 'row', excerpt: 'A-17' }
  expect(details.hits).toMatchObject([
    { type: 'WorkflowExecutionFailed', ...of },
    { type: 'ActivityTaskFailed', subject: 'log_experiment', ...of },
  ])
  const refused = await search('row was refused')
  expect(refused.total).toBeGreaterThanOrEqual(2)
  const ids = refused.hits.map(({ eventId }) => Number(eventId))
  expect(ids).toEqual(ids.toSorted((a, b) => b - a))
  expect(refused.unreadable).toBe(0)
})

test('what is nowhere is not found, and says how much was looked through', async () => {
  const found = await search('rumpelstiltskin')
  expect(found).toMatchObject({ hits: [], total: 0, done: true })
  expect(found.events).toBeGreaterThan(15)
})

test('with another key nothing is found, and it says how much could not be read', async () => {
  const stranger = await createClient({ ...bench.server, dataConverter: createDataConverter([codecOf('k-2')]) })
  const found = await createHistorySearch().search(stranger.client, { workflowId, runId, text: 'memo', reveal: false })
  expect(found.hits).toEqual([])
  expect(found.unreadable).toBeGreaterThan(5)
  await stranger.close()
})
