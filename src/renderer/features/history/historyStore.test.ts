import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { HistoryEvent } from '../../../contract/history.ts'
import type { PayloadView } from '../../../contract/model.ts'
import { createHistoryStore } from './historyStore.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const value = (late: boolean): PayloadView => ({
  ...{
    label: 'input',
    encoding: 'binary/encrypted',
    keyId: 'k-1',
    sizeBytes: 9,
    stored: '',
    holds: null,
    plain: null,
    ref: null,
  },
  ...(late ? { json: null, unreadable: 'Still being decoded.', late: true } : { json: '"here"', unreadable: null }),
})
const event = (late: boolean): HistoryEvent => ({
  ...{ id: '5', type: 'ActivityTaskScheduled', at: null, subject: null, answers: null, failures: [], facts: [] },
  payloads: [value(late)],
})

/** A host whose codec answers with the `comesWith`th asking. */
function host(comesWith: number) {
  const told = { asked: 0 }
  const readPage = async () => {
    const late = ++told.asked < comesWith
    return { events: [event(late)], older: null, unreadable: late ? 1 : 0 }
  }
  return { told, store: createHistoryStore(readPage) }
}

test('a value that is late is asked for again, less and less often, until it is there', async () => {
  const { told, store } = host(3)
  await store.getState().open('mlops-1')
  expect(store.getState()).toMatchObject({ late: 1, unreadable: 0 })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(told.asked).toBe(2)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(store.getState()).toMatchObject({ late: 0, unreadable: 0, events: [{ payloads: [{ json: '"here"' }] }] })
  await vi.advanceTimersByTimeAsync(60_000)
  expect(told.asked).toBe(3)
})

test('who does not want to wait is told what is missing, and nothing more is asked', async () => {
  const { told, store } = host(Number.POSITIVE_INFINITY)
  await store.getState().open('mlops-1')
  store.getState().stopWaiting()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(told.asked).toBe(1)
  expect(store.getState()).toMatchObject({ late: 0, unreadable: 1 })
  expect(store.getState().events?.[0]?.payloads[0]?.unreadable).toContain('Read the history again')
})

test('another run ends the waiting for the one before', async () => {
  const { store } = host(2)
  await store.getState().open('mlops-1')
  const other = store.getState().open('mlops-2')
  expect(store.getState()).toMatchObject({ late: 0, events: null })
  await other
  await vi.advanceTimersByTimeAsync(10_000)
  expect(store.getState()).toMatchObject({ id: 'mlops-2', late: 0 })
})

const plain = (id: number): HistoryEvent => ({ ...event(false), id: String(id) })

test('what comes meanwhile waits on top until it is asked for, and a gap is read anew', async () => {
  let newest = 3
  const readPage = async () => ({
    events: Array.from({ length: 3 }, (_, n) => plain(newest - n)),
    older: null,
    unreadable: 0,
  })
  const store = createHistoryStore(readPage)
  const ids = () => store.getState().events?.map(({ id }) => id)
  await store.getState().open('mlops-1')
  newest = 5
  await store.getState().look()
  expect(ids()).toEqual(['3', '2', '1'])
  expect(store.getState().fresh.map(({ id }) => id)).toEqual(['5', '4'])
  store.getState().showFresh()
  expect(ids()).toEqual(['5', '4', '3', '2', '1'])
  expect(store.getState().fresh).toEqual([])
  newest = 20
  await store.getState().look()
  store.getState().showFresh()
  await vi.waitFor(() => expect(ids()).toEqual(['20', '19', '18']), 20_000)
  expect(store.getState().fresh).toEqual([])
})
