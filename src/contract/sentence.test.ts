import { describe, expect, it } from 'vitest'
import type { Decision, RunSummary } from './model.ts'
import { stages } from './model.ts'
import {
  describeRun,
  durationWords,
  exactWords,
  momentWords,
  type RunSentenceOptions,
  remainingWords,
  spanWords,
} from './sentence.ts'
import { runOf } from './testRun.ts'

const now = new Date('2025-11-23T14:06:00.000Z')
const at = (time: string) => `2025-11-23T${time}.000Z`
const base = runOf('mlops-1763906400-good_model', 0, {
  fileName: 'good_model.csv',
  stage: 'Queued',
  acceptedAt: at('14:02:00'),
  startedAt: at('14:02:01'),
  stageSince: at('14:02:00'),
  attempt: 0,
  maxAttempts: null,
})
const approved: Decision = {
  decisionId: 'd',
  decision: 'approve',
  reason: 'Better than the last one',
  operator: 'Ada',
  host: 'h',
  via: 'update',
  at: at('14:05:00'),
}
const bySignal: Decision = { ...approved, operator: null, host: null, via: 'signal' }

const cases: [string, Partial<RunSummary>, string][] = [
  [
    'a step on a full disk',
    { stage: 'Training', attempt: 1, maxAttempts: 3, waitsForRoom: true },
    'Training waits for room: the disk is full (4 min in this step). It goes on by itself once some space is free.',
  ],
  [
    'a paused step of which an attempt is still on a full disk',
    { stage: 'Training', attempt: 1, waitsForRoom: true, paused: { at: at('14:03:00'), by: 'ada', reason: 'Disk swap' } },
    'Training is paused since 14:03 by ada: Disk swap. It goes on when somebody resumes it.',
  ],
  ['queued', {}, 'Queued since 14:02 (4 min); starts by itself.'],
  [
    'queued with a late start',
    { problem: 'Temporal cannot be reached' },
    'Queued since 14:02 (4 min): Temporal cannot be reached.',
  ],
  [
    'a step nobody has picked up',
    { stage: 'Preprocessing', stageSince: at('14:05:50') },
    'Preprocessing waits for a free worker (10 s).',
  ],
  [
    'a step that cannot begin',
    { stage: 'Training', stageSince: at('14:05:50'), problem: 'All slots are taken' },
    'Training has not begun after 10 s: All slots are taken.',
  ],
  ['a first attempt', { stage: 'Training', attempt: 1, maxAttempts: 3, stageSince: at('14:05:22') }, 'Training for 38 s.'],
  ['judging', { stage: 'AssessingQuality', attempt: 1, stageSince: at('14:05:59') }, 'Assessing quality for 1 s.'],
  [
    'back-off before the last try',
    { stage: 'Training', attempt: 2, maxAttempts: 3, problem: 'GPU temporarily unavailable', retryAt: at('14:06:09') },
    'Training failed twice: GPU temporarily unavailable. Third and last try in 9 s.',
  ],
  [
    'back-off after one failure',
    { stage: 'DeployingDev', attempt: 1, maxAttempts: 3, problem: 'Port closed.', retryAt: at('14:06:02') },
    'Deploying to dev failed once: Port closed. Second try in 2 s.',
  ],
  [
    'back-off without an end',
    {
      stage: 'LoggingExperiment',
      attempt: 13,
      maxAttempts: null,
      problem: 'Postgres cannot be reached',
      retryAt: '2025-11-23T14:06:08.200Z',
    },
    'Logging the experiment failed 13 times: Postgres cannot be reached. Try 14 in 9 s.',
  ],
  [
    'unlimited attempts are told as 0 by the settings',
    { stage: 'LoggingExperiment', attempt: 2, maxAttempts: 0, problem: 'x', retryAt: at('14:06:01') },
    'Logging the experiment failed twice: x. Third try in 1 s.',
  ],
  [
    'a retry that is due',
    { stage: 'Training', attempt: 1, maxAttempts: 3, problem: 'GPU', retryAt: at('14:05:59') },
    'Training failed once: GPU. Second try is due now.',
  ],
  [
    'a later attempt under way',
    { stage: 'Training', attempt: 3, maxAttempts: 3, stageSince: at('14:04:00'), problem: 'GPU temporarily unavailable' },
    'Training: third and last try (2 min in this step). The one before failed: GPU temporarily unavailable.',
  ],
  [
    'awaits approval with a deadline tomorrow',
    { stage: 'AwaitingApproval', approvalDeadline: '2025-11-24T14:02:00.000Z' },
    'Waits for approval since 14:02 (4 min); rejects itself tomorrow 14:02.',
  ],
  ['awaits approval without a deadline', { stage: 'AwaitingApproval' }, 'Waits for approval since 14:02 (4 min).'],
  [
    'its deadline has passed',
    { stage: 'AwaitingApproval', approvalDeadline: at('14:05:59') },
    'Waits for approval since 14:02 (4 min); its deadline 14:05 has passed, so it rejects itself now.',
  ],
  [
    'decided here, not delivered',
    { stage: 'AwaitingApproval', decisionPending: true, approvalDeadline: '2025-11-24T14:02:00.000Z' },
    'Decided here; the decision is kept and delivered as soon as Temporal can be reached.',
  ],
  [
    'deploys to production',
    { stage: 'DeployingProd', attempt: 1, stageSince: at('14:05:57'), decision: approved },
    'Approved by Ada. Deploying to production for 3 s.',
  ],
  [
    'approved by a bare signal',
    { stage: 'DeployingProd', attempt: 1, stageSince: at('14:05:57'), decision: bySignal },
    'Approved by a Temporal client (no name given). Deploying to production for 3 s.',
  ],
  [
    'in production',
    { stage: 'Completed', endedAt: at('14:05:13'), decision: approved },
    'Completed 14:05 after 3 min 12 s: approved by Ada and deployed to production.',
  ],
  [
    'good enough for dev alone',
    { stage: 'Completed', endedAt: at('14:02:35') },
    'Completed 14:02 after 34 s: deployed to dev; production was not asked for.',
  ],
  [
    'gate failed',
    { stage: 'GateFailed', endedAt: at('14:03:00'), metrics: { accuracy: 0.6204, mae: 3.1, r2: 0.41 } },
    'Refused by the quality gate 14:03: accuracy 0.62, MAE 3.1, R² 0.41. Nothing was deployed.',
  ],
  [
    'gate failed, figures unknown',
    { stage: 'GateFailed', endedAt: at('14:03:00') },
    'Refused by the quality gate 14:03. Nothing was deployed.',
  ],
  [
    'rejected',
    { stage: 'Rejected', endedAt: at('14:05:00'), decision: { ...approved, decision: 'reject', reason: 'Too few rows' } },
    'Rejected 14:05 by Ada: Too few rows. The model stays in dev.',
  ],
  [
    'timed out',
    { stage: 'TimedOut', endedAt: '2025-11-22T09:30:00.000Z' },
    'Nobody decided, so it rejected itself yesterday 09:30. The model stays in dev.',
  ],
  [
    'failed at once',
    { stage: 'Failed', attempt: 1, endedAt: at('14:02:02'), problem: 'It is a PNG image, not a CSV.' },
    'Failed 14:02 after 1.0 s: It is a PNG image, not a CSV.',
  ],
  [
    'failed after all tries',
    { stage: 'Failed', attempt: 3, maxAttempts: 3, endedAt: at('14:03:00'), problem: 'GPU temporarily unavailable' },
    'Failed 14:03 after 59 s and 3 tries of its last step: GPU temporarily unavailable.',
  ],
  [
    'cancelled with a reason',
    { stage: 'Cancelled', endedAt: at('14:03:00'), problem: 'Wrong file' },
    'Cancelled 14:03: Wrong file.',
  ],
  [
    'cancelled, as Temporal says it',
    { stage: 'Cancelled', endedAt: at('14:03:01'), problem: 'Cancelled.' },
    'Cancelled 14:03 after 1 min.',
  ],
  [
    'cancelled in the moment of an approval',
    {
      stage: 'Cancelled',
      endedAt: at('14:03:01'),
      problem: 'Wrong file',
      decision: {
        decision: 'approve',
        decisionId: 'd',
        operator: 'ada',
        host: null,
        via: 'update',
        reason: 'Good',
        at: at('14:03:00'),
      },
    },
    'Approved by ada, then cancelled 14:03: Wrong file.',
  ],
  ['cancelled', { stage: 'Cancelled', endedAt: at('14:03:01') }, 'Cancelled 14:03 after 1 min.'],
]

describe('describeRun', () => {
  it.each(cases)('%s', (_name, change, sentence) => {
    expect(describeRun({ ...base, ...change }, now, { timeZone: 'UTC' })).toBe(sentence)
  })

  it('has a case for every stage', () => {
    const told = new Set(cases.map(([, change]) => change.stage ?? 'Queued'))
    expect([...stages].filter((stage) => !told.has(stage))).toEqual([])
  })
})

describe('words for times', () => {
  it.each([
    [-5, '0 s'],
    [59_999, '59 s'],
    [240_000, '4 min'],
    [7_500_000, '2 h 5 min'],
    [7_200_000, '2 h'],
    [273_600_000, '3 d 4 h'],
  ])('a span of %i ms is %s', (ms, words) => expect(spanWords(ms)).toBe(words))

  it.each([
    [420, '420 ms'],
    [1_449, '1.4 s'],
    [9_999, '9.9 s'],
    [38_900, '38 s'],
    [192_000, '3 min 12 s'],
    [180_000, '3 min'],
  ])('a duration of %i ms is %s', (ms, words) => expect(durationWords(ms)).toBe(words))

  it('rounds what remains up', () => expect(remainingWords(8_001)).toBe('9 s'))

  it.each([
    ['2025-11-23T00:01:00.000Z', 'UTC', '00:01'],
    ['2025-11-24T00:01:00.000Z', 'UTC', 'tomorrow 00:01'],
    ['2025-11-22T23:59:00.000Z', 'UTC', 'yesterday 23:59'],
    ['2025-11-20T08:05:00.000Z', 'UTC', '20 Nov 08:05'],
    ['2024-11-20T08:05:00.000Z', 'UTC', '20 Nov 2024 08:05'],
    // In Tokyo now is 23:06 on the 23rd: an hour later is already tomorrow.
    ['2025-11-23T15:06:00.000Z', 'Asia/Tokyo', 'tomorrow 00:06'],
  ])('%s in %s is %s', (iso, timeZone, words) => expect(momentWords(iso, now, { timeZone })).toBe(words))
})

describe('describeRun with the stack in sight', () => {
  const part = (state: 'up' | 'down' | 'off' | 'starting', detail = '') => ({
    ...{ state, summary: '', detail, remedy: '', progress: null, address: null },
  })
  const well = { temporal: part('up'), postgres: part('up'), worker: part('up') }
  const training: Partial<RunSummary> = { stage: 'Training', stageSince: at('14:05:50') }
  const logging: Partial<RunSummary> = {
    ...{ stage: 'LoggingExperiment', stageSince: at('14:05:00'), attempt: 14 },
    ...{ retryAt: at('14:06:08'), problem: 'Postgres refused the connection' },
  }
  const awaiting: Partial<RunSummary> = { stage: 'AwaitingApproval', stageSince: at('14:02:00'), attempt: 1 }
  const table: [string, Partial<RunSummary>, RunSentenceOptions['stack'], string][] = [
    ['all is well', training, well, 'Training waits for a free worker (10 s).'],
    [
      'the worker is held because keys are locked',
      training,
      { ...well, worker: part('down', 'The worker waits. The keychain is locked') },
      'Training waits for a worker (10 s): The worker waits. The keychain is locked.',
    ],
    [
      'the worker was stopped',
      training,
      { ...well, worker: part('off', 'Stopped by ada: maintenance') },
      'Training waits for a worker (10 s): Stopped by ada: maintenance.',
    ],
    [
      'the worker is only starting',
      training,
      { ...well, worker: part('starting') },
      'Training waits for a worker (10 s): The worker of this host is starting.',
    ],
    [
      'Postgres is down and the step retries',
      logging,
      { ...well, postgres: part('down') },
      'Logging the experiment failed 14 times: Postgres refused the connection. Try 15 in 8 s, or at once when Postgres is back.',
    ],
    [
      'Postgres is back and the step retries',
      logging,
      well,
      'Logging the experiment failed 14 times: Postgres refused the connection. Try 15 in 8 s.',
    ],
    [
      'a retry is due and no worker is there',
      { ...logging, retryAt: at('14:05:59') },
      { ...well, worker: part('off', 'Stopped by ada') },
      'Logging the experiment failed 14 times: Postgres refused the connection. Try 15 is due, and waits for a worker: Stopped by ada.',
    ],
    [
      'Temporal is down while a step runs',
      { ...training, attempt: 1 },
      { ...well, temporal: part('down') },
      'Training for 10 s. Temporal cannot be reached: this is the last known state, and it goes on when Temporal is back.',
    ],
    [
      'Temporal is down and a decision is on its way',
      { ...awaiting, decisionPending: true },
      { ...well, temporal: part('down') },
      'Decided here; the decision is kept and delivered as soon as Temporal can be reached.',
    ],
    ['a decision is put on record', { ...awaiting, decision: approved }, well, 'Approved by Ada; the decision is put on record.'],
    [
      'a decision cannot be put on record',
      { ...awaiting, decision: approved, retryAt: at('14:06:05'), problem: 'Postgres refused the connection' },
      { ...well, postgres: part('down') },
      'Approved by Ada. The decision is kept and not on record yet: Postgres refused the connection. It is tried again in 5 s, or at once when Postgres is back.',
    ],
    [
      'a step is paused',
      { ...training, attempt: 1, paused: { at: at('14:05:55'), by: 'ada@h', reason: 'GPU swap' } },
      well,
      'Training is paused since 14:05 by ada@h: GPU swap. It goes on when somebody resumes it.',
    ],
    [
      'a file that came while no worker is there',
      { stage: 'Queued', startedAt: null },
      { ...well, worker: part('down', 'The worker was stopped by ada: a new card.') },
      'Queued since 14:02 (4 min); waits for a worker: The worker was stopped by ada: a new card.',
    ],
    [
      'an ended run while Temporal is down',
      { stage: 'Completed', endedAt: at('14:05:01') },
      { ...well, temporal: part('down') },
      'Completed 14:05 after 3 min: deployed to dev; production was not asked for.',
    ],
  ]
  it.each(table)('%s', (_, change, stack, sentence) => {
    expect(describeRun({ ...base, ...change }, now, { timeZone: 'UTC', stack })).toBe(sentence)
  })
})

describe('moments in the operator’s way', () => {
  it.each([
    [at('14:02:00'), { timeZone: 'UTC', zoneName: true }, '14:02 UTC'],
    [at('14:02:00'), { timeZone: 'Asia/Tokyo', zoneName: true }, '23:02 GMT+9'],
    ['2025-11-23T20:02:00.000Z', { timeZone: 'Asia/Tokyo', zoneName: true }, 'tomorrow 05:02 GMT+9'],
    [at('14:02:07'), { timeZone: 'UTC', seconds: true }, '14:02:07'],
    [at('14:02:00'), { relative: true }, '4 min ago'],
    [at('14:06:00'), { relative: true }, '0 s ago'],
    ['2025-11-24T14:06:00.000Z', { relative: true }, 'in 1 d'],
  ])('%s with %o is %s', (iso, options, words) => expect(momentWords(iso, now, options)).toBe(words))

  it('says a deadline by its distance where moments are relative', () => {
    const run = { ...base, stage: 'AwaitingApproval' as const, approvalDeadline: '2025-11-24T14:02:00.000Z' }
    expect(describeRun(run, now, { relative: true })).toBe('Waits for approval for 4 min; rejects itself in 23 h 56 min.')
  })

  it('has an exact form for titles, in the chosen zone and in ISO', () => {
    expect(exactWords(at('14:02:07'), { timeZone: 'Asia/Tokyo' })).toBe(
      'Sunday, 23 November 2025 at 23:02:07 GMT+9\n2025-11-23T14:02:07.000Z',
    )
    expect(exactWords('never')).toBe('never')
  })
})
