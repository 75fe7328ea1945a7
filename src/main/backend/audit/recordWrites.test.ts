import { expect, test } from 'vitest'
import type { Handlers } from '../../../contract/calls.ts'
import { conflict } from '../../../contract/errors.ts'
import { createFakeBackend, fakeSettings } from '../../testing/fakeBackend.ts'
import { createAudit } from '../ledger/audit.ts'
import { openLedger } from '../ledger/openLedger.ts'
import { silentLog } from '../log.ts'
import { recordWrites } from './recordWrites.ts'

const setUp = (over: Partial<Handlers> = {}) => {
  const audit = createAudit(openLedger(':memory:'))
  const backend = createFakeBackend({ focus: () => ({ url: null }), stop: () => {} })
  const given = { ...backend.handlers, ...over }
  const handlers = recordWrites({ handlers: given, audit, settings: () => fakeSettings, host: 'desk-1', log: silentLog })
  return { audit, handlers }
}

test('whoever changes something is on record with host and reason; whoever only looks is not', async () => {
  const { audit, handlers } = setUp()
  await handlers['runs.list']({ limit: 10, offset: 0 })
  await handlers['runs.terminate']({ workflowId: 'mlops-1-a', reason: 'It hangs.' })
  await handlers['runs.decide']({
    workflowId: 'mlops-1-a',
    decisionId: crypto.randomUUID(),
    decision: 'approve',
    reason: 'Better.',
    operator: 'grace',
  })
  expect(audit.all(10, 'mlops-1-a')).toMatchObject([
    { name: 'runs.decide', event: 'done', operator: 'grace', host: 'desk-1', detail: 'approve: Better.' },
    { name: 'runs.terminate', event: 'done', operator: fakeSettings.operator, detail: 'It hangs.' },
  ])
  expect(audit.all(10)).toHaveLength(2)
})

test('a refusal is on record too, with what stood in the way', async () => {
  const { audit, handlers } = setUp({
    'runs.terminate': () => {
      throw conflict('This run has ended already.')
    },
  })
  await expect(handlers['runs.terminate']({ workflowId: 'mlops-1-a', reason: 'It hangs.' })).rejects.toThrow('ended already')
  expect(audit.all(1)).toMatchObject([{ event: 'refused', detail: 'It hangs. (This run has ended already.)' }])
})

test('settings are on record by name, never by value', async () => {
  const { audit, handlers } = setUp()
  const retries = { ...fakeSettings.retries, train_model: { ...fakeSettings.retries.train_model, maximumAttempts: 9 } }
  await handlers['settings.set']({ settings: { ...fakeSettings, operator: 'grace', retries } })
  expect(audit.all(1)).toMatchObject([{ name: 'settings.set', detail: 'operator, retries.train_model' }])
})
