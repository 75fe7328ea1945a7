import { describe, expect, test } from 'vitest'
import type { EventPayload } from '../../../contract/events.ts'
import type { Settings } from '../../../contract/model.ts'
import { defaultNotifications } from '../../../contract/notices.ts'
import { fakeHealth, fakeRun, fakeSettings } from '../../testing/fakeBackend.ts'
import { openLedger } from '../ledger/openLedger.ts'
import { emptySealedPart, type RunRecord } from '../projection/runRecord.ts'
import { createNotices } from './createNotices.ts'
import { createReminders } from './createReminders.ts'

const minute = 60_000
const start = Date.parse('2026-11-25T12:00:00Z')

function setUp(change: Partial<Settings['notifications']> = {}, ledger = openLedger(':memory:')) {
  let now = start
  const told: EventPayload<'notice'>[] = []
  const settings = { ...fakeSettings, notifications: { ...defaultNotifications, ...change } }
  const waiting = new Map<string, RunRecord>()
  const notices = createNotices({
    ledger,
    emit: (_, payload) => told.push(payload as EventPayload<'notice'>),
    settings: () => settings,
    awaitsDecision: (id) => waiting.has(id),
    now: () => now,
  })
  const reminders = createReminders({
    ledger,
    waiting: () => [...waiting.values()],
    settings: () => settings,
    tell: notices.tell,
    now: () => now,
  })
  return {
    ...{ ledger, notices, waiting, settings },
    titles: () => told.splice(0).map(({ title }) => title),
    bodies: () => told.splice(0).map(({ body }) => body),
    /** Time goes by, looked at every minute as a running host does. */
    pass(minutes: number) {
      for (let n = 0; n < minutes; n++) {
        now += minute
        reminders.look()
        notices.look()
      }
    },
    /** The host is away for so long, then looks once. */
    away(minutes: number) {
      now += minutes * minute
      reminders.look()
      notices.look()
    },
  }
}
const record = (name: string, change: Partial<RunRecord> = {}): RunRecord => ({
  ...emptySealedPart,
  ...fakeRun(name),
  fileName: `${name}.csv`,
  stageSince: new Date(start).toISOString(),
  approvalDeadline: new Date(start + 24 * 60 * minute).toISOString(),
  ...change,
})

describe('a run that waits for approval', () => {
  test('is told again after an hour, then once an hour, until it is decided', () => {
    const { waiting, pass, titles } = setUp()
    waiting.set('a', record('a'))
    pass(59)
    expect(titles()).toEqual([])
    pass(1)
    expect(titles()).toEqual(['Still waiting for approval'])
    pass(59)
    expect(titles()).toEqual([])
    pass(61)
    expect(titles()).toHaveLength(2)
    waiting.clear()
    pass(180)
    expect(titles()).toEqual([])
  })

  test('is told once after a night without the host, not once for each hour of it', () => {
    const first = setUp()
    for (const name of ['a', 'b']) first.waiting.set(name, record(name))
    first.pass(61)
    expect(first.titles()).toHaveLength(2)
    const second = setUp({}, first.ledger)
    for (const [name, run] of first.waiting) second.waiting.set(name, run)
    second.away(9 * 60)
    expect(second.titles()).toHaveLength(2)
    // A host that is started again at once says nothing.
    const third = setUp({}, first.ledger)
    third.waiting.set('a', record('a'))
    third.away(9 * 60 + 1)
    expect(third.titles()).toEqual([])
  })

  test('is told once more before it rejects itself, with when', () => {
    const { waiting, pass, titles } = setUp({ approvalReminder: false })
    waiting.set('a', record('a', { approvalDeadline: new Date(start + 120 * minute).toISOString() }))
    pass(89)
    expect(titles()).toEqual([])
    pass(30)
    expect(titles()).toEqual(['Rejects itself soon'])
  })

  test('for a shorter time than the warning’s is warned of after half of it', () => {
    const { waiting, pass, titles } = setUp()
    waiting.set('a', record('a', { approvalDeadline: new Date(start + 10 * minute).toISOString() }))
    pass(4)
    expect(titles()).toEqual([])
    pass(5)
    expect(titles()).toEqual(['Rejects itself soon'])
  })

  test('waits anew after a reset', () => {
    const { waiting, pass, titles } = setUp()
    waiting.set('a', record('a', { runId: 'first' }))
    pass(61)
    titles()
    const later = new Date(start + 61 * minute)
    waiting.set('a', record('a', { runId: 'second', stageSince: later.toISOString() }))
    pass(58)
    expect(titles()).toEqual([])
    pass(2)
    expect(titles()).toHaveLength(1)
  })

  test('is not asked of an operator who has approved and waits for another', () => {
    const { waiting, pass, titles, settings } = setUp()
    const given = [{ operator: settings.operator, host: 'desk', reason: 'Better.', at: new Date(start).toISOString() }]
    waiting.set('a', record('a', { approvals: { needed: 2, given, approvers: [], submitter: null } }))
    pass(300)
    expect(titles()).toEqual([])
  })
})

test('room on the disk: each time that it gets worse, and when all is well again', () => {
  const { notices, titles, bodies } = setUp()
  const disk = { ...fakeHealth.disk, remedy: 'Free some space.' }
  notices.stackChanged(fakeHealth)
  notices.stackChanged({ ...fakeHealth, disk: { ...disk, summary: '90 MB free' } })
  notices.stackChanged({ ...fakeHealth, disk: { ...disk, summary: '80 MB free' } })
  notices.stackChanged({ ...fakeHealth, disk: { ...disk, state: 'down', summary: '0 bytes free' } })
  notices.stackChanged({ ...fakeHealth, disk: { ...disk, summary: '50 MB free' } })
  notices.stackChanged(fakeHealth)
  expect(titles()).toEqual(['The disk fills up', 'The disk is full', 'The disk has room again'])
  notices.stackChanged({ ...fakeHealth, disk: { ...disk, summary: '90 MB free' } })
  expect(bodies()).toEqual(['90 MB free on the disk of the data folder. Free some space on it; nothing is lost.'])
})

describe('quiet hours', () => {
  test('that cannot keep a notice on a full disk tell it at once', () => {
    const { notices, titles, ledger } = setUp({
      quiet: { ...defaultNotifications.quiet, on: true, from: '12:00', to: '14:00', timeZone: 'UTC' },
    })
    ledger.pragma(`max_page_count = ${ledger.pragma('page_count', { simple: true })}`)
    const fill = ledger.prepare('INSERT INTO held_notice (kind, subject, title, at) VALUES (?, ?, ?, ?)')
    expect(() => {
      for (let n = 0; ; n++) fill.run('runFailed', String(n), 'Run failed', '2026-11-25T12:00:00Z')
    }).toThrow('database or disk is full')
    notices.stackChanged({ ...fakeHealth, disk: { ...fakeHealth.disk, state: 'down', remedy: 'Free some space.' } })
    expect(titles()).toEqual(['The disk is full'])
  })

  const quiet = { ...defaultNotifications.quiet, on: true, from: '12:00', to: '14:00', timeZone: 'UTC' }

  test('keep what comes, also over a restart, and sum it up at their end without what was settled meanwhile', () => {
    const { notices, waiting, pass, titles, ledger } = setUp({ quiet })
    for (const name of ['a', 'b']) {
      waiting.set(name, record(name))
      notices.runChanged(record(name), 'DeployingDev')
    }
    for (const name of ['x', 'y', 'z']) notices.runChanged(record(name, { stage: 'Failed', problem: 'lost' }), 'Training')
    notices.stackChanged({ ...fakeHealth, postgres: { ...fakeHealth.postgres, state: 'down' } })
    notices.stackChanged(fakeHealth)
    waiting.delete('b')
    pass(100)
    expect(titles()).toEqual([])

    const later = setUp({ quiet }, ledger)
    later.waiting.set('a', record('a'))
    later.away(121)
    const bodies = later.bodies()
    expect(bodies).toContain('1 run waits for approval · 3 runs failed · Postgres is down · Postgres is back')
    later.pass(10)
    expect(later.titles()).toEqual([])
  })

  test('let what rejects itself soon through where the operator wants that, and what was refused always', () => {
    const soon = record('a', { approvalDeadline: new Date(start + 20 * minute).toISOString() })
    const open = setUp({ quiet })
    open.waiting.set('a', soon)
    open.pass(15)
    expect(open.titles()).toEqual(['Rejects itself soon'])
    const closed = setUp({ quiet: { ...quiet, letExpiringThrough: false } })
    closed.waiting.set('a', soon)
    closed.pass(15)
    closed.notices.decisionRefused(soon, 'a', 'Grace rejected it.')
    expect(closed.titles()).toEqual(['Decision not taken'])
  })
})

test.each([
  ['approvalPending', 'AwaitingApproval'],
  ['runFailed', 'Failed'],
  ['gateFailed', 'GateFailed'],
  ['approvalExpiring', 'TimedOut'],
] as const)('%s switches its notices', (kind, stage) => {
  for (const wanted of [true, false]) {
    const { notices, titles } = setUp({ [kind]: wanted })
    notices.runChanged(record('a', { stage }), 'Training')
    expect(titles()).toHaveLength(wanted ? 1 : 0)
  }
})
