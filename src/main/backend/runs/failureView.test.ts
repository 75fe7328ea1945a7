import { WorkflowFailedError } from '@temporalio/client'
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  RetryState,
  TimeoutFailure,
  TimeoutType,
} from '@temporalio/common'
import { expect, it } from 'vitest'
import { failureView } from './failureView.ts'

const inActivity = (cause: Error) =>
  new ActivityFailure('Activity task failed', 'train_model_mock', 'train_model', RetryState.MAXIMUM_ATTEMPTS_REACHED, 'w', cause)

it.each([
  [
    'a step’s own failure',
    inActivity(ApplicationFailure.nonRetryable('Postgres refused the password.', 'DatabaseConfiguration')),
    'Postgres refused the password.',
    'DatabaseConfiguration',
  ],
  // What a failure was caused by stays behind the sentence that was written for people.
  [
    'a failure with a cause of its own',
    ApplicationFailure.create({ message: 'Training failed after 3 attempts.', type: 'X', cause: new Error('ECONNRESET') }),
    'Training failed after 3 attempts.',
    'X',
  ],
  [
    'a failed run',
    new WorkflowFailedError(
      'Workflow execution failed',
      ApplicationFailure.nonRetryable('Training failed after 3 attempts.', 'Failed'),
      RetryState.NON_RETRYABLE_FAILURE,
    ),
    'Training failed after 3 attempts.',
    'Failed',
  ],
  [
    'a lost worker',
    inActivity(new TimeoutFailure('activity Heartbeat timeout', undefined, TimeoutType.HEARTBEAT)),
    'The worker stopped reporting in the middle of this attempt (it was stopped, killed or cut off).',
    'Timeout',
  ],
  ['a cancellation', inActivity(new CancelledFailure('x')), 'Cancelled.', 'Cancelled'],
  ['anything else', 'odd', 'odd', null],
])('%s is told in its own words', (_, error, message, type) => {
  expect(failureView(error)).toMatchObject({ message, type })
})
