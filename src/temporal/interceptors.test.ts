import type { Context } from '@temporalio/activity'
import { CancelledFailure } from '@temporalio/common'
import { expect, it } from 'vitest'
import { observeAttempts } from './interceptors.ts'
import type { RunObserver } from './observer.ts'

const info = {
  ...{ activityId: 'log_experiment', attempt: 2, workflowExecution: { workflowId: 'w1', runId: 'r1' } },
} as unknown as Context['info']

const tooLong = () => new Promise((done) => setTimeout(done, 5))

async function endOf(error: Error, limit?: number) {
  const ended: Parameters<RunObserver['attemptEnded']>[0][] = []
  const observer = {
    attemptStarted() {},
    attemptEnded: (event: (typeof ended)[0]) => ended.push(event),
  } as unknown as RunObserver
  const { inbound } = observeAttempts(observer, 'here')({ info: { ...info, startToCloseTimeoutMs: limit } } as Context)
  await expect(inbound.execute?.({ args: [], headers: {} }, () => tooLong().then(() => Promise.reject(error)))).rejects.toBe(
    error,
  )
  return ended
}

it('an attempt that ran into its limit is told with the reason, and one that was cancelled as that', async () => {
  expect(await endOf(new CancelledFailure('TIMED_OUT'))).toMatchObject([
    { attempt: 2, outcome: 'timedOut', failure: { type: 'Timeout', message: expect.stringContaining('longer than allowed') } },
  ])
  // A heartbeat was told that Temporal waits for it no longer.
  expect(await endOf(new CancelledFailure('NOT_FOUND'), 1)).toMatchObject([{ outcome: 'timedOut' }])
  expect(await endOf(new CancelledFailure('NOT_FOUND'), 60_000)).toMatchObject([{ outcome: 'cancelled' }])
  expect(await endOf(new CancelledFailure('CANCELLED'))).toMatchObject([{ outcome: 'cancelled', failure: null }])
  expect(await endOf(new Error('refused'))).toMatchObject([{ outcome: 'failed', failure: { message: 'refused' } }])
})
