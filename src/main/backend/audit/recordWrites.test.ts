import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import type { Handlers } from '../../../contract/calls.ts'
import { conflict } from '../../../contract/errors.ts'
import { createFakeBackend, fakeDrills, fakeSettings } from '../../testing/fakeBackend.ts'
import { createAudit } from '../ledger/audit.ts'
import { openLedger } from '../ledger/openLedger.ts'
import { silentLog } from '../log.ts'
import { recordWrites } from './recordWrites.ts'

const setUp = (over: Partial<Handlers> = {}) => {
  const audit = createAudit(openLedger(':memory:'))
  const backend = createFakeBackend({ focus: () => ({ url: null }), stop: () => {} })
  const given = { ...backend, handlers: { ...backend.handlers, ...over } }
  return { audit, ...recordWrites({ backend: given, audit, settings: () => fakeSettings, host: 'desk-1', log: silentLog }) }
}

test('whoever changes something is on record with host and reason; whoever only looks is not', async () => {
  const { audit, handlers } = setUp()
  await handlers['runs.list']({ limit: 10, offset: 0 })
  await handlers['runs.terminate']({ workflowId: 'mlops-1-a', reason: 'It hangs.', requestId: crypto.randomUUID() })
  await handlers['runs.decide']({
    workflowId: 'mlops-1-a',
    decisionId: crypto.randomUUID(),
    decision: 'approve',
    reason: 'Better.',
    operator: 'grace',
  })
  expect(audit.all(10, 'mlops-1-a')).toMatchObject([
    {
      name: 'runs.decide',
      kind: 'decision',
      event: 'pending',
      operator: 'grace',
      host: 'desk-1',
      detail: 'approve',
      reason: 'Better.',
    },
    { name: 'runs.terminate', kind: 'run', event: 'done', operator: fakeSettings.operator, reason: 'It hangs.' },
  ])
  expect(audit.all(10)).toHaveLength(2)
})

test('a refusal is on record too, with what stood in the way', async () => {
  const { audit, handlers } = setUp({
    'runs.terminate': () => {
      throw conflict('This run has ended already.')
    },
  })
  await expect(
    handlers['runs.terminate']({ workflowId: 'mlops-1-a', reason: 'It hangs.', requestId: crypto.randomUUID() }),
  ).rejects.toThrow('ended already')
  expect(audit.all(1)).toMatchObject([{ event: 'refused', reason: 'It hangs.', problem: 'This run has ended already.' }])
})

test('a change whose input does not fit is on record as refused, without what was sent', () => {
  const { audit, inputRefused } = setUp()
  inputRefused('runs.decide', { workflowId: 'mlops-1-a', decision: 'hunter2', reason: '' }, 'reason')
  inputRefused('keys.import', { passphrase: 'hunter2' }, null)
  inputRefused('runs.list', { limit: 1e9 }, 'limit')
  expect(audit.all(5)).toMatchObject([
    {
      kind: 'key',
      name: 'keys.import',
      event: 'refused',
      workflowId: null,
      problem: expect.stringContaining('Nothing was done'),
    },
    { kind: 'decision', name: 'runs.decide', event: 'refused', workflowId: 'mlops-1-a', operator: fakeSettings.operator },
  ])
  expect(audit.all(5)[1]?.problem).toBe('What was sent does not fit the call (reason). Nothing was done.')
  expect(JSON.stringify(audit.all(5))).not.toContain('hunter2')
})

test('a fault of ours is on record as failed, without its words', async () => {
  const { audit, handlers } = setUp()
  await expect(
    handlers['runs.cancel']({ workflowId: 'mlops-1-a', reason: 'Wrong file.', requestId: crypto.randomUUID() }),
  ).rejects.toThrow('hunter2')
  expect(audit.all(1)).toMatchObject([{ event: 'failed', reason: 'Wrong file.' }])
  expect(JSON.stringify(audit.all(1))).not.toContain('hunter2')
})

test('a run that is made once more is on record with who wanted it and why', async () => {
  const { audit, handlers } = setUp({ 'runs.again': () => ({ workflowId: 'mlops-2-a' }) })
  const again = { workflowId: 'mlops-1-a', reason: 'The sensor was mended.', requestId: crypto.randomUUID() }
  await handlers['runs.again'](again)
  expect(audit.all(1)).toMatchObject([{ workflowId: 'mlops-1-a', event: 'done', reason: 'The sensor was mended.' }])
})

test('a drill that cannot be switched is on record as refused; one that can tells that itself', async () => {
  const { audit, handlers } = setUp({
    'drills.set': ({ to }) => {
      if (to === null) throw conflict('It is off already.')
      return fakeDrills
    },
  })
  const requestId = randomUUID()
  await handlers['drills.set']({ name: 'gate-fails', to: {}, requestId })
  // Sent twice it is still one refusal.
  for (let i = 0; i < 2; i++)
    await expect(handlers['drills.set']({ name: 'gate-fails', to: null, requestId })).rejects.toThrow('off already')
  expect(audit.all(5)).toMatchObject([{ kind: 'drill', name: 'drills.set', event: 'refused', detail: 'gate-fails off' }])
})

test('a double click is one record, and a file that a browser brings is one too', async () => {
  const { audit, handlers, receiveUpload } = setUp()
  const click = { workflowId: 'mlops-1-a', decisionId: crypto.randomUUID(), decision: 'reject', reason: 'Worse.' } as const
  await Promise.all([handlers['runs.decide'](click), handlers['runs.decide'](click)])
  const end = { workflowId: 'mlops-2-b', reason: 'Wrong file.', requestId: crypto.randomUUID() }
  await Promise.all([handlers['runs.terminate'](end), handlers['runs.terminate'](end)])
  await receiveUpload('good.csv', Readable.from([Buffer.from('a,b\n')]))
  expect(audit.all(5)).toMatchObject([
    { kind: 'intake', name: 'intake.upload', detail: 'good.csv' },
    { kind: 'run', name: 'runs.terminate', reason: 'Wrong file.' },
    { kind: 'decision', detail: 'reject' },
  ])
})

test('settings are on record with what they were and what they are', async () => {
  const { audit, handlers } = setUp()
  const retries = { ...fakeSettings.retries, train_model: { ...fakeSettings.retries.train_model, maximumAttempts: 9 } }
  await handlers['settings.set']({ settings: { ...fakeSettings, operator: 'grace', retries } })
  expect(audit.all(1)).toMatchObject([
    {
      kind: 'settings',
      detail: 'operator, retries.train_model.maximumAttempts',
      changes: [
        { field: 'operator', before: 'olga', after: 'grace' },
        { field: 'retries.train_model.maximumAttempts', before: '3', after: '9' },
      ],
    },
  ])
})
