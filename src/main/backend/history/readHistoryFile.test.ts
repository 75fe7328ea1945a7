/** Files that nobody of this house wrote: whatever is in them, they are read or refused in words that quote nothing. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CallFailed } from '../../../contract/errors.ts'
import { createHistoryFiles } from './createHistoryFiles.ts'
import { readHistoryFile } from './readHistoryFile.ts'

const secret = 'hunter2'
const sealed = { metadata: { encoding: 'anNvbi9wbGFpbg==' }, data: 'Imh1bnRlcjIi' }
const started = {
  eventId: '1',
  eventTime: '2026-11-25T10:00:00.123456789Z',
  eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED',
  workflowExecutionStartedEventAttributes: {
    workflowType: { name: 'w' },
    taskQueue: { name: 'q', kind: 'TASK_QUEUE_KIND_NORMAL' },
    input: { payloads: [sealed] },
    memo: { fields: { note: sealed } },
    workflowRunTimeout: '0s',
    attempt: 1,
  },
}

/** Gives why a file is refused; null when it is read. @throws whatever is no refusal in words */
function refusal(text: string): string | null {
  try {
    readHistoryFile(text)
    return null
  } catch (error) {
    if (error instanceof CallFailed && error.error.kind === 'invalid') return error.message
    throw error
  }
}

test('one thing in it that does not belong there, wherever it is, is read past or refused in words', () => {
  const strange = fc.oneof(
    fc.constantFrom<unknown>(secret, 42, -1, true, null, [], {}, [secret], { [secret]: secret }, '!not base64!', [[[[[]]]]]),
    fc.constant(JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}')),
  )
  /** Every place in the event, by its path. */
  const paths: string[][] = []
  const walk = (value: unknown, path: string[]) => {
    if (path.length > 0) paths.push(path)
    if (typeof value === 'object' && value !== null)
      for (const [name, inner] of Object.entries(value)) walk(inner, [...path, name])
  }
  walk(started, [])
  fc.assert(
    fc.property(fc.constantFrom(...paths), strange, (path, wrong) => {
      const event = structuredClone(started) as Record<string, unknown>
      let holder = event
      for (const name of path.slice(0, -1)) holder = holder[name] as Record<string, unknown>
      holder[path.at(-1) ?? ''] = wrong
      const why = refusal(JSON.stringify({ events: [event] }))
      if (why !== null) expect(why).not.toContain(secret)
      expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    }),
    { numRuns: 1_000 },
  )
})

test('whatever JSON it is, and wherever a history is cut off, nothing but words comes of it', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), (text) => {
      expect(refusal(text)).toEqual(expect.any(String))
    }),
  )
  const whole = JSON.stringify({ events: [started] })
  for (let at = 0; at < whole.length; at++) {
    const why = refusal(whole.slice(0, at))
    expect(why).not.toBeNull()
    expect(why).not.toContain(secret)
  }
  expect(refusal(whole)).toBeNull()
})

test('decoded values where their payloads stood, as the Web UI writes them, are read, also inside of failures', () => {
  const [, failed] = readHistoryFile(
    JSON.stringify([
      started,
      {
        eventId: 2,
        eventType: 'ActivityTaskFailed',
        activityTaskFailedEventAttributes: {
          scheduledEventId: 1,
          failure: { message: 'Encoded failure', encodedAttributes: { message: 'The row was refused.', stack_trace: 'at x' } },
        },
      },
    ]),
  )
  const { encodedAttributes } = failed?.activityTaskFailedEventAttributes?.failure ?? {}
  expect(JSON.parse(Buffer.from(encodedAttributes?.data ?? []).toString())).toEqual({
    ...{ message: 'The row was refused.', stack_trace: 'at x' },
  })
})

test("payloads as the Web UI's download for people has them are the same payloads", () => {
  const inWords = { metadata: { encoding: 'json/plain', type: 'Keyword' }, data: [{ n: 1 }, 'Queued'] }
  const text = { metadata: { encoding: 'binary/plain' }, data: 'YWJj' }
  const nothing = { metadata: { encoding: 'binary/null' }, data: null }
  const input = { payloads: [inWords, text, nothing, sealed] }
  const [event] = readHistoryFile(
    JSON.stringify([
      { ...started, workflowExecutionStartedEventAttributes: { ...started.workflowExecutionStartedEventAttributes, input } },
    ]),
  )
  const read = (event?.workflowExecutionStartedEventAttributes?.input?.payloads ?? []).map(({ metadata, data }) => [
    ...Object.values(metadata ?? {}).map((bytes) => Buffer.from(bytes).toString()),
    Buffer.from(data ?? []).toString(),
  ])
  expect(read).toEqual([
    ['json/plain', 'Keyword', '[{"n":1},"Queued"]'],
    ['binary/plain', 'abc'],
    ['binary/null', ''],
    ['json/plain', '"hunter2"'],
  ])
})

test.each([
  ['a value', (tower: string) => `{"events":[{"eventId":"1","workflowExecutionSignaledEventAttributes":{"input":[${tower}]}}]}`],
  ['a failure', (tower: string) => `{"events":[{"eventId":"1","activityTaskFailedEventAttributes":{"failure":${tower}}}]}`],
])('%s that is a tower of 100,000 levels costs no more than a refusal', (_, at) => {
  const levels = 100_000
  refusal(at(`${'['.repeat(levels)}${']'.repeat(levels)}`))
  refusal(at(`${'{"cause":'.repeat(levels)}{}${'}'.repeat(levels)}`))
})

test('a file of 200 MB is refused as soon as it has grown past what Temporal keeps, and nothing of it stays', () => {
  const files = createHistoryFiles(() => [])
  const piece = { upload: 'large', fileName: 'large.json', text: ' '.repeat(2 * 1024 * 1024), last: false }
  let taken = 0
  expect(() => {
    for (; taken < 100; taken++) files.open(piece)
  }).toThrow('larger than 128 MB')
  expect(taken).toBe(64)
  const after = files.open({ ...piece, upload: 'small', text: JSON.stringify({ events: [started] }), last: true })
  expect(after).toMatchObject({ events: 1, workflowType: 'w' })
})
