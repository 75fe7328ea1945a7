import { expect, test } from 'vitest'
import { CallFailed, conflict } from '../../../contract/errors.ts'
import { openLedger } from './openLedger.ts'
import { createRequests } from './requests.ts'
import { openSharedLedger } from './testing/sharedLedger.ts'

const setUp = () => {
  const ledger = openLedger(':memory:')
  // A host that is started anew has the ledger of the one before and nothing else.
  const start = () => createRequests({ ledger, isAnswer: (error) => error instanceof CallFailed })
  const told: boolean[] = []
  const act = async (sentAt: string | null) => void told.push(sentAt !== null)
  return { start, told, act }
}

test('a double click acts once, and so does the same request after a restart', async () => {
  const { start, told, act } = setUp()
  const requests = start()
  await Promise.all([requests.once('r1', 'cancel a', act), requests.once('r1', 'cancel a', act)])
  await start().once('r1', 'cancel a', act)
  expect(told).toEqual([false])
})

test('what was refused may be asked for again; nothing of it was done', async () => {
  const { start, told, act } = setUp()
  const requests = start()
  const refused = () => Promise.reject(conflict('Not yet.'))
  await expect(requests.once('r1', 'cancel a', refused)).rejects.toThrow('Not yet.')
  await requests.once('r1', 'cancel a', act)
  expect(told).toEqual([false])
})

test('a request whose answer was lost is told so when it is sent again: it may have been carried out', async () => {
  const { start, told, act } = setUp()
  await expect(start().once('r1', 'cancel a', () => Promise.reject(new Error('no answer')))).rejects.toThrow('no answer')
  await start().once('r1', 'cancel a', act)
  expect(told).toEqual([true])
})

test('one id is one deed: it never stands for another', async () => {
  const { start, told, act } = setUp()
  const requests = start()
  await requests.once('r1', 'cancel a', act)
  await expect(requests.once('r1', 'cancel b', act)).rejects.toMatchObject({ error: { kind: 'invalid', field: 'requestId' } })
  expect(told).toHaveLength(1)
})

test('what is done while another program takes the ledger is answered as done, and done once', async () => {
  const { ledger, hold, letGo, remove } = openSharedLedger()
  const start = () => createRequests({ ledger, isAnswer: (error) => error instanceof CallFailed })
  const requests = start()
  let done = 0
  const act = async () => {
    done++
    hold()
  }
  await requests.once('r1', 'cancel a', act)
  letGo()
  await requests.once('r1', 'cancel a', act)
  await requests.once('r2', 'cancel b', async () => {})
  // The next one has written the first one's end too: a host that is started anew knows it.
  await start().once('r1', 'cancel a', act)
  expect(done).toBe(1)
  remove()
})

test('while another program holds the ledger nothing is begun', async () => {
  const { ledger, hold, letGo, remove } = openSharedLedger()
  const requests = createRequests({ ledger, isAnswer: () => false })
  let done = 0
  const ask = () => requests.once('r1', 'cancel a', async () => void done++)
  hold()
  await expect(ask()).rejects.toThrow('locked')
  expect(done).toBe(0)
  letGo()
  await ask()
  expect(done).toBe(1)
  remove()
})
