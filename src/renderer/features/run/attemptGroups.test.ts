import { describe, expect, it } from 'vitest'
import type { Attempt } from '../../../contract/model.ts'
import { attemptsShown, attemptsText, groupsOf, waitsBefore } from './attemptGroups.ts'

const at = (seconds: number) => new Date(Date.parse('2025-11-23T14:00:00.000Z') + seconds * 1000).toISOString()
const attempt = (n: number, message: string | null, outcome: Attempt['outcome'] = message ? 'failed' : 'completed'): Attempt => ({
  attempt: n,
  startedAt: at(n * 10),
  endedAt: at(n * 10 + 1),
  outcome,
  failure: message ? { message, type: 'DatabaseUnavailable', nonRetryable: false, stack: null } : null,
  worker: 'ada@workbench',
})
const shape = (attempts: Attempt[], all?: Attempt[]) =>
  groupsOf(attempts, all).map(({ attempts: [first, ...rest], unseen }) =>
    [
      unseen ? `(${unseen.from}-${unseen.to} unseen)` : '',
      rest.length === 0 ? first.attempt : `${first.attempt}-${rest.at(-1)?.attempt}`,
    ].join(''),
  )

it('what Temporal keeps of an attempt that was not seen is found and copied with the one that followed', () => {
  const failureBefore = { message: 'no heartbeat', type: 'Timeout', nonRetryable: false, stack: null }
  const attempts = [attempt(1, 'refused'), { ...attempt(3, null), failureBefore }]
  expect(attemptsShown(attempts, 'failed', 'heartbeat').map((one) => one.attempt)).toEqual([3])
  expect(attemptsText(attempts)).toContain('Attempt 2: failed, times not known\n  no heartbeat\nAttempt 3: completed')
})

describe('groupsOf', () => {
  it('says once what failed alike for hours', () => {
    const attempts = Array.from({ length: 300 }, (_, i) => attempt(i + 1, i < 299 ? 'refused' : null))
    expect(shape(attempts)).toEqual(['1-299', '300'])
  })

  it('tells another failure in between', () => {
    const attempts = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => attempt(n, n === 5 ? 'password refused' : 'refused'))
    expect(shape(attempts)).toEqual(['1-4', '5', '6-9'])
  })

  it('gives a few a line each', () => {
    expect(shape([1, 2, 3].map((n) => attempt(n, 'refused')))).toEqual(['1', '2', '3'])
  })

  it('says which were not seen, and never groups across them', () => {
    const attempts = [3, 4, 5, 6, 10, 11, 12, 13].map((n) => attempt(n, 'refused'))
    expect(shape(attempts)).toEqual(['(1-2 unseen)3-6', '(7-9 unseen)10-13'])
  })

  it('takes a filter for no gap', () => {
    const all = [attempt(1, 'GPU'), attempt(2, 'disk'), attempt(3, 'GPU')]
    expect(shape(attemptsShown(all, 'failed', 'gpu'), all)).toEqual(['1', '3'])
  })
})

describe('attemptsShown', () => {
  const all = [attempt(1, 'GPU is away'), attempt(2, null, 'lost'), attempt(3, null)]
  it.each([
    ['all', '', [1, 2, 3]],
    ['failed', '', [1, 2]],
    ['all', 'gpu', [1]],
    ['all', 'WORKBENCH', [1, 2, 3]],
    ['failed', '3', []],
  ] as const)('%s "%s"', (filter, text, numbers) => {
    expect(attemptsShown(all, filter, text).map((a) => a.attempt)).toEqual(numbers)
  })
})

it('knows the wait before each attempt, unless one is missing between', () => {
  const attempts = [attempt(1, 'a'), attempt(2, 'a'), attempt(4, 'a')]
  expect(attempts.map((a) => waitsBefore(attempts).get(a))).toEqual([undefined, 9000, undefined])
})

it('writes attempts down for a report', () => {
  expect(attemptsText([attempt(1, 'refused'), attempt(2, null)])).toBe(
    `Attempt 1: failed, ${at(10)} to ${at(11)}, worker ada@workbench
  DatabaseUnavailable: refused
Attempt 2: completed, ${at(20)} to ${at(21)}, worker ada@workbench`,
  )
})
