/** A history near the size at which Temporal ends a run (50 MB), of signals of 1.9 MB each, on a real Temporal server. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { historyPages, wholeHistory } from '../../../temporal/historyPages.ts'
import { workflowType } from '../../../temporal/names.ts'
import { createTestBench, inputFor, type TestBench } from '../../../temporal/testing/bench.ts'
import { createHistorySearch } from './createHistorySearch.ts'
import { exportHistory } from './exportHistory.ts'
import { idOf, readEvents } from './readEvents.ts'
import { readHistoryPage } from './readHistoryPage.ts'
import { findPayload } from './readPayload.ts'

const MiB = 1024 ** 2
const signals = 24
const valueBytes = 1_900_000
/** The least that a message between host and console may hold. */
const message = 8 * MiB
const run = { workflowId: 'mlops-9-large', runId: '' }

let bench: TestBench
beforeAll(async () => {
  bench = await createTestBench()
  // Nobody takes its tasks, so that every signal is one write and the history grows by nothing else.
  const handle = await bench.client.workflow.start(workflowType, {
    ...{ workflowId: run.workflowId, taskQueue: 'nobody', args: [inputFor(run.workflowId)] },
  })
  run.runId = handle.firstExecutionRunId
  for (let at = 0; at < signals; at++) await handle.signal('note', `mark-${at} ${'x'.repeat(valueBytes)}`)
}, 120_000)
afterAll(async () => {
  await bench?.client.workflow.getHandle(run.workflowId).terminate()
  await bench?.close()
})

test('no page holds much more than was asked for, whatever the events hold, and all of them are there', async () => {
  for (const newestFirst of [false, true]) {
    const ids: number[] = []
    const sizes: number[] = []
    for await (const page of historyPages(bench.client, run, { newestFirst, writes: 2, pageBytes: 8 * MiB })) {
      ids.push(...page.events.map(idOf))
      sizes.push(page.bytes)
    }
    expect(ids.toSorted((a, b) => a - b)).toEqual(Array.from({ length: signals + 2 }, (_, index) => index + 1))
    // The first big page comes of a guess, from pages of small events; what follows knows better.
    expect(
      sizes
        .toSorted((a, b) => a - b)
        .slice(0, -1)
        .at(-1),
    ).toBeLessThan(8 * MiB)
  }
  expect((await wholeHistory(bench.client, run)).events).toHaveLength(signals + 2)
})

test('the console reads it page by page, each within a message, and what was left out is read when it is opened', async () => {
  const ids: string[] = []
  let older: string | null = null
  do {
    const page = await readHistoryPage(bench.client, { ...run, older, limit: 100 })
    expect(JSON.stringify(page).length).toBeLessThan(message)
    ids.push(...page.events.map(({ id }) => id))
    const left = page.events.flatMap(({ payloads }) => payloads).filter(({ holds, json }) => holds && json === null)
    for (const { ref, holds } of left.slice(0, 1)) {
      if (ref === null || ref.in === 'file') throw new Error('A value that was left out can be asked for.')
      expect((await findPayload(bench.client, run, ref)).data?.length).toBe(holds?.sizeBytes)
    }
    older = page.older
  } while (older !== null)
  expect(ids).toEqual(Array.from({ length: signals + 2 }, (_, index) => String(signals + 2 - index)))
})

test('a view of it reads its two ends', async () => {
  const { events, notRead } = await readEvents(bench.client, run, { mostBytes: 8 * MiB, mostWrites: 4 })
  expect(notRead).not.toBeNull()
  const ids = events.map(idOf)
  expect([ids[0], ids.at(-1)]).toEqual([1, signals + 2])
})

test('it is searched and exported whole, piece by piece', async () => {
  const searcher = createHistorySearch()
  const found = async () => searcher.search(bench.client, { ...run, text: 'mark-', reveal: false })
  let answer = await found()
  while (!answer.done) answer = await found()
  expect([answer.total, answer.left]).toEqual([signals, 0])

  let text = ''
  let after: string | null = null
  do {
    const piece = await exportHistory(bench.client, { ...run, decoded: true, after })
    expect(JSON.stringify(piece).length).toBeLessThan(message)
    text += piece.text
    after = piece.next
  } while (after !== null)
  expect((JSON.parse(text) as { events: unknown[] }).events).toHaveLength(signals + 2)
})
