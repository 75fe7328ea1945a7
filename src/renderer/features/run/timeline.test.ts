import { describe, expect, it } from 'vitest'
import type { RunDetail, Step } from '../../../contract/model.ts'
import { createScale, longWaits, ticksOf, timelineOf } from './timeline.ts'

const t0 = Date.parse('2025-11-23T14:00:00.000Z')
const iso = (seconds: number) => new Date(t0 + seconds * 1000).toISOString()
const step = (change: Partial<Step>): Step => ({
  step: 'train_model',
  kind: 'activity',
  state: 'completed',
  scheduledAt: iso(0),
  endedAt: null,
  attempts: [],
  maxAttempts: 3,
  retryAt: null,
  paused: null,
  progress: null,
  eventIds: [],
  ...change,
})
const attempt = (n: number, from: number, to: number | null, outcome: Step['attempts'][number]['outcome'], message?: string) => ({
  attempt: n,
  startedAt: iso(from),
  endedAt: to === null ? null : iso(to),
  outcome,
  failure: message ? { message, type: null, nonRetryable: false, stack: null } : null,
  worker: null,
})
const detail = (steps: Step[], endedAt: string | null = null, sentBack: number[] = []) =>
  ({
    startedAt: iso(0),
    acceptedAt: iso(0),
    endedAt,
    steps,
    resets: sentBack.map((at) => ({ at: iso(at) })),
  }) as unknown as RunDetail
const shape = (timeline: ReturnType<typeof timelineOf>) =>
  timeline.rows.map((row) => row.segments.map((s) => `${s.kind} ${(s.from - t0) / 1000}-${(s.to - t0) / 1000}`))

describe('timelineOf', () => {
  it('draws queue, failed attempts, waits and the announced wait that reaches past now', () => {
    const timeline = timelineOf(
      detail([
        step({
          state: 'backingOff',
          retryAt: iso(20),
          attempts: [attempt(1, 1, 3, 'failed', 'GPU'), attempt(2, 8, 10, 'timedOut')],
        }),
      ]),
      t0 + 12_000,
    )
    expect(shape(timeline)).toEqual([['queued 0-1', 'failed 1-3', 'wait 3-8', 'failed 8-10', 'wait 10-20']])
    expect(timeline.rows[0]?.segments[1]?.message).toBe('GPU')
    expect(timeline.rows[0]?.segments[3]?.message).toBe('Timed out')
    expect(timeline.end).toBe(t0 + 20_000)
    expect(timeline.now).toBe(t0 + 12_000)
  })

  it('lets a running attempt and a human wait grow until now', () => {
    const timeline = timelineOf(
      detail([
        step({ state: 'running', attempts: [attempt(1, 0, null, 'running')] }),
        step({ step: 'await_production_approval', kind: 'human', state: 'running', scheduledAt: iso(4) }),
      ]),
      t0 + 9000,
    )
    expect(shape(timeline)).toEqual([['running 0-9'], ['human 4-9']])
  })

  it('stands still once the run is over', () => {
    const over = detail([step({ endedAt: iso(5), attempts: [attempt(1, 0, 5, 'completed')] })], iso(5))
    expect(timelineOf(over, t0 + 1_000_000)).toEqual(timelineOf(over, t0 + 2_000_000))
    expect(timelineOf(over, t0 + 1_000_000).now).toBeNull()
  })

  it('says which attempts were not seen, and draws their time as unknown', () => {
    const timeline = timelineOf(detail([step({ state: 'running', attempts: [attempt(4, 30, null, 'running')] })]), t0 + 40_000)
    expect(shape(timeline)).toEqual([['unseen 0-30', 'running 30-40']])
    expect(timeline.rows[0]?.segments[0]?.message).toBe('Attempts 1–3 were not seen by this host')
  })

  it('knows a gap between attempts from a wait', () => {
    const attempts = [attempt(1, 0, 2, 'failed'), attempt(2, 5, 6, 'failed'), attempt(4, 20, 22, 'completed')]
    const timeline = timelineOf(detail([step({ endedAt: iso(22), attempts })], iso(22)), t0)
    expect(shape(timeline)).toEqual([['failed 0-2', 'wait 2-5', 'failed 5-6', 'unseen 6-20', 'done 20-22']])
    expect(timeline.rows[0]?.segments[3]?.message).toBe('Attempt 3 was not seen by this host')
  })

  it('a run that was sent back waited for nothing between what it left and what it did anew', () => {
    const timeline = timelineOf(
      detail(
        [
          step({
            scheduledAt: iso(90),
            endedAt: iso(94),
            attempts: [attempt(1, 0, 4, 'completed'), attempt(2, 91, 94, 'completed')],
          }),
          step({
            step: 'log_experiment',
            ...{ scheduledAt: iso(7_000), state: 'completed', endedAt: iso(7_001) },
            attempts: [attempt(1, 4, 5, 'failed'), attempt(2, 94, 95, 'failed'), attempt(3, 7_000, 7_001, 'completed')],
          }),
        ],
        iso(7_001),
        [90, 6_999],
      ),
      t0,
    )
    expect(shape(timeline)).toEqual([
      ['done 0-4', 'queued 90-91', 'done 91-94'],
      ['failed 4-5', 'failed 94-95', 'done 7000-7001'],
    ])
    expect(timeline.rows.map(({ span }) => span && [span.from - t0, span.since - t0, span.to - t0])).toEqual([
      [0, 90_000, 94_000],
      [4_000, 7_000_000, 7_001_000],
    ])
    expect(longWaits(timeline)).toEqual([
      { from: t0 + 5_000, to: t0 + 90_000 },
      { from: t0 + 95_000, to: t0 + 7_000_000 },
    ])
  })

  it('what had completed and was made again did not wait in between, also where no reset is told', () => {
    const made = step({ endedAt: iso(30), attempts: [attempt(1, 0, 4, 'completed'), attempt(2, 20, 30, 'completed')] })
    expect(shape(timelineOf(detail([made], iso(30)), t0))).toEqual([['done 0-4', 'done 20-30']])
  })

  it('a step that was cancelled while it waited waited until then', () => {
    const cancelled = step({ state: 'cancelled', attempts: [attempt(1, 1, 2, 'failed')] })
    const none = step({ step: 'log_experiment', state: 'cancelled', scheduledAt: iso(3) })
    const told = step({ step: 'deploy_dev', state: 'cancelled', attempts: [attempt(1, 1, 2, 'cancelled')] })
    expect(shape(timelineOf(detail([cancelled, none, told], iso(9)), t0))).toEqual([
      ['queued 0-1', 'failed 1-2', 'wait 2-9'],
      ['queued 3-9'],
      ['queued 0-1', 'cancelled 1-2'],
    ])
  })

  it('a step that has not come up has no bar', () => {
    expect(timelineOf(detail([step({ state: 'waiting', scheduledAt: null })]), t0 + 1).rows[0]).toMatchObject({
      segments: [],
      span: null,
    })
  })
})

describe('createScale', () => {
  it('is linear without breaks', () => {
    const { x } = createScale(0, 100)
    expect([x(0), x(25), x(100), x(-5), x(500)]).toEqual([0, 0.25, 1, 0, 1])
  })

  it('shortens a break and keeps order and ends', () => {
    const { x } = createScale(0, 1_000_020, [{ from: 10, to: 1_000_010 }])
    expect(x(0)).toBe(0)
    expect(x(1_000_020)).toBeCloseTo(1)
    expect(x(1_000_010) - x(10)).toBeCloseTo(0.16)
    expect(x(10)).toBeCloseTo(0.42)
    const points = [0, 5, 10, 1000, 500_000, 1_000_010, 1_000_015, 1_000_020].map(x)
    expect(points).toEqual([...points].sort((a, b) => a - b))
  })

  it('finds the moment at a place, inside a break and out of it', () => {
    const scale = createScale(0, 1_000_020, [{ from: 10, to: 1_000_010 }])
    for (const t of [0, 5, 10, 300_000, 1_000_010, 1_000_016, 1_000_020]) expect(scale.at(scale.x(t))).toBeCloseTo(t, 3)
    expect([scale.at(-1), scale.at(2)]).toEqual([0, 1_000_020])
  })

  it('a timeline that is nothing but a wait still fills its width', () => {
    const { x } = createScale(0, 1000, [{ from: 0, to: 1000 }])
    expect([x(0), x(500), x(1000)]).toEqual([0, 0.5, 1])
  })
})

describe('longWaits', () => {
  const human = (seconds: number) =>
    timelineOf(
      detail([
        step({ attempts: [attempt(1, 0, 20, 'completed')], endedAt: iso(20) }),
        step({ step: 'await_production_approval', kind: 'human', state: 'running', scheduledAt: iso(20) }),
      ]),
      t0 + (20 + seconds) * 1000,
    )
  it('breaks a wait of minutes beside steps of seconds', () => expect(longWaits(human(600))).toHaveLength(1))
  it('breaks a second long wait too, as it would be all that is left to see', () => {
    const timeline = timelineOf(
      detail([
        step({ attempts: [attempt(1, 0, 2, 'failed'), attempt(2, 3602, 3604, 'completed')], endedAt: iso(3604) }),
        step({ step: 'await_production_approval', kind: 'human', state: 'running', scheduledAt: iso(3604) }),
      ]),
      t0 + (3604 + 20 * 3600) * 1000,
    )
    expect(longWaits(timeline).map((b) => (b.to - b.from) / 1000)).toEqual([3600, 72_000])
  })
  it('leaves a wait of seconds to scale', () => expect(longWaits(human(40))).toHaveLength(0))
})

describe('ticksOf', () => {
  it('gives round marks', () => {
    expect(ticksOf(0, 24_000, createScale(0, 24_000)).map((tick) => tick.after)).toEqual([0, 5000, 10_000, 15_000, 20_000])
  })
  it('has no mark inside a break', () => {
    const scale = createScale(0, 1_000_000, [{ from: 20_000, to: 980_000 }])
    expect(ticksOf(0, 1_000_000, scale).filter((tick) => tick.after > 20_000 && tick.after < 980_000)).toEqual([])
  })
  it.each([
    ['milliseconds', 12, 5],
    ['a week', 7 * 86_400_000, 2 * 86_400_000],
    ['a quarter of an hour', 900_000, 300_000],
  ])('marks %s sensibly', (_, length, every) => {
    const ticks = ticksOf(0, length, createScale(0, length))
    expect(new Set(ticks.map((tick) => tick.every))).toEqual(new Set([every]))
    expect(ticks.length).toBeGreaterThan(1)
  })
  it('is round to an origin before the view', () => {
    const scale = createScale(0, 100_000)
    expect(ticksOf(13_000, 47_000, scale, -3000).map((tick) => tick.after)).toEqual([20_000, 30_000, 40_000])
  })
})
