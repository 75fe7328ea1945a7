import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { auditKinds } from '../../../contract/operator.ts'
import { auditKindOf, createAudit, type NewRecord } from './audit.ts'
import { openLedger } from './openLedger.ts'
import { migrations } from './schema.ts'
import { openSharedLedger } from './testing/sharedLedger.ts'

const deed = (n: number, change: Partial<NewRecord> = {}): NewRecord => ({
  ...{ topic: 'call', name: 'runs.cancel', event: 'done', operator: n % 2 === 0 ? 'ada' : 'grace', host: 'desk' },
  ...{ at: new Date(Date.UTC(2026, 10, 25, 0, n)).toISOString(), workflowId: `w-${n}`, step: null, attempt: null, detail: '' },
  reason: `reason ${n}`,
  ...change,
})

test('pages hold each record once, newest first, and count all that fit', () => {
  const audit = createAudit(openLedger(':memory:'))
  for (let n = 1; n <= 25; n++) audit.add(deed(n))
  const seen: (string | null)[] = []
  let before: number | undefined
  for (;;) {
    const { entries, total } = audit.page({ operator: 'grace' }, { limit: 4, before })
    expect(total).toBe(13)
    if (entries.length === 0) break
    seen.push(...entries.map(({ workflowId }) => workflowId))
    before = entries.at(-1)?.id
  }
  expect(seen).toEqual([25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1].map((n) => `w-${n}`))
})

test('narrows by kind, time, run and text, and takes what is typed as text alone', () => {
  const audit = createAudit(openLedger(':memory:'))
  audit.add(deed(1, { reason: '100 % sure_thing' }))
  audit.add(deed(2, { name: 'settings.set', detail: 'operator', changes: [{ field: 'operator', before: 'ada', after: 'Öla' }] }))
  audit.add(deed(3, { topic: 'drill', name: 'gate-fails', event: 'used' }))
  const found = (filter: Parameters<typeof audit.page>[0]) =>
    audit.page(filter, { limit: 10 }).entries.map(({ workflowId }) => workflowId)
  expect(found({ kinds: ['settings', 'drillHit'] })).toEqual(['w-3', 'w-2'])
  expect(found({ from: '2026-11-25T00:02:00.000Z', to: '2026-11-25T00:03:00.000Z' })).toEqual(['w-2'])
  expect(found({ workflowId: 'w-1' })).toEqual(['w-1'])
  expect(found({ text: '% SURE_' })).toEqual(['w-1'])
  expect(found({ text: '%' })).toEqual(['w-1'])
  expect(found({ text: `'; DROP TABLE audit --` })).toEqual([])
  expect(audit.operators()).toEqual(['ada', 'grace'])
})

test('what a full disk keeps out is written in its turn once there is room, and once', () => {
  const ledger = openLedger(':memory:')
  const audit = createAudit(ledger)
  audit.add(deed(1))
  ledger.exec('CREATE TABLE filler (bytes BLOB)')
  ledger.pragma(`max_page_count = ${ledger.pragma('page_count', { simple: true })}`)
  expect(() => {
    for (;;) ledger.exec('INSERT INTO filler VALUES (randomblob(400))')
  }).toThrow('database or disk is full')
  const long = { detail: 'x'.repeat(5000) }
  audit.add(deed(2, { ...long, ref: 'two' }))
  audit.add(deed(2, { ...long, ref: 'two' }))
  audit.add(deed(3, long))
  audit.catchUp()
  expect(audit.all(10).map(({ workflowId }) => workflowId)).toEqual(['w-1'])
  // Within a transaction whoever began it has to know.
  expect(() => ledger.transaction(() => audit.add(deed(4, long)))()).toThrow('full')
  ledger.pragma('max_page_count = 1000000')
  audit.catchUp()
  audit.catchUp()
  audit.add(deed(5))
  expect(audit.all(10).map(({ workflowId }) => workflowId)).toEqual(['w-5', 'w-3', 'w-2', 'w-1'])
})

test('what another program keeps out by holding the ledger is written once it lets go', () => {
  const { ledger, hold, letGo, remove } = openSharedLedger()
  const audit = createAudit(ledger)
  hold()
  audit.add(deed(1))
  audit.add(deed(2))
  expect(audit.catchUp()).toHaveLength(2)
  expect(audit.all(10)).toEqual([])
  letGo()
  expect(audit.catchUp()).toEqual([])
  expect(audit.all(10).map(({ workflowId }) => workflowId)).toEqual(['w-2', 'w-1'])
  remove()
})

test('records of an earlier version get their kinds, and the same ones as new records', () => {
  const db = new Database(':memory:')
  const earlier = migrations.findIndex((sql) => sql.includes('ADD COLUMN kind'))
  for (const sql of migrations.slice(0, earlier)) db.exec(sql)
  const names = ['runs.decide', 'runs.again', 'intake.submit', 'settings.set', 'stack.retry', 'host.stop']
  const records = [
    ...names.map((name) => ({ topic: 'call', name, event: 'done' })),
    { topic: 'drill', name: 'gate-fails', event: 'on' },
    { topic: 'drill', name: 'gate-fails', event: 'used' },
    { topic: 'encryption', name: 'k-1', event: 'rotated' },
    { topic: 'rollBack', name: 'prod', event: 'switched' },
  ]
  const insert = db.prepare(
    `INSERT INTO audit (at, topic, name, event, operator, host, detail) VALUES ('', ?, ?, ?, 'a', 'h', '')`,
  )
  for (const { topic, name, event } of records) insert.run(topic, name, event)
  for (const sql of migrations.slice(earlier)) db.exec(sql)
  const kinds = createAudit(db)
    .all(50)
    .reverse()
    .map(({ kind }) => kind)
  expect(kinds).toEqual(records.map(auditKindOf))
  expect(new Set(kinds)).toEqual(new Set(auditKinds))
})
