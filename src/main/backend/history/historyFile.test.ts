/** A real run's history as a file: out as stored and decoded, read by the SDK's replayer, and in again in every spelling. */
import { createSecretKey, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ApplicationFailure } from '@temporalio/common'
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js'
import { Worker } from '@temporalio/worker'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildWorkflowBundle } from '../../../temporal/bundle.ts'
import { createDataConverter } from '../../../temporal/codec/dataConverter.ts'
import { createEncryptionCodec } from '../../../temporal/codec/encryptionCodec.ts'
import { singleKey } from '../../../temporal/codec/singleKey.ts'
import { taskQueue, workflowType } from '../../../temporal/names.ts'
import { runResult } from '../../../temporal/operations.ts'
import { createTestBench, inputFor, type TestBench } from '../../../temporal/testing/bench.ts'
import { createHistoryFiles } from './createHistoryFiles.ts'
import { exportHistory } from './exportHistory.ts'
import { readHistoryFile } from './readHistoryFile.ts'

const keys = singleKey({ id: 'k-1', key: createSecretKey(randomBytes(32)) })
const codec = createEncryptionCodec({ keys, namespace: 'default' })
const strangers = createEncryptionCodec({
  keys: singleKey({ id: 'k-2', key: createSecretKey(randomBytes(32)) }),
  namespace: 'default',
})
const workflowId = 'mlops-9-file'

let bench: TestBench
let folder: string
let codePath: string
let stored: string
let decoded: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-history-'))
  codePath = join(folder, 'bundle.js')
  await buildWorkflowBundle(codePath)
  const dataConverter = createDataConverter([codec])
  bench = await createTestBench({ dataConverter, workerConverter: dataConverter })
  bench.interfere(workflowId, {
    log: () => {
      throw ApplicationFailure.nonRetryable('The row was refused.', 'DatabaseConfiguration', { row: 9_007_199 })
    },
  })
  const handle = await bench.client.workflow.start(workflowType, {
    ...{ workflowId, taskQueue, args: [inputFor(workflowId)] },
    memo: { config: 'of the memo' },
  })
  await runResult(bench.client, workflowId).catch(() => undefined)
  const asked = { workflowId, runId: handle.firstExecutionRunId }
  stored = (await exportHistory(bench.client, { ...asked, decoded: false, after: null })).text
  decoded = (await exportHistory(bench.client, { ...asked, decoded: true, after: null })).text
})
afterAll(async () => {
  await bench?.close()
  await rm(folder, { recursive: true, force: true })
})

const replay = (text: string, codecs = [codec]) =>
  Worker.runReplayHistory(
    { workflowBundle: { codePath }, dataConverter: createDataConverter(codecs) },
    historyFromJSON(JSON.parse(text)),
    workflowId,
  )
const values = (text: string) => JSON.parse(text).events.map((event: { eventId: string }) => event.eventId)

test('as stored it is sealed, and the SDK replays it with the key', async () => {
  expect(stored).not.toContain('The row was refused.')
  expect(stored).not.toContain('of the memo')
  await replay(stored)
})

test('decoded it holds every value and the failures in clear, and is replayed without any key', async () => {
  expect(decoded).toContain('"value":"of the memo"')
  const failed = JSON.parse(decoded).events.find(
    (event: { activityTaskFailedEventAttributes?: object }) => event.activityTaskFailedEventAttributes,
  )
  expect(failed.activityTaskFailedEventAttributes.failure).toMatchObject({ message: 'The row was refused.' })
  expect(failed.activityTaskFailedEventAttributes.failure).not.toHaveProperty('encodedAttributes')
  expect(decoded).not.toContain('binary/encrypted')
  await replay(decoded, [])
})

test('with another key the values stay sealed, each with its reason, and it is still a history', async () => {
  const { events } = JSON.parse(stored)
  const { decodedJson } = await import('./historyJson.ts')
  const read = await decodedJson(readHistoryFile(stored), [strangers])
  expect(read.lines).toHaveLength(events.length)
  expect(read.unreadable).toBeGreaterThan(5)
  expect(read.lines.join()).toContain('The key k-1 is not in this key ring')
  await replay(`{"events":[${read.lines.join(',')}]}`)
})

const spellings: [string, (events: Record<string, unknown>[]) => unknown][] = [
  ['a bare array', (events) => events],
  ['wrapped as gRPC answers', (events) => ({ history: { events } })],
  ['the newest event first', (events) => ({ events: events.toReversed() })],
  [
    'enums in the words of older tools',
    (events) => ({
      events: events.map((event) => ({
        ...event,
        eventType: String(event.eventType)
          .replace('EVENT_TYPE_', '')
          .toLowerCase()
          .replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase()),
      })),
    }),
  ],
  ['fields that are not known here', (events) => ({ events: events.map((event) => ({ ...event, ofTomorrow: { a: 1 } })) })],
]
test.each(spellings)('%s is the same history', async (_, spell) => {
  const again = readHistoryFile(JSON.stringify(spell(JSON.parse(stored).events)))
  expect(again).toEqual(readHistoryFile(stored))
})

test('values in shorthand, as the CLI writes them, keep their digits', () => {
  const events = readHistoryFile(
    `{"events":[{"event_id":"1","event_time":"2026-11-25T10:00:00Z","event_type":"EVENT_TYPE_WORKFLOW_EXECUTION_STARTED",
      "workflow_execution_started_event_attributes":{"workflow_type":{"name":"w"},"input":[{"n":9007199254740993},null],
      "memo":{"fields":{"__proto__":"kept"}}}}]}`,
  )
  const payloads = events[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? []
  expect(payloads.map(({ data }) => Buffer.from(data ?? []).toString())).toEqual(['{"n":9007199254740993}', ''])
})

test('a file is shown a page at a time, newest first, decoded by the keys at hand', async () => {
  const files = createHistoryFiles(() => [codec])
  const upload = { upload: 'one', fileName: 'h.json' }
  const half = Math.floor(stored.length / 2)
  expect(files.open({ ...upload, text: stored.slice(0, half), last: false })).toBe(null)
  const file = files.open({ ...upload, text: stored.slice(half), last: true })
  expect(file).toMatchObject({ fileName: 'h.json', workflowId, workflowType })
  const ids: string[] = []
  let older: string | null = null
  do {
    const page = await files.page({ id: file?.id ?? '', older, limit: 7 })
    expect(page.unreadable).toBe(0)
    ids.push(...page.events.map(({ id }) => id))
    older = page.older
  } while (older !== null)
  expect(ids).toEqual(values(stored).reverse())

  // Beside the first bytes of a value, the rest of it is had by its reference, sealed and in clear.
  const { events } = await files.page({ id: file?.id ?? '', older: null, limit: 200 })
  const started = events.at(-1)?.payloads.find(({ label }) => label === 'input')
  const ref = started?.ref
  if (ref?.in !== 'file') throw new Error('it refers to no file')
  const textOf = async (part: 'stored' | 'decoded') => {
    const { bytes, sizeBytes, from } = await files.payload({ ref, part, from: 0 })
    const data = Buffer.from(bytes, 'base64')
    expect([data.length, from]).toEqual([sizeBytes, 0])
    return data
  }
  expect((await textOf('stored')).toString('base64').startsWith(started?.stored.slice(0, 100) ?? '-')).toBe(true)
  expect((await textOf('decoded')).toString()).toBe(started?.json)
  expect((await files.payload({ ref, part: 'decoded', from: 10 })).bytes).toBe(
    Buffer.from(started?.json ?? '')
      .subarray(10)
      .toString('base64'),
  )
  await expect(files.payload({ ref: { ...ref, index: 99 }, part: 'stored', from: 0 })).rejects.toThrow('no such value')
  await expect(files.payload({ ref: { ...ref, file: upload.upload }, part: 'stored', from: 0 })).rejects.toThrow('no more open')
})

test.each([
  ['an empty file', '', 'empty'],
  ['no JSON', 'sex,length\nM,0.4', 'not JSON'],
  ['one that is cut off', '{"events":[{"eventId":"1"', 'cut off'],
  ['another JSON', '{"name":"gatehouse"}', 'no list of events'],
  ['a number', '42', 'no events'],
  ['no events', '{"events":[]}', 'without events'],
  ['entries that are no events', '{"events":[1]}', 'entry 1 is not an event'],
  ['an event without an id', '{"events":[{"secret":"hunter2"}]}', 'no event id'],
  ['an event without attributes', '{"events":[{"eventId":"1","secret":"hunter2"}]}', 'attributes are missing'],
  [
    'an event twice',
    '{"events":[{"eventId":"1","timerFiredEventAttributes":{}},{"eventId":"1","timerFiredEventAttributes":{}}]}',
    'twice',
  ],
  [
    'a field of another kind',
    '{"events":[{"eventId":"1","timerFiredEventAttributes":{"timerId":{"secret":"hunter2"}}}]}',
    'belong',
  ],
  ['a tower', `{"events":${'['.repeat(200_000)}${']'.repeat(200_000)}}`, 'not an event'],
])('%s is refused in words, which quote nothing of it', (_, text, words) => {
  let message = ''
  try {
    readHistoryFile(text)
  } catch (error) {
    message = (error as Error).message
  }
  expect(message).toContain(words)
  expect(message).not.toContain('hunter2')
})
