/** Where the bars of a run's timeline stand: plain geometry, so that it is checked without drawing. */
import type { Attempt, RunDetail, Step, StepName } from '../../../contract/model.ts'

export type SegmentKind = 'queued' | 'done' | 'running' | 'failed' | 'cancelled' | 'wait' | 'unseen' | 'human'
export interface Segment {
  kind: SegmentKind
  from: number
  to: number
  attempt: number | null
  message: string | null
}
export interface TimelineRow {
  step: Step
  segments: Segment[]
  /**
   * From the first to the last moment of the step; null while it has not come up. `since`: when it was taken up last, which is
   * later than `from` where the run was sent back.
   */
  span: { from: number; to: number; since: number; open: boolean } | null
}
export interface Timeline {
  start: number
  end: number
  /** Drawn while the run goes on. */
  now: number | null
  rows: TimelineRow[]
}

export const stepLabels: Record<StepName, string> = {
  preprocess_data: 'Preprocess',
  train_model: 'Train',
  log_experiment: 'Log experiment',
  assess_model_quality: 'Assess quality',
  deploy_dev: 'Deploy to dev',
  await_production_approval: 'Approval',
  record_decision: 'Record decision',
  deploy_prod: 'Deploy to prod',
}

const time = (iso: string) => Date.parse(iso)

const kindOfAttempt: Record<Attempt['outcome'], SegmentKind> = {
  running: 'running',
  completed: 'done',
  failed: 'failed',
  timedOut: 'failed',
  lost: 'failed',
  cancelled: 'cancelled',
}
const outcomeMessage: Partial<Record<Attempt['outcome'], string>> = {
  timedOut: 'Timed out',
  lost: 'The worker went away',
  cancelled: 'Cancelled',
}

/** `Attempts 3–7 were not seen by this host`; null where none is missing. */
export function unseenWords(from: number, to: number): string | null {
  if (to < from) return null
  return from === to ? `Attempt ${from} was not seen by this host` : `Attempts ${from}–${to} were not seen by this host`
}

/** When a step was taken up anew between two moments, and when it was scheduled then; null where it was not. */
function takenUpAnew(step: Step, sentBack: readonly number[], after: number, from: number) {
  const scheduled = step.scheduledAt ? time(step.scheduledAt) : null
  const inside = (at: number) => at > after && at <= from
  if (scheduled !== null && inside(scheduled)) return scheduled
  return sentBack.some(inside) ? from : null
}

function segmentsOf(step: Step, now: number, sentBack: readonly number[]): Segment[] {
  const end = step.endedAt ? time(step.endedAt) : now
  if (step.kind === 'human') {
    const from = step.scheduledAt ?? step.attempts[0]?.startedAt
    return from ? [{ kind: 'human', from: time(from), to: Math.max(time(from), end), attempt: null, message: null }] : []
  }
  const segments: Segment[] = []
  const add = (kind: SegmentKind, from: number, to: number, attempt: number | null = null, message: string | null = null) => {
    if (to >= from && (attempt !== null || to > from)) segments.push({ kind, from, to, attempt, message })
  }
  // Temporal may have dropped the earliest attempts: the bar begins with what is known.
  let at = step.scheduledAt ? time(step.scheduledAt) : step.attempts[0] ? time(step.attempts[0].startedAt) : null
  if (at === null) return []
  let before = 0
  let done = false
  for (const attempt of step.attempts) {
    const from = time(attempt.startedAt)
    const unseen = unseenWords(before + 1, attempt.attempt - 1)
    // What had completed is made again only by a run that was sent back, also where its history no longer tells that.
    const anew = before === 0 ? null : (takenUpAnew(step, sentBack, at, from) ?? (done ? from : null))
    done = attempt.outcome === 'completed'
    const why = attempt.failureBefore ? `; the last of them failed: ${attempt.failureBefore.message}` : ''
    if (unseen) add('unseen', at, from, null, unseen + why)
    // Between what the run was sent back from and what it does anew, this step waited for nothing.
    else if (anew !== null) add('queued', anew, from)
    else add(before === 0 ? 'queued' : 'wait', at, from)
    before = attempt.attempt
    const to = attempt.endedAt ? time(attempt.endedAt) : Math.max(from, end)
    add(
      kindOfAttempt[attempt.outcome],
      from,
      to,
      attempt.attempt,
      attempt.failure?.message ?? outcomeMessage[attempt.outcome] ?? null,
    )
    at = to
  }
  const left = step.attempts.at(-1)?.outcome
  // Cancelled while it waited: up to then it did.
  if (step.state === 'cancelled' && left !== 'cancelled' && left !== 'completed') add(left ? 'wait' : 'queued', at, end)
  if (step.state === 'backingOff') add('wait', at, step.retryAt ? Math.max(time(step.retryAt), now) : now)
  else if (step.state === 'scheduled' || step.state === 'paused') add(step.attempts.length === 0 ? 'queued' : 'wait', at, now)
  return segments
}

/** The timeline of a run at a moment. A wait that is announced to last longer than now reaches past the now-line. */
export function timelineOf(detail: RunDetail, now: number): Timeline {
  const over = detail.endedAt !== null
  const sentBack = detail.resets.map(({ at }) => time(at))
  const rows = detail.steps.map((step): TimelineRow => {
    const segments = segmentsOf(step, over ? time(detail.endedAt as string) : now, sentBack)
    const first = segments[0]
    const last = segments.at(-1)
    const open = !over && ['running', 'backingOff', 'scheduled', 'paused'].includes(step.state)
    if (!first || !last) return { step, segments, span: null }
    const anew = segments.findLast(({ from }, index) => index === 0 || from > (segments[index - 1] as Segment).to) ?? first
    return { step, segments, span: { from: first.from, to: open ? now : last.to, since: anew.from, open } }
  })
  const all = rows.flatMap((row) => row.segments)
  const start = Math.min(time(detail.startedAt ?? detail.acceptedAt), ...all.map((s) => s.from))
  const last = Math.max(start + 1, over ? time(detail.endedAt as string) : now, ...all.map((s) => s.to))
  return { start, end: last, now: over ? null : now, rows }
}

export interface Break {
  from: number
  to: number
}

/** A wait longer than this share of what is not cut yet is drawn shortened, or nothing else could be seen beside it. */
const longShare = 0.4
/** Shorter ones are drawn to scale in any case, in milliseconds: a back-off of seconds belongs to the picture. */
const longMs = 60_000
/** What a shortened wait keeps of the width. */
const breakShare = 0.16
const mostBreaks = 3
const idleKinds: ReadonlySet<SegmentKind> = new Set<SegmentKind>(['queued', 'human', 'wait', 'unseen'])

/** The long waits of a timeline, in which nothing worked and only time passed, in their order. */
export function longWaits({ start, end, rows }: Timeline): Break[] {
  const segments = rows.flatMap((row) => row.segments)
  const waits = segments
    .filter(({ kind }) => idleKinds.has(kind))
    .map(({ from, to }): Break => ({ from, to }))
    .concat(standstills(start, segments))
    .sort((a, b) => b.to - b.from - (a.to - a.from))
  let rest = end - start
  const long: Break[] = []
  for (const { from, to } of waits) {
    if (long.length === mostBreaks || to - from <= Math.max(longMs, rest * longShare)) break
    long.push({ from, to })
    rest -= to - from
  }
  return long.sort((a, b) => a.from - b.from)
}

/** Before the first step, and between an end and the moment that the run was sent back, nothing happened at all. */
function standstills(start: number, segments: readonly Segment[]): Break[] {
  const gaps: Break[] = []
  let until = start
  for (const { from, to } of [...segments].sort((a, b) => a.from - b.from)) {
    if (from > until) gaps.push({ from: until, to: from })
    until = Math.max(until, to)
  }
  return gaps
}

export interface Scale {
  /** Share of the width; what lies outside of a zoomed view is below 0 or above 1. */
  x(t: number): number
  /** The moment at a share of the width. */
  at(x: number): number
  breaks: readonly Break[]
}

/** Linear outside of the breaks; each break takes a fixed share of the width and is linear inside. Holds its ends. */
export function createScale(start: number, end: number, breaks: readonly Break[] = []): Scale {
  const total = Math.max(1, end - start)
  const kept = breaks.filter((b) => b.to > b.from).slice(0, mostBreaks)
  const rest = total - kept.reduce((sum, b) => sum + (b.to - b.from), 0)
  const widthOfBreak = rest > 0 ? breakShare : 1 / Math.max(1, kept.length)
  const perMs = rest > 0 ? (1 - kept.length * widthOfBreak) / rest : 0
  // Between two neighbouring knots the scale is linear.
  const knots = [{ t: start, x: 0 }]
  for (const b of kept) {
    const { t, x } = knots.at(-1) as (typeof knots)[number]
    const begins = x + (b.from - t) * perMs
    knots.push({ t: b.from, x: begins }, { t: b.to, x: begins + widthOfBreak })
  }
  knots.push({ t: start + total, x: 1 })
  const between = (value: number, from: 't' | 'x', to: 't' | 'x') => {
    const first = knots[0] as (typeof knots)[number]
    if (value <= first[from]) return first[to]
    for (const [index, right] of knots.entries()) {
      const left = knots[index - 1]
      if (!left || value > right[from]) continue
      const length = right[from] - left[from]
      return length === 0 ? right[to] : left[to] + ((value - left[from]) / length) * (right[to] - left[to])
    }
    return (knots.at(-1) as (typeof knots)[number])[to]
  }
  return { breaks: kept, x: (t) => between(t, 't', 'x'), at: (x) => between(x, 'x', 't') }
}

const day = 86_400
/** In milliseconds; no zone turns its clock by more. */
const hour = 3_600_000
const tickSteps = [
  ...[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600],
  ...[7200, 10_800, 21_600, 43_200, day, 2 * day, 7 * day, 14 * day],
].map((s) => s * 1000)

export interface Tick {
  x: number
  /** Milliseconds since the origin. */
  after: number
  /** Milliseconds from mark to mark: how fine a label has to be. */
  every: number
}

/**
 * Round marks between two moments, at most `most` of them where the scale is linear; none inside a break.
 * @param origin what the marks are round to: the start of the run for lengths, a midnight for clock times
 * @param turned by how much the zone's clock was turned back since the origin: marks of hours and days stay round by it
 */
export function ticksOf(
  from: number,
  to: number,
  scale: Scale,
  origin = from,
  most = 5,
  turned: (at: number) => number = () => 0,
): Tick[] {
  const breaks = scale.breaks.map((b) => ({ from: Math.max(from, b.from), to: Math.min(to, b.to) })).filter((b) => b.to > b.from)
  const linear = to - from - breaks.reduce((sum, b) => sum + (b.to - b.from), 0)
  // A view that is nearly all break has marks too.
  const broken = breaks.reduce((sum, b) => sum + scale.x(b.to) - scale.x(b.from), 0)
  const inside = broken > 0.9
  const length = inside ? to - from : linear
  const every = tickSteps.find((step) => length / step <= most) ?? Math.ceil(length / most)
  const ticks: Tick[] = []
  const margin = every >= hour ? hour : 0
  const take = (a: number, b: number) => {
    for (let round = Math.ceil((a - margin - origin) / every) * every; origin + round < b + margin; round += every) {
      const after = round + (margin > 0 ? turned(origin + round) : 0)
      if (origin + after >= a && origin + after < b) ticks.push({ after, every, x: scale.x(origin + after) })
    }
  }
  let at = from
  for (const b of inside ? [] : breaks) {
    take(at, b.from)
    at = b.to
  }
  take(at, to)
  // Marks closer than a label's width would run into each other.
  let last = Number.NEGATIVE_INFINITY
  return ticks.filter(({ x }) => {
    const apart = x - last > 0.07
    if (apart) last = x
    return apart
  })
}
