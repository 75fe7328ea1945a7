import { expect, test } from 'vitest'
import type { HistoryEvent } from '../../../contract/history.ts'
import { fits, typeWords } from './eventWords.ts'

const event: HistoryEvent = {
  id: '17',
  type: 'ActivityTaskFailed',
  at: null,
  subject: 'log_experiment',
  answers: '15',
  failures: [{ path: 'failure', message: 'The row was refused.', type: 'DatabaseConfiguration', stack: null }],
  facts: [{ name: 'retryPolicy.maximumAttempts', value: '3' }],
  payloads: [
    {
      ...{ label: 'failure.applicationFailureInfo.details', encoding: 'json/plain', keyId: null, sizeBytes: 9, stored: '' },
      ...{
        holds: null,
        json: '{"row":9007199254740993,"api_token":"t-1337","tag":"\\u003cb\\u003e"}',
        plain: null,
        unreadable: null,
        ref: null,
      },
    },
  ],
}

test('an event is named in words, also one that has no name here', () => {
  expect(typeWords('ActivityTaskFailed')).toBe('Activity task failed')
  expect(typeWords('')).toBe('Unknown event')
})

test.each([
  '',
  ' 17 ',
  'task fail',
  'TaskFailed',
  'LOG_exp',
  'row was',
  'databaseconf',
  '9007199254740993',
  'api_token',
  'info.details',
  '<B>',
])('the filter finds the event by "%s"', (text) => expect(fits(event, text)).toBe(true))

// The token's name is in sight, the token is not.
test.each(['15', 'signal', '9007199254740992', 't-1337'])('the filter leaves it out for "%s"', (text) =>
  expect(fits(event, text)).toBe(false),
)
