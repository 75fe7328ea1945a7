import { Readable } from 'node:stream'
import { expect, it, vi } from 'vitest'
import type { Handlers } from '../../contract/calls.ts'
import { CallFailed, conflict } from '../../contract/errors.ts'
import { openSharedLedger } from './ledger/testing/sharedLedger.ts'
import { silentLog } from './log.ts'
import { tellWriteRefusals } from './writeRefusals.ts'

const full = () => Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' }))

function setUp(handlers: Record<string, (input: never) => unknown>, receiveUpload = () => Promise.resolve([])) {
  const onDiskFull = vi.fn()
  const backend = { handlers: handlers as unknown as Handlers, receiveUpload }
  return { ...tellWriteRefusals({ backend, onDiskFull, log: silentLog }), onDiskFull }
}

it('what a full disk keeps out is refused in words, and told of', async () => {
  const { handlers, onDiskFull } = setUp({ 'settings.set': full })
  await expect(handlers['settings.set']({} as never)).rejects.toMatchObject({
    error: { kind: 'refused', message: expect.stringMatching(/full.* nothing was changed\. Free some space/) },
  })
  expect(onDiskFull).toHaveBeenCalledTimes(1)
})

it('so is a file that a browser sends', async () => {
  const { receiveUpload, onDiskFull } = setUp({}, full)
  await expect(receiveUpload('a.csv', Readable.from([]))).rejects.toMatchObject({ error: { kind: 'refused' } })
  expect(onDiskFull).toHaveBeenCalledTimes(1)
})

it('what another program keeps out, as it holds the ledger, is refused in words', async () => {
  const { ledger, hold, remove } = openSharedLedger()
  const { handlers, onDiskFull } = setUp({ 'runs.decide': () => ledger.exec('DELETE FROM run') })
  hold()
  await expect(handlers['runs.decide']({} as never)).rejects.toMatchObject({
    error: { kind: 'unavailable', part: 'ledger', message: expect.stringContaining('nothing was changed') },
  })
  expect(onDiskFull).not.toHaveBeenCalled()
  remove()
})

it('answers, refusals of their own and faults are handed on as they are', async () => {
  const [known, fault] = [conflict('Decided already.'), new Error('a fault')]
  const { handlers, onDiskFull } = setUp({
    'settings.get': () => ({ operator: 'ada' }),
    'runs.cancel': () => Promise.reject(known),
    'views.save': () => {
      throw fault
    },
  })
  expect(await handlers['settings.get']({})).toEqual({ operator: 'ada' })
  await expect(handlers['runs.cancel']({} as never)).rejects.toBe(known)
  expect(known).toBeInstanceOf(CallFailed)
  await expect(handlers['views.save']({} as never)).rejects.toBe(fault)
  expect(onDiskFull).not.toHaveBeenCalled()
})
