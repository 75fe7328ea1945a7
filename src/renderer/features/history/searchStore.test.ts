import { expect, test } from 'vitest'
import type { HistorySearch } from '../../../contract/history.ts'
import type { Connection } from '../../../contract/wire.ts'
import { createSearchStore } from './searchStore.ts'

const answer = (more: Partial<HistorySearch>): HistorySearch => ({
  ...{ hits: [], total: 0, covered: 0, events: 0, unreadable: 0, left: 0, done: true },
  ...more,
})

test('it is asked again until the host has read everything', async () => {
  const answers = [answer({ events: 1000, done: false }), answer({ events: 2500 })]
  const asked: unknown[] = []
  const call = async (_: string, input: unknown) => {
    asked.push(input)
    return answers.shift()
  }
  const store = createSearchStore({ call } as unknown as Connection)
  await store.getState().search('mlops-1', 'alpha')
  expect(asked).toHaveLength(2)
  expect(store.getState().found).toMatchObject({ events: 2500, done: true })
})

test('a new search gives the one before up, whatever that still answers', async () => {
  const waiting: ((found: HistorySearch) => void)[] = []
  const call = () => new Promise((resolve) => waiting.push(resolve))
  const store = createSearchStore({ call } as unknown as Connection)
  const first = store.getState().search('mlops-1', 'one')
  const second = store.getState().search('mlops-1', 'two')
  waiting[1]?.(answer({ total: 2 }))
  waiting[0]?.(answer({ total: 1, done: false }))
  await Promise.all([first, second])
  expect(store.getState()).toMatchObject({ text: 'two', found: { total: 2 } })
  expect(waiting).toHaveLength(2)
})

test('what stands in the way is said', async () => {
  const call = () => Promise.reject(new Error('gone'))
  const store = createSearchStore({ call } as unknown as Connection)
  await store.getState().search('mlops-1', 'one')
  expect(store.getState().problem).toContain('gone')
})
