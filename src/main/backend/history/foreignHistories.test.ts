/** Histories and payloads of other SDKs and tools, as they are on the wire and in files. */
import proto from '@temporalio/proto'
import { describe, expect, test } from 'vitest'
import type { HistoryEvent } from '../runs/timeline.ts'
import { createHistoryFiles } from './createHistoryFiles.ts'
import { decodedJson, storedJson } from './historyJson.ts'
import { payloadPiece } from './payloadPieces.ts'
import { readHistoryFile } from './readHistoryFile.ts'
import { viewEvents } from './viewEvents.ts'

const { HistoryEvent: EventMessage } = proto.temporal.api.history.v1

interface Given {
  metadata?: Record<string, string>
  data?: string | Uint8Array
}
const json = (data: string): Given => ({ metadata: { encoding: 'json/plain' }, data })

/** An event with these as its values, as gRPC gives it. */
function signaled(...payloads: Given[]): HistoryEvent {
  const bytes = (value: string | Uint8Array) => (typeof value === 'string' ? Buffer.from(value) : value)
  const given = payloads.map(({ metadata, data }) => ({
    ...(metadata
      ? { metadata: Object.fromEntries(Object.entries(metadata).map(([name, text]) => [name, Buffer.from(text)])) }
      : {}),
    ...(data === undefined ? {} : { data: bytes(data) }),
  }))
  const attributes = { signalName: 'go', input: { payloads: given } }
  const event = { eventId: 1, eventType: 26, workflowExecutionSignaledEventAttributes: attributes }
  return EventMessage.decode(EventMessage.encode(EventMessage.fromObject(event)).finish())
}

const view = (events: readonly HistoryEvent[]) => viewEvents(events, [], { refOf: () => null })
const valuesOf = async (events: readonly HistoryEvent[]) => (await view(events)).flatMap(({ payloads }) => payloads)
const fileOf = (lines: readonly string[]) => `{"events":[${lines.join()}]}`

describe('a value', () => {
  test.each<[string, Given, object]>([
    ['null in clear', { metadata: { encoding: 'binary/null' } }, { json: 'null', sizeBytes: 0 }],
    ['text in clear', { metadata: { encoding: 'binary/plain' }, data: 'two\nlines' }, { plain: 'two\nlines' }],
    [
      'bytes in clear',
      { metadata: { encoding: 'binary/plain' }, data: Buffer.from([0, 255]) },
      { plain: null, unreadable: null },
    ],
    ['JSON with its mark', json('\uFEFF{}'), { json: '\uFEFF{}' }],
    ['no text', json(''), { json: '' }],
    ['of a lone surrogate', { ...json(''), data: Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]) }, { unreadable: /no text/ }],
    ['without metadata', { data: '{"a":1}' }, { encoding: 'unknown', plain: '{"a":1}', note: /does not say how/ }],
    ['of nothing at all', {}, { encoding: 'unknown', sizeBytes: 0, note: /does not say how/ }],
    [
      "of another program's codec",
      { metadata: { encoding: 'binary/zlib' }, data: Buffer.from([0x78, 0x9c, 0]) },
      { plain: null, note: 'It is encoded as binary/zlib, which nothing here decodes. These are its bytes.' },
    ],
    [
      'that is kept elsewhere',
      { metadata: { encoding: 'json/external-storage-reference' }, data: '{"key":"x"}' },
      { plain: '{"key":"x"}', note: /kept outside of Temporal/ },
    ],
  ])('%s is shown, or says why not', async (_, payload, wanted) => {
    const [read] = await valuesOf([signaled(payload)])
    for (const [name, value] of Object.entries(wanted)) {
      if (value instanceof RegExp) expect(read?.[name as keyof typeof read]).toMatch(value)
      else expect(read).toMatchObject({ [name]: value })
    }
  })

  test('that is null spoils neither its bytes nor an export', async () => {
    const event = signaled({ metadata: { encoding: 'binary/null' } }, json('1'))
    const [payload] = event.workflowExecutionSignaledEventAttributes?.input?.payloads ?? []
    expect(await payloadPiece(payload ?? {}, { part: 'stored', from: 0 }, [])).toMatchObject({ sizeBytes: 0, bytes: '' })
    expect(await decodedJson([event], [])).toMatchObject({ unreadable: 0 })
  })
})

test('a failure whose text is in a payload says it in its place; where that cannot be read, it says nothing', async () => {
  const encoded = (value: object) => ({ message: 'Encoded failure', encodedAttributes: value })
  const failure = {
    ...encoded({ message: 'outer', stack_trace: 'at x' }),
    cause: { ...encoded({ message: 'inner', stack_trace: '' }), cause: encoded({ no: 'text' }) },
  }
  const event = { eventId: 1, activityTaskFailedEventAttributes: { scheduledEventId: 1, failure } }
  const [read] = await view(readHistoryFile(JSON.stringify([event])))
  expect(read?.failures.map(({ message, stack }) => [message, stack])).toEqual([
    ['outer', 'at x'],
    ['inner', null],
    [null, null],
  ])
})

const odd: Given[] = [
  ...[{ metadata: { encoding: 'binary/null' } }, {}, { data: '{"a":1}' }, { metadata: { other: 'x' }, data: '1' }],
  { metadata: { encoding: 'binary/zlib' }, data: Buffer.from([0x78, 0x9c, 0]) },
  json('{"n":9007199254740993,"e":1e400,"z":-0,"2":1,"1":2,"a":1,"a":2,"__proto__":{"x":1},"":0}'),
  ...[json('{"loss":NaN}'), json(`${'['.repeat(5_000)}${']'.repeat(5_000)}`), json('{"metadata":{"encoding":"a/b"},"data":"x"}')],
]

test('stored, exported and read again a history is the same, whatever its values are', async () => {
  const before = [signaled(...odd)]
  const lines = storedJson(before)
  const after = readHistoryFile(fileOf(lines))
  expect(storedJson(after)).toEqual(lines)
  expect(await view(after)).toEqual(await view(before))
})

test('exported decoded a value stands beside its payload, but for one that is too deep for the readers of other languages', async () => {
  const { lines } = await decodedJson(
    [signaled(json('[9007199254740993]'), json(`${'['.repeat(1_000)}${']'.repeat(1_000)}`))],
    [],
  )
  const [shallow, deep] = JSON.parse(lines[0] ?? '').workflowExecutionSignaledEventAttributes.input.payloads
  expect(lines[0]).toContain('"value":[9007199254740993]')
  expect(shallow).toHaveProperty('value')
  expect(deep).not.toHaveProperty('value')
})

test('exported decoded and read again its values are the same', async () => {
  const before = [signaled(...odd)]
  const { lines } = await decodedJson(before, [])
  expect(await view(readHistoryFile(fileOf(lines)))).toEqual(await view(before))
})

describe('a file', () => {
  const attributes = { signalName: 'go', input: { payloads: [] } }
  test.each([
    [
      'enums as numbers',
      '{"eventId":1,"eventType":26,"workerMayIgnore":false,"workflowExecutionSignaledEventAttributes":{"signalName":"go"}}',
    ],
    [
      'snake case',
      '{"event_id":"1","event_type":"EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED","workflow_execution_signaled_event_attributes":{"signal_name":"go"}}',
    ],
    [
      'times as two fields',
      '{"eventId":"1","eventTime":{"seconds":"1796000000","nanos":5},"workflowExecutionSignaledEventAttributes":{"signalName":"go"}}',
    ],
    [
      'a 64-bit number in digits',
      '{"eventId":1,"taskId":9007199254740993,"workflowExecutionSignaledEventAttributes":{"signalName":"go"}}',
    ],
    [
      'an enum of a newer Temporal',
      '{"eventId":1,"eventType":"EVENT_TYPE_OF_TOMORROW","workflowExecutionSignaledEventAttributes":{"signalName":"go"}}',
    ],
  ])('with %s is read', async (_, event) => {
    const [read] = readHistoryFile(`[${event}]`)
    expect(read?.workflowExecutionSignaledEventAttributes).toMatchObject({ signalName: 'go' })
    if (event.includes('taskId')) expect(String(read?.taskId)).toBe('9007199254740993')
    if (event.includes('nanos')) expect((await view([read as HistoryEvent]))[0]?.at).toBe('2026-11-30T00:53:20.000Z')
  })

  test('an event that only a newer Temporal knows spoils itself alone', async () => {
    const [unknown, known] = [
      { eventId: '1', eventType: 'EVENT_TYPE_OF_TOMORROW', workflowOfTomorrowEventAttributes: { x: 1 } },
      { eventId: '2', workflowExecutionSignaledEventAttributes: attributes },
    ]
    const read = await view(readHistoryFile(JSON.stringify({ events: [unknown, known] })))
    expect(read.map(({ id, type }) => [id, type])).toEqual([
      ['1', ''],
      ['2', 'WorkflowExecutionSignaled'],
    ])
  })

  test('in shorthand keeps its values as they are written, however deep, and messages with their type', async () => {
    const tower = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`
    const values = ['{"i":9007199254740993,"huge":1e400,"zero":-0,"2":1,"1":2}', tower, 'null', '{"data":"text"}', '[]']
    const message = '{"_protoMessageType":"temporal.api.common.v1.WorkflowExecution","workflowId":"w"}'
    const event = `{"eventId":"1","workflowExecutionSignaledEventAttributes":{"input":[${[...values, message].join()}]}}`
    const read = await valuesOf(readHistoryFile(`{"events":[${event}]}`))
    expect(read.map(({ json: text }) => text)).toEqual([...values, '{"workflowId":"w"}'])
    expect(read.at(-1)?.holds).toMatchObject({
      encoding: 'json/protobuf',
      messageType: 'temporal.api.common.v1.WorkflowExecution',
    })
  })

  test.each([
    ['\u001f\uFFFD\b', 'compressed'],
    ['PK\u0003\u0004', 'compressed'],
    ['<!doctype html><title>hunter2</title>', 'web page'],
    ['CgIIARIMCMC', 'base64'],
  ])('that begins with %j is refused by what it is', (text, words) => {
    expect(() => readHistoryFile(text)).toThrow(words)
  })

  test('whose texts have no room in the answer tells that they are texts, so that they are had as such', async () => {
    const files = createHistoryFiles(() => [])
    const long = { metadata: { encoding: 'binary/plain' }, data: 'x'.repeat(1_900_000) }
    const text = fileOf(storedJson([signaled(long, long, long)]))
    const opened = files.open({ upload: 'texts', fileName: 'texts.json', text, last: true })
    const { events } = await files.page({ id: opened?.id ?? '', older: null, limit: 100 })
    expect(events[0]?.payloads.map(({ plain, textApart }) => [plain?.length ?? null, textApart ?? false])).toEqual([
      [1_900_000, false],
      [1_900_000, false],
      [null, true],
    ])
  })

  test('whose event holds more than an answer has room for is shown, and the large values are had one by one', async () => {
    const files = createHistoryFiles(() => [])
    const large = JSON.stringify('x'.repeat(1_900_000))
    const text = fileOf(storedJson([signaled(...Array.from({ length: 4 }, () => json(large)))]))
    const opened = files.open({ upload: 'large', fileName: 'large.json', text, last: true })
    const page = await files.page({ id: opened?.id ?? '', older: null, limit: 100 })
    expect(JSON.stringify(page).length).toBeLessThan(5 * 1024 * 1024)
    const values = page.events.flatMap(({ payloads }) => payloads)
    expect(values.map(({ json: held }) => held !== null)).toEqual([true, true, false, false])
    expect(values.every(({ holds }) => holds?.sizeBytes === large.length)).toBe(true)
  })
})

test('who an event is about, what it answers, and of what kind a failure is, is told for every kind of event', async () => {
  const read = await view(
    readHistoryFile(
      JSON.stringify([
        { eventId: 1, startChildWorkflowExecutionInitiatedEventAttributes: { workflowId: 'child-1' } },
        {
          eventId: 2,
          childWorkflowExecutionFailedEventAttributes: { initiatedEventId: 1, workflowExecution: { workflowId: 'child-1' } },
        },
        { eventId: 3, nexusOperationScheduledEventAttributes: { operation: 'echo' } },
        { eventId: 4, timerFiredEventAttributes: { timerId: 't', startedEventId: 3 } },
        { eventId: 5, workflowExecutionUpdateAdmittedEventAttributes: { request: { input: { name: 'up' } } } },
        {
          eventId: 6,
          activityTaskTimedOutEventAttributes: {
            scheduledEventId: 3,
            failure: {
              message: 'late',
              timeoutFailureInfo: { timeoutType: 'TIMEOUT_TYPE_HEARTBEAT' },
              cause: { message: 'why', childWorkflowExecutionFailureInfo: { workflowType: { name: 'Child' } } },
            },
          },
        },
      ]),
    ),
  )
  expect(read.map(({ subject, answers }) => [subject, answers])).toEqual([
    ...[
      ['child-1', null],
      ['child-1', '1'],
      ['echo', null],
      ['t', '3'],
      ['up', null],
      ['echo', '3'],
    ],
  ])
  expect(read.at(-1)?.failures.map(({ type }) => type)).toEqual(['timeout: heartbeat', 'child workflow Child'])
})
