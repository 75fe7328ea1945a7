/** Where the bars of a run's timeline stand: plain geometry, so that it is checked without drawing. */
import type { Attempt, RunDetail, Step, StepName } from '../../../contract/model.ts'

export type SegmentKind = 'queued' | 'done' | 'running' | 'failed' | 'cancelled' | 'wait' | 'human'
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
  /** From the first to the last moment of the step; null while it has not come up. */
  span: { from: number; to: number; open: boolean } | null
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

function segmentsOf(step: Step, now: number): Segment[] {
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
  for (const [index, attempt] of step.attempts.entries()) {
    const from = time(attempt.startedAt)
    add(index === 0 && attempt.attempt <= 1 ? 'queued' : 'wait', at, from)
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
  if (step.state === 'backingOff') add('wait', at, step.retryAt ? Math.max(time(step.retryAt), now) : now)
  else if (step.state === 'scheduled' || step.state === 'paused') add(step.attempts.length === 0 ? 'queued' : 'wait', at, now)
  return segments
}

/** The timeline of a run at a moment. A wait that is announced to last longer than now reaches past the now-line. */
export function timelineOf(detail: RunDetail, now: number): Timeline {
  const over = detail.endedAt !== null
  const rows = detail.steps.map((step): TimelineRow => {
    const segments = segmentsOf(step, over ? time(detail.endedAt as string) : now)
    const first = segments[0]
    const last = segments.at(-1)
    const open = !over && ['running', 'backingOff', 'scheduled', 'paused'].includes(step.state)
    return { step, segments, span: first && last ? { from: first.from, to: open ? now : last.to, open } : null }
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

/** A wait longer than this share of the whole is drawn shortened, or nothing else could be seen beside it. */
const longShare = 0.4
/** Shorter ones are drawn to scale in any case, in milliseconds: a back-off of seconds belongs to the picture. */
const longMs = 60_000
/** What a shortened wait keeps of the width. */
const breakShare = 0.16

/** The long waits of a timeline, in which nothing worked and only time passed. */
export function longWaits({ start, end, rows }: Timeline): Break[] {
  const total = end - start
  return rows
    .flatMap((row) => row.segments)
    .filter((s) => (s.kind === 'human' || s.kind === 'wait') && s.to - s.from > Math.max(longMs, total * longShare))
    .map(({ from, to }) => ({ from, to }))
    .sort((a, b) => a.from - b.from)
}

export interface Scale {
  /** Share of the width, 0 to 1. */
  x(t: number): number
  breaks: Break[]
}

/** Linear outside of the breaks; each break takes a fixed share of the width and is linear inside. */
export function createScale(start: number, end: number, breaks: readonly Break[] = []): Scale {
  const total = Math.max(1, end - start)
  const kept = breaks.filter((b) => b.to > b.from).slice(0, 3)
  const broken = kept.reduce((sum, b) => sum + (b.to - b.from), 0)
  const rest = total - broken
  const widthOfBreak = rest > 0 ? breakShare : 1 / Math.max(1, kept.length)
  const perMs = rest > 0 ? (1 - kept.length * widthOfBreak) / rest : 0
  return {
    breaks: kept,
    x(t) {
      const at = Math.min(end, Math.max(start, t))
      let x = (at - start) * perMs
      for (const b of kept) {
        const inside = Math.min(at, b.to) - b.from
        if (inside <= 0) continue
        x += (inside / (b.to - b.from)) * widthOfBreak - inside * perMs
      }
      return Math.min(1, Math.max(0, x))
    },
  }
}

const tickSteps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400].map(
  (s) => s * 1000,
)

export interface Tick {
  x: number
  /** Milliseconds since the start. */
  after: number
}

/** Round marks, at most `most` of them where the scale is linear; none inside a break. */
export function ticksOf(start: number, end: number, scale: Scale, most = 5): Tick[] {
  const linear = end - start - scale.breaks.reduce((sum, b) => sum + (b.to - b.from), 0)
  const every = tickSteps.find((step) => linear / step <= most) ?? Math.ceil(linear / most)
  const ticks: Tick[] = []
  const take = (from: number, to: number) => {
    for (let after = Math.ceil((from - start) / every) * every; start + after < to; after += every) {
      ticks.push({ after, x: scale.x(start + after) })
    }
  }
  let at = start
  for (const b of scale.breaks) {
    take(at, b.from)
    at = b.to
  }
  take(at, end)
  // Marks closer than a label's width would run into each other.
  return ticks.filter((tick, i) => i === 0 || tick.x - (ticks[i - 1]?.x ?? 0) > 0.07)
}
