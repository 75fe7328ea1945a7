import { describe, expect, it } from 'vitest'
import { createTimesStore, isZone } from './times.tsx'

const pageWith = (kept: Record<string, string> = {}) => ({
  kept,
  localStorage: {
    getItem: (key: string) => kept[key] ?? null,
    setItem: (key: string, value: string) => void Object.assign(kept, { [key]: value }),
  },
})

describe('how times are said', () => {
  it('is remembered by the next window', () => {
    const page = pageWith()
    createTimesStore(page).getState().choose({ relative: true, zone: 'Asia/Tokyo' })
    const next = createTimesStore(page).getState()
    expect([next.relative, next.zone, next.other]).toEqual([true, 'Asia/Tokyo', 'Asia/Tokyo'])
  })

  it('goes round the zones, and comes back to the one that was chosen', () => {
    const store = createTimesStore(pageWith())
    const zones = () => {
      store.getState().nextZone()
      return store.getState().zone
    }
    expect([zones(), zones()]).toEqual(['UTC', 'local'])
    store.getState().choose({ zone: 'America/New_York' })
    expect([zones(), zones(), zones()]).toEqual(['local', 'UTC', 'America/New_York'])
  })

  it.each([
    ['nothing', {}],
    ['no JSON', { 'gatehouse.times': '{' }],
    ['another shape', { 'gatehouse.times': '[1]' }],
    ['a zone that nobody knows here', { 'gatehouse.times': '{"zone":"Mars/Olympus","relative":"yes"}' }],
  ])('is local clock time where %s is remembered', (_, kept) => {
    const { relative, zone, other } = createTimesStore(pageWith(kept)).getState()
    expect([relative, zone, other]).toEqual([false, 'local', null])
  })

  it('works without storage', () => {
    const page = {
      get localStorage(): Storage {
        throw new DOMException('denied')
      },
    }
    const store = createTimesStore(page)
    store.getState().choose({ zone: 'UTC' })
    expect(store.getState().zone).toBe('UTC')
  })

  it('knows a zone from a word', () => {
    expect([isZone('Europe/Berlin'), isZone('Berlin'), isZone('')]).toEqual([true, false, false])
  })
})
