import { describe, expect, it } from 'vitest'
import { createNoticeGroups } from './noticeGroups.ts'
import type { Notice } from './notices.ts'

const notice = (n: number, kind: Notice['kind'] = 'runFailed'): Notice => ({
  kind,
  title: 'Run failed',
  body: `file ${n}: no column to learn.`,
  subject: `file ${n}`,
  workflowId: `w${n}`,
})

describe('notices that come close to each other', () => {
  it('are shown one by one while they are few, and each opens its run', () => {
    expect(createNoticeGroups().add([notice(1), notice(2, 'approvalPending')])).toMatchObject([
      { title: 'Run failed', count: 1, opens: { place: 'run', workflowId: 'w1' } },
      { kind: 'approvalPending', opens: { place: 'run', workflowId: 'w2' } },
    ])
  })

  it('become one with a number, which opens the list of them', () => {
    const twenty = Array.from({ length: 20 }, (_, n) => notice(n))
    expect(createNoticeGroups().add(twenty)).toMatchObject([
      {
        title: '20 runs failed',
        body: 'file 0, file 1, file 2 and 17 more',
        count: 20,
        opens: { place: 'runs', stages: ['Failed'] },
        replaces: [],
      },
    ])
  })

  it('also when they come one after the other: the fourth takes the place of the three before it', () => {
    let now = 0
    const groups = createNoticeGroups(() => now)
    const shown = [1, 2, 3, 4, 5].map((n) => {
      now += 20_000
      return groups.add([notice(n)])
    })
    const tags = shown.map(([one]) => one?.tag)
    expect(shown[3]).toMatchObject([{ title: '4 runs failed', replaces: tags.slice(0, 3) }])
    expect(shown[4]).toMatchObject([{ title: '5 runs failed', replaces: [tags[3]] }])
    now += 61_000
    expect(groups.add([notice(6)])).toMatchObject([{ title: 'Run failed', replaces: [] }])
  })

  it('ask for no decision that was made: it is counted no more, and what tells of none of them is taken off', () => {
    const groups = createNoticeGroups()
    const pending = (...numbers: number[]) => numbers.map((n) => notice(n, 'approvalPending'))
    const [first, second] = groups.add(pending(1, 2))
    expect(groups.decided(['w1'])).toEqual([first?.tag])
    expect(groups.decided(['w1', 'elsewhere'])).toEqual([])
    const [joined] = groups.add(pending(3, 4, 5))
    expect(joined).toMatchObject({ title: '4 runs wait for approval', runs: ['w2', 'w3', 'w4', 'w5'], replaces: [second?.tag] })
    expect(groups.decided(['w3', 'w4'])).toEqual([])
    expect(groups.decided(['w2', 'w5'])).toEqual([joined?.tag])
    // A failure is none.
    groups.add([notice(6)])
    expect(groups.decided(['w6'])).toEqual([])
  })

  it('of the stack and of refused decisions are never joined: each says something of its own', () => {
    const refused = Array.from({ length: 6 }, (_, n) => notice(n, 'decisionRefused'))
    expect(createNoticeGroups().add(refused)).toHaveLength(6)
  })
})
