/** The history of a real run on a real Temporal server, read whole and in its two ends. */
import { ApplicationFailure } from '@temporalio/common'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { taskQueue, workflowType } from '../../../temporal/names.ts'
import { runResult } from '../../../temporal/operations.ts'
import { createTestBench, inputFor, type TestBench } from '../../../temporal/testing/bench.ts'
import { stepPayloads } from '../runs/payloads.ts'
import { payloadsOfEvent } from './findPayloads.ts'
import { idOf, incompleteWords, readEvents } from './readEvents.ts'
import { findPayload } from './readPayload.ts'

const workflowId = 'mlops-9-ends'
let bench: TestBench
let run: { workflowId: string; runId: string }
let whole: number[]
beforeAll(async () => {
  bench = await createTestBench()
  bench.interfere(workflowId, {
    log: () => {
      throw ApplicationFailure.nonRetryable('The row was refused.')
    },
  })
  const handle = await bench.client.workflow.start(workflowType, {
    ...{ workflowId, taskQueue, args: [inputFor(workflowId)] },
  })
  run = { workflowId, runId: handle.firstExecutionRunId }
  await runResult(bench.client, workflowId).catch(() => undefined)
  whole = ((await handle.fetchHistory()).events ?? []).map(idOf)
})
afterAll(() => bench?.close())

test('the usual history is one call, whole and in order', async () => {
  const { workflowService } = bench.client
  const fromNewest = vi.spyOn(workflowService, 'getWorkflowExecutionHistoryReverse')
  const fromFirst = vi.spyOn(workflowService, 'getWorkflowExecutionHistory')
  const history = await readEvents(bench.client, run)
  expect(history.events.map(idOf)).toEqual(whole)
  expect(history.notRead).toBeNull()
  expect(incompleteWords(history)).toBeNull()
  expect([fromNewest.mock.calls.length, fromFirst.mock.calls.length]).toEqual([1, 0])
  fromNewest.mockRestore()
  fromFirst.mockRestore()
})

test('of a long one both ends are read, and what is between them is told', async () => {
  const { events, notRead } = await readEvents(bench.client, run, { mostWrites: 2, mostEvents: 6 })
  if (!notRead) throw new Error('all was read')
  const ids = events.map(idOf)
  expect(ids[0]).toBe(1)
  expect(ids.at(-1)).toBe(whole.at(-1))
  expect(ids).toEqual(whole.filter((id) => id < notRead.first || id > notRead.last))
  expect(ids.length).toBeLessThan(whole.length)
  expect(incompleteWords({ events, notRead })).toContain(`its events ${notRead.first} to ${notRead.last} were not read`)
})

test('ends that meet are the whole', async () => {
  const { events, notRead } = await readEvents(bench.client, run, { mostWrites: whole.length - 2, mostEvents: 2 })
  expect(events.map(idOf)).toEqual(whole)
  expect(notRead).toBeNull()
})

test('a step in the part that was not read says so, and a value near the end is found again', async () => {
  const history = await readEvents(bench.client, run, { mostWrites: 2, mostEvents: 6 })
  const converter = bench.client.options.loadedDataConverter
  const between = await stepPayloads('train_model', history, [], converter)
  expect(between).toMatchObject({ inputs: [], results: [], incomplete: incompleteWords(history) })
  const late = await stepPayloads('log_experiment', history, [], converter)
  const [input] = late.inputs
  if (!input?.ref || input.ref.in === 'file') throw new Error('the last step has no input to be found again')
  expect(late.incomplete).toBeNull()
  expect(input.ref).toMatchObject({ newestFirst: true })
  expect((await findPayload(bench.client, run, input.ref)).data?.length).toBe(input.sizeBytes)
  expect(payloadsOfEvent(history.events[0] ?? {}).payloads.map(({ path }) => path)).toContain('input')
})
