import proto from '@temporalio/proto'
import { expect, test } from 'vitest'
import { factsOf } from './eventFacts.ts'

const { HistoryEvent } = proto.temporal.api.history.v1
/** As it comes from the wire: with classes, 64-bit numbers and every field of its type. */
const fromWire = (event: Parameters<typeof HistoryEvent.encode>[0]) => HistoryEvent.decode(HistoryEvent.encode(event).finish())
const seconds = (n: number) => ({ seconds: n as never })

test('an event tells its limits, policy and who it is for, without its values', () => {
  const event = fromWire({
    activityTaskScheduledEventAttributes: {
      activityId: 'train_model',
      activityType: { name: 'train_model' },
      taskQueue: { name: 'mlops', kind: 1 },
      input: { payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"secret"') }] },
      startToCloseTimeout: seconds(7_200),
      retryPolicy: {
        initialInterval: { nanos: 500_000_000 },
        maximumAttempts: 3,
        nonRetryableErrorTypes: ['BadFile', 'NoTarget'],
      },
      workflowTaskCompletedEventId: '9007199254740993' as never,
    },
  })
  expect(Object.fromEntries(factsOf(event).map(({ name, value }) => [name, value]))).toEqual({
    activityId: 'train_model',
    'activityType.name': 'train_model',
    'taskQueue.name': 'mlops',
    'taskQueue.kind': 'task queue kind normal',
    startToCloseTimeout: '2 h',
    'retryPolicy.initialInterval': '500 ms',
    'retryPolicy.maximumAttempts': '3',
    'retryPolicy.nonRetryableErrorTypes': 'BadFile, NoTarget',
    workflowTaskCompletedEventId: '9007199254740993',
  })
})

test('why a run was ended, and moments, are told; a failure is told elsewhere', () => {
  expect(factsOf(fromWire({ workflowExecutionTerminatedEventAttributes: { reason: 'wrong\nfile', identity: 'ada' } }))).toEqual([
    { name: 'reason', value: 'wrong\nfile' },
    { name: 'identity', value: 'ada' },
  ])
  const failed = fromWire({
    activityTaskFailedEventAttributes: { failure: { message: 'no room', cause: { message: 'disk' } }, retryState: 4 },
  })
  expect(factsOf(failed)).toEqual([{ name: 'retryState', value: 'retry state maximum attempts reached' }])
  const started = fromWire({
    workflowExecutionStartedEventAttributes: { workflowExecutionExpirationTime: seconds(1_767_268_820) },
  })
  expect(factsOf(started)).toEqual([{ name: 'workflowExecutionExpirationTime', value: '2026-01-01T12:00:20.000Z' }])
  expect(factsOf(fromWire({}))).toEqual([])
})
