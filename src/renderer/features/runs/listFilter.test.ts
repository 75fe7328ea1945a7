import { describe, expect, it } from 'vitest'
import { newestFirst, type RunSort } from '../../../contract/runSort.ts'
import { minutesOf } from './FilterDialogs.tsx'
import {
  filterOf,
  formatFilter,
  formatLayout,
  isNarrowed,
  type ListFilter,
  nextSort,
  parseFilter,
  parseLayout,
  wholeList,
} from './listFilter.ts'

describe('the filter of the run list', () => {
  it.each<[string, Partial<ListFilter>]>([
    ['text', { text: 'ä & b=1 #2' }],
    ['stages', { stages: ['Training', 'Failed'] }],
    ['a time', { accepted: 'today' }],
    ['retrying', { retrying: true }],
    ['days', { acceptedFrom: '2025-11-03', acceptedTo: '2025-11-05', ended: 'week' }],
    ['paused and waiting', { paused: true, waitingOver: 90 }],
  ])('comes back from an address as it went in: %s', (_, change) => {
    const filter = { ...wholeList, ...change }
    expect(parseFilter(formatFilter(filter))).toEqual(filter)
    expect(isNarrowed(filter)).toBe(true)
  })

  it.each([
    '',
    'stages=Nowhere',
    'waiting=-5',
    'waiting=1e3',
    'waiting=999999',
    'accepted=soon',
    'from=2025-02-30',
    'from=2025-11-05&to=2025-11-03',
    'ended=x',
    'retrying=1',
    'text=%20',
  ])('an address that says nothing narrows nothing: %j', (query) => expect(parseFilter(query)).toBeNull())

  it('asks the host in its terms: from a moment on, in seconds', () => {
    const now = new Date(2026, 0, 2, 12).getTime()
    const asked = filterOf({ ...wholeList, text: ' good ', accepted: 'today', waitingOver: 60 }, now)
    expect(asked).toEqual({ text: 'good', acceptedFrom: new Date(2026, 0, 2).toISOString(), waitingOver: 3600 })
    expect(filterOf({ ...wholeList, accepted: 'hour' }, now).acceptedFrom).toBe(new Date(now - 3_600_000).toISOString())
    expect(filterOf(wholeList, now)).toEqual({})
    expect(filterOf({ ...wholeList, acceptedFrom: '2025-12-31', acceptedTo: '2025-12-31' }, now)).toEqual({
      acceptedFrom: new Date(2025, 11, 31).toISOString(),
      acceptedBefore: new Date(2026, 0, 1).toISOString(),
    })
  })
})

describe('the layout of the run list', () => {
  it('comes back from an address as it went in; what means nothing leaves the list as it is', () => {
    const layout = { sort: { by: 'error', descending: true }, columns: ['file', 'gate'] } as const
    expect(formatLayout(layout)).toBe('sort=-error&columns=file%2Cgate')
    expect(parseLayout(formatLayout(layout))).toEqual(layout)
    for (const query of ['', 'sort=colour', 'sort=--error', 'columns=', 'columns=file,file', 'columns=file,colour'])
      expect(parseLayout(query), query).toEqual({ sort: null, columns: null })
  })

  it('is sorted the usual way first, then turned round, then newest first again', () => {
    const sorts = [newestFirst]
    for (let n = 0; n < 3; n++) sorts.push(nextSort(sorts.at(-1) as RunSort, 'error'))
    expect(sorts.slice(1)).toEqual([{ by: 'error', descending: true }, { by: 'error', descending: false }, newestFirst])
    expect(nextSort(newestFirst, 'file')).toEqual({ by: 'file', descending: false })
  })
})

describe('a typed wait', () => {
  it.each([
    ['90', 90],
    [' 90 min', 90],
    ['1.5 h', 90],
    ['1,5h', 90],
    ['2 d', 2880],
    ['365 d', 525_600],
  ])('%j is %i minutes', (text, minutes) => expect(minutesOf(text)).toBe(minutes))
  it.each([
    ['', 'Type a number'],
    ['soon', 'Type a number'],
    ['-5', 'Type a number'],
    ['1e3', 'Type a number'],
    ['0', 'at least one minute'],
    ['366 d', 'at most a year'],
  ])('%j is answered in words', (text, words) => expect(minutesOf(text)).toContain(words))
})
