import { describe, expect, it } from 'vitest'
import { filterOf, formatFilter, isNarrowed, type ListFilter, parseFilter, wholeList } from './listFilter.ts'

describe('the filter of the run list', () => {
  it.each<[string, Partial<ListFilter>]>([
    ['text', { text: 'ä & b=1 #2' }],
    ['stages', { stages: ['Training', 'Failed'] }],
    ['a time', { accepted: 'today' }],
    ['retrying', { retrying: true }],
    ['paused and waiting', { paused: true, waitingOver: 90 }],
  ])('comes back from an address as it went in: %s', (_, change) => {
    const filter = { ...wholeList, ...change }
    expect(parseFilter(formatFilter(filter))).toEqual(filter)
    expect(isNarrowed(filter)).toBe(true)
  })

  it.each(['', 'stages=Nowhere', 'waiting=-5', 'waiting=1e3', 'waiting=999999', 'accepted=soon', 'retrying=1', 'text=%20'])(
    'an address that says nothing narrows nothing: %j',
    (query) => expect(parseFilter(query)).toBeNull(),
  )

  it('asks the host in its terms: from a moment on, in seconds', () => {
    const now = new Date(2026, 0, 2, 12).getTime()
    const asked = filterOf({ ...wholeList, text: ' good ', accepted: 'today', waitingOver: 60 }, now)
    expect(asked).toEqual({ text: 'good', acceptedFrom: new Date(2026, 0, 2).toISOString(), waitingOver: 3600 })
    expect(filterOf({ ...wholeList, accepted: 'hour' }, now).acceptedFrom).toBe(new Date(now - 3_600_000).toISOString())
    expect(filterOf(wholeList, now)).toEqual({})
  })
})
