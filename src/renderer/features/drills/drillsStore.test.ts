import { describe, expect, it } from 'vitest'
import type { ActiveDrill, DrillName, DrillsState } from '../../../contract/drills.ts'
import { conflict, unavailable } from '../../../contract/errors.ts'
import { createMemoryConnection } from '../../api/memory.ts'
import { createSimulatedHost } from '../../dev/simulatedHost.ts'
import { bannerText, createDrillsStore, type DrillDraft, draftOf, isAnyDrillOn, orderOf } from './drillsStore.ts'

async function opened() {
  const host = createSimulatedHost('empty')
  const connection = createMemoryConnection(host.handlers)
  host.onEvent((name, payload) => connection.emit(name, payload))
  const store = createDrillsStore(connection)
  await store.getState().fetch()
  return { host, connection, store }
}
const first = (await opened()).store.getState().state as DrillsState
const drillOf = (name: DrillName) => first.drills.find((drill) => drill.name === name) ?? first.drills[0]
const checked = (name: DrillName, change: Partial<DrillDraft>) => {
  const drill = drillOf(name) as DrillsState['drills'][number]
  return orderOf({ ...draftOf(drill), ...change }, drill)
}

describe('orderOf', () => {
  it.each<[DrillName, Partial<DrillDraft>, object]>([
    ['training-fails', {}, { scope: { kind: 'next' } }],
    ['training-fails', { scope: 'all', count: ' 3 ', minutes: '2,5' }, { scope: { kind: 'all' }, count: 3, minutes: 2.5 }],
    [
      'deployment-flaps',
      { scope: 'files', pattern: ' a*.csv ' },
      { scope: { kind: 'files', pattern: 'a*.csv' }, probability: 0.5 },
    ],
    ['slow-step', { seconds: '4' }, { scope: { kind: 'next' }, seconds: 4 }],
    ['postgres-slow', { latencyMs: '450' }, { seconds: 0.45 }],
    // What a drill does not take is not sent, whatever a draft holds.
    ['postgres-down', { scope: 'all', count: '3', minutes: '1' }, { minutes: 1 }],
  ])('%s %o', (name, change, order) => expect(checked(name, change)).toEqual({ ok: true, order }))

  it.each<[DrillName, Partial<DrillDraft>, string[]]>([
    ['training-fails', { scope: 'files', pattern: ' ' }, ['pattern']],
    ['training-fails', { count: '1.5' }, ['count']],
    ['training-fails', { count: '0', minutes: 'soon' }, ['count', 'minutes']],
    ['random-failures', { probability: '1.1' }, ['probability']],
    ['slow-step', { seconds: '-1' }, ['seconds']],
    ['temporal-slow', { latencyMs: '0' }, ['latencyMs']],
  ])('%s %o is not right', (name, change, fields) => {
    const result = checked(name, change)
    expect(result.ok ? [] : Object.keys(result.errors)).toEqual(fields)
  })
})

describe('bannerText', () => {
  const now = new Date('2026-03-01T10:00:00.000Z')
  const on = (change: Partial<ActiveDrill> = {}): ActiveDrill => ({
    scope: { kind: 'all' },
    run: null,
    profile: null,
    startsWorker: false,
    uses: 0,
    count: null,
    until: null,
    probability: null,
    seconds: null,
    since: now.toISOString(),
    operator: 'ada',
    host: 'desk-1',
    ...change,
  })
  const stateWith = (drills: Partial<Record<DrillName, ActiveDrill>>, file: Partial<DrillsState['failureFile']> = {}) => ({
    ...first,
    drills: first.drills.map((drill) => ({ ...drill, on: drills[drill.name] ?? null })),
    failureFile: { ...first.failureFile, ...file },
  })
  it.each([
    [stateWith({}), null],
    [stateWith({}, { state: 'malformed', problem: 'not JSON' }), null],
    [stateWith({ 'training-fails': on({ count: 3, uses: 1 }) }), 'drill: training fails (2 left)'],
    [stateWith({ 'postgres-down': on() }), 'drill: Postgres stopped'],
    [
      stateWith({ 'training-fails': on(), 'postgres-down': on() }, { state: 'on', activity: 'quality_assessment' }),
      '3 drills: training fails, Postgres stopped, quality assessment fails (failure file)',
    ],
  ])('%#', (state, text) => {
    expect(bannerText(state, now)).toBe(text)
    expect(isAnyDrillOn({ state })).toBe(text !== null)
  })
})

describe('drillsStore', () => {
  it('switches on as typed, and off again', async () => {
    const { store } = await opened()
    store.getState().edit('training-fails', { count: '3' })
    await store.getState().toggle('training-fails')
    const on = () => store.getState().state?.drills.find((drill) => drill.name === 'training-fails')?.on
    expect(on()).toMatchObject({ count: 3, scope: { kind: 'next' } })
    await store.getState().toggle('training-fails')
    expect(on()).toBeNull()
  })

  it('sends nothing while something is wrong, and looks again as it is mended', async () => {
    const { store } = await opened()
    store.getState().edit('slow-step', { seconds: 'long' })
    expect(store.getState().errors['slow-step']).toBeUndefined()
    await store.getState().toggle('slow-step')
    expect(store.getState().errors['slow-step']?.seconds).toBeDefined()
    expect(isAnyDrillOn(store.getState())).toBe(false)
    store.getState().edit('slow-step', { seconds: '5' })
    expect(store.getState().errors['slow-step']).toBeUndefined()
  })

  it('says why the host refused, until the next try', async () => {
    const { store, host } = await opened()
    const set = host.handlers['drills.set']
    host.handlers['drills.set'] = () => {
      throw conflict('This profile does not own its Postgres.')
    }
    await store.getState().toggle('postgres-down')
    expect(store.getState().refusals['postgres-down']).toBe('This profile does not own its Postgres.')
    expect(store.getState().busy['postgres-down']).toBe(false)
    host.handlers['drills.set'] = set
    await store.getState().toggle('postgres-down')
    expect(store.getState().refusals['postgres-down']).toBeUndefined()
    expect(isAnyDrillOn(store.getState())).toBe(true)
  })

  it('asks again under the same id where no answer came, and under another once it knows how things are', async () => {
    const { store, host } = await opened()
    const ids: string[] = []
    const set = host.handlers['drills.set']
    host.handlers['drills.set'] = ({ requestId }) => {
      ids.push(requestId)
      throw unavailable('host', 'The connection was lost.')
    }
    const toggle = () => store.getState().toggle('postgres-down')
    await toggle()
    await toggle()
    await store.getState().fetch()
    await toggle()
    expect(new Set(ids).size).toBe(2)
    expect(ids[0]).toBe(ids[1])
    host.handlers['drills.set'] = set
  })

  it('never lets an older answer overwrite a newer one', async () => {
    const { store, connection } = await opened()
    await store.getState().toggle('gate-fails')
    connection.emit('drills.changed', { state: first })
    expect(isAnyDrillOn(store.getState())).toBe(true)
    connection.emit('drills.changed', { state: { ...first, revision: 99 } })
    expect(isAnyDrillOn(store.getState())).toBe(false)
  })
})
