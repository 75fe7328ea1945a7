import { describe, expect, it } from 'vitest'
import { isDone, standingOf } from './approvals.ts'
import type { Approvals } from './model.ts'

const at = '2026-11-25T10:00:00.000Z'
const by = (operator: string | null) => ({ operator, host: 'desk', reason: 'Better.', at })
const policy = (change: Partial<Approvals>): Approvals => ({ needed: 1, given: [], approvers: [], submitter: null, ...change })

describe('how an operator stands to the policy', () => {
  it.each<[string, Approvals | null, string, string, boolean, boolean]>([
    ['no policy is known', null, 'ada', '', true, true],
    ['one approval by anybody', policy({}), 'ada', '', true, true],
    ['the first of three', policy({ needed: 3 }), 'ada', '0 of 3 approvals; after yours 2 more are needed.', true, true],
    [
      'the last of two',
      policy({ needed: 2, given: [by('ben')] }),
      'ada',
      '1 of 2 approvals; yours would be the last.',
      true,
      true,
    ],
    [
      'approved already, in another case',
      policy({ needed: 2, given: [by('ADA ')] }),
      'ada',
      '1 of 2 approvals. You have approved already; one more approval by somebody else is needed.',
      false,
      true,
    ],
    [
      'the file is theirs',
      policy({ submitter: 'Ada' }),
      'ada',
      'You submitted this file, so another must approve. You may reject it.',
      false,
      true,
    ],
    [
      'not among those who may',
      policy({ approvers: ['ben', 'cleo'] }),
      'ada',
      'Only ben or cleo may decide on this run.',
      false,
      false,
    ],
  ])('%s', (_, approvals, operator, words, mayApprove, mayReject) => {
    const standing = standingOf(approvals, operator)
    expect(standing.words).toBe(words)
    expect([standing.approve === null, standing.reject === null]).toEqual([mayApprove, mayReject])
  })

  it('is done once they have approved; a bare signal is nobody’s', () => {
    expect(isDone({ approvals: policy({ needed: 2, given: [by('Ada')] }) }, 'ada')).toBe(true)
    expect(isDone({ approvals: policy({ needed: 2, given: [by(null)] }) }, 'ada')).toBe(false)
    expect(isDone({ approvals: null }, 'ada')).toBe(false)
  })
})
