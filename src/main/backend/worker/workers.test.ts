import type { Client } from '@temporalio/client'
import { expect, test, vi } from 'vitest'
import type { ListedWorker } from '../../../temporal/workers.ts'
import { createWorkers } from './workers.ts'

const listed = (change: Partial<ListedWorker>): ListedWorker => ({
  identity: 'ana@lab',
  host: 'lab',
  processId: 1,
  taskQueue: 'mlops-task-queue',
  sdk: 'typescript 1.24.0',
  build: null,
  startedAt: null,
  lastSeenAt: '2026-11-25T10:00:00.000Z',
  slots: { used: 0, total: 100 },
  ...change,
})
const client = {} as Client
const noProcess = { state: () => null, hasEnded: () => false }

test('is stopped with a name and a reason until it is started again; what is so already stays as it is', () => {
  const onSwitch = vi.fn()
  const workers = createWorkers({ client: () => null, ask: vi.fn(), host: 'lab', processId: 7, onSwitch, process: noProcess })
  expect(workers.hold()).toBeNull()
  workers.switch(true, 'olga', 'nothing')
  expect(onSwitch).not.toHaveBeenCalled()
  workers.switch(false, 'olga', 'upgrade of the driver')
  workers.switch(false, 'ben', 'another reason')
  expect(workers.hold()).toMatchObject({ state: 'off', detail: 'The worker was stopped by olga: upgrade of the driver' })
  workers.switch(true, 'ben', 'done')
  expect(workers.hold()).toBeNull()
  expect(onSwitch).toHaveBeenCalledTimes(2)
})

test('its own process comes first, the others by name', async () => {
  const ask = async () => ({
    workers: [
      listed({ identity: 'zoe@lab', processId: 3 }),
      listed({ identity: 'abe@far', host: 'far', processId: 7 }),
      listed({ processId: 7 }),
    ],
    waiting: { steps: 2, runs: 0, oldestSeconds: 4 },
  })
  const workers = createWorkers({
    client: () => client,
    ask,
    host: 'lab',
    processId: 7,
    onSwitch: () => undefined,
    process: noProcess,
  })
  const state = await workers.list()
  expect(state.workers.map(({ identity, here }) => [identity, here])).toEqual([
    ['ana@lab', true],
    ['abe@far', false],
    ['zoe@lab', false],
  ])
  expect(state).toMatchObject({ stopped: null, waiting: { steps: 2 }, problem: null })
})

test('without an answer of Temporal it says so, and still knows that it was stopped', async () => {
  const ask = async () => Promise.reject(new Error('deadline exceeded'))
  const workers = createWorkers({
    client: () => client,
    ask,
    host: 'lab',
    processId: 7,
    onSwitch: () => undefined,
    process: noProcess,
  })
  workers.switch(false, 'olga', 'upgrade')
  expect(await workers.list()).toMatchObject({
    stopped: { by: 'olga', reason: 'upgrade' },
    workers: [],
    problem: expect.stringContaining('deadline exceeded'),
  })
})
