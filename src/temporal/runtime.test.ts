import { expect, it } from 'vitest'
import { sdkFields } from './runtime.ts'

it('names run and step as the host’s own lines do, and leaves what a failure says out', () => {
  const error = Object.assign(new Error('row 3 holds 1.337'), { type: 'BadCell' })
  const told = sdkFields({
    ...{ workflowId: 'mlops-1', workflowRunId: 'r-1', activityId: 'train_model', attempt: 2, taskToken: 'AAAA', error },
    [Symbol('logger')]: 'kept to the SDK',
  })
  expect(told).toEqual({
    workflowId: 'mlops-1',
    runId: 'r-1',
    step: 'train_model',
    attempt: 2,
    error: { name: 'Error', type: 'BadCell' },
  })
})

it('keeps the error of a line that is about no run', () => {
  const error = new Error('connection refused')
  expect(sdkFields({ sdkComponent: 'core', error })).toEqual({ sdkComponent: 'core', err: error })
})
