import { expect, test } from 'vitest'
import type { RunSummary } from '../../../contract/model.ts'
import { fakeRun } from '../../testing/fakeBackend.ts'
import { createAudit } from '../ledger/audit.ts'
import { openLedger } from '../ledger/openLedger.ts'
import { silentLog } from '../log.ts'
import { createTemporalRecord } from './recordTemporal.ts'

const at = '2026-11-25T10:00:00.000Z'
const refused = `The signal approve_prod_deployment came at ${at} and was refused: it carries no name.`

function setUp(notes: string[] = []) {
  const ledger = openLedger(':memory:')
  const audit = createAudit(ledger)
  const record = () => createTemporalRecord({ ledger, audit, run: () => ({ notes }), log: silentLog })
  const insert = ledger.prepare(`INSERT INTO decision_outbox
    (decision_id, workflow_id, decision, reason, operator, host, at, next_attempt_at, state)
    VALUES ('d-1', 'w', 'approve', 'Better.', 'ada', 'desk', '${at}', '${at}', 'delivered')`)
  return { audit, record, decideHere: () => insert.run() }
}
/** `ada` decides at `desk`, all others elsewhere. */
const run = (...operators: (string | null)[]): RunSummary => ({
  ...fakeRun('w'),
  approvals: {
    ...{ needed: 2, approvers: [], submitter: null },
    given: operators.map((operator) => ({
      operator,
      host: operator === null ? null : operator === 'ada' ? 'desk' : 'other-desk',
      reason: 'Better.',
      at,
    })),
  },
})

test('decisions of other hosts and bare signals are on record once, also after a restart; those taken here are there already', () => {
  const { audit, record, decideHere } = setUp()
  decideHere()
  for (const one of [record(), record()]) {
    one.runsChanged([run('ada', 'grace')])
    one.runsChanged([run('ada', 'grace', null)])
  }
  expect(audit.all(10).map(({ kind, operator, host, detail, event }) => [kind, operator, host, detail, event])).toEqual([
    ['decision', 'an unnamed client', 'not known', 'approve', 'done'],
    ['decision', 'grace', 'other-desk', 'approve', 'done'],
  ])
})

test('who has decided here, and then elsewhere on the run that was asked again, is on record for both', () => {
  const { audit, record, decideHere } = setUp()
  decideHere()
  const again = run('ada')
  for (const host of ['other-desk', null]) {
    const given = [{ operator: 'ada', host, reason: 'Better.', at }]
    record().runsChanged([{ ...again, approvals: { ...{ needed: 1, approvers: [], submitter: null }, given } }])
  }
  expect(audit.all(10).map(({ operator, host }) => [operator, host])).toEqual([['ada', 'other-desk']])
})

test('a signal that did not count is on record with why; other notes are none', () => {
  const { audit, record } = setUp(['The file had no header.', refused])
  record().runsChanged([run()])
  expect(audit.all(10)).toMatchObject([{ kind: 'decision', event: 'refused', operator: 'an unnamed client', problem: refused }])
})
