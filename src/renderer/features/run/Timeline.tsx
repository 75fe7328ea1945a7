import { ChevronRight, CircleX } from 'lucide-react'
import { memo } from 'react'
import { isEndStage, type RunDetail, type Step } from '../../../contract/model.ts'
import { durationWords, remainingWords, spanWords } from '../../../contract/sentence.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { useNow } from '../../ui/clock.ts'
import { StepDetail } from './StepDetail.tsx'
import {
  createScale,
  longWaits,
  type Scale,
  type Segment,
  stepLabels,
  type TimelineRow,
  ticksOf,
  timelineOf,
} from './timeline.ts'

const stateWords: Record<Step['state'], string> = {
  waiting: 'not yet',
  scheduled: 'waits for a worker',
  running: 'running',
  backingOff: 'waits for its next try',
  paused: 'paused',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  skipped: 'skipped',
}
const percent = (share: number) => `${(share * 100).toFixed(3)}%`

/** A run's steps to scale. Long waits are drawn shortened, with a mark; the words always give the true length. */
export const Timeline = memo(function Timeline({ detail }: { detail: RunDetail }) {
  const now = useNow(!isEndStage(detail.stage))
  const timeline = timelineOf(detail, now)
  const scale = createScale(timeline.start, timeline.end, longWaits(timeline))
  const ticks = ticksOf(timeline.start, timeline.end, scale)
  return (
    <div className="timeline">
      <div className="timeline-axis" aria-hidden>
        <div className="timeline-ticks">
          {ticks.map((tick) => (
            <span key={tick.after} className={tick.x > 0.92 ? 'tick last' : 'tick'} style={{ left: percent(tick.x) }}>
              {tick.after === 0 ? '0' : durationWords(tick.after).replace(/\.0 s$/, ' s')}
            </span>
          ))}
        </div>
      </div>
      <ul>
        {timeline.rows.map((row) => (
          <Row
            key={row.step.step}
            row={row}
            detail={detail}
            scale={scale}
            now={timeline.now}
            at={now}
            ticks={ticks.map((t) => t.x)}
          />
        ))}
      </ul>
      {scale.breaks.length > 0 ? (
        <p className="timeline-note">
          <span className="break-sign" aria-hidden /> A long wait is drawn shortened:{' '}
          {scale.breaks.map((b) => spanWords(b.to - b.from)).join(', ')}.
        </p>
      ) : null}
    </div>
  )
})

function Row({
  row,
  detail,
  scale,
  now,
  at,
  ticks,
}: {
  row: TimelineRow
  detail: RunDetail
  scale: Scale
  now: number | null
  at: number
  ticks: number[]
}) {
  const { run } = useConsole()
  const { step } = row
  const open = useIn('run', (s) => s.openSteps.includes(step.step))
  const progress = useIn('run', (s) => s.progress[step.step])
  const idle = step.state === 'waiting' || step.state === 'skipped'
  const detailId = `step-${step.step}`
  const fraction =
    step.state === 'running' ? Math.max(progress?.progress.fraction ?? 0, step.progress?.fraction ?? 0) || null : null
  return (
    <li className={`step${open ? ' open' : ''}${idle ? ' idle' : ''}`} data-step={step.step} data-state={step.state}>
      <button
        type="button"
        className="step-line"
        aria-expanded={open}
        aria-controls={detailId}
        onClick={() => run.getState().toggleStep(step.step)}
      >
        <ChevronRight size={12} className="step-arrow" aria-hidden />
        <span className="step-name ellipsis">{stepLabels[step.step]}</span>
        <span className="sr-only">, {stateWords[step.state]}</span>
        <span className="step-track" aria-hidden>
          {ticks.map((x) => (
            <span key={x} className="gridline" style={{ left: percent(x) }} />
          ))}
          {row.segments.map((segment) => (
            <Bar key={`${segment.kind}${segment.from}`} segment={segment} scale={scale} fraction={fraction} />
          ))}
          {breaksOf(row, scale).map((b) => (
            <span key={b.from} className="axis-break" style={{ left: percent((scale.x(b.from) + scale.x(b.to)) / 2) }} />
          ))}
          {now === null ? null : <span className="now-line" style={{ left: percent(scale.x(now)) }} />}
        </span>
        <span className="step-span">
          <SpanWords row={row} at={at} />
        </span>
      </button>
      {open ? (
        <div id={detailId} className="step-detail">
          <StepDetail step={step} detail={detail} />
        </div>
      ) : null}
    </li>
  )
}

/** A break is marked on the bar that it shortens. */
const breaksOf = (row: TimelineRow, scale: Scale) =>
  scale.breaks.filter((b) => row.segments.some((segment) => segment.from <= b.from && segment.to >= b.to))

function SpanWords({ row, at }: { row: TimelineRow; at: number }) {
  const { step, span } = row
  if (step.state === 'skipped') return <span className="faint">skipped</span>
  if (step.state === 'paused') return <span className="tone-human">paused</span>
  if (step.state === 'backingOff' && step.retryAt) {
    const wait = Date.parse(step.retryAt) - at
    return <span className="tone-bad">{wait > 0 ? `in ${remainingWords(wait)}` : 'now'}</span>
  }
  if (!span) return <span className="faint">–</span>
  if (step.state === 'failed') {
    return (
      <span className="tone-bad step-failed">
        <CircleX size={12} aria-hidden />
        {durationWords(span.to - span.from)}
      </span>
    )
  }
  return <>{span.open ? spanWords(span.to - span.from) : durationWords(span.to - span.from)}</>
}

const kindWords: Record<Segment['kind'], string> = {
  queued: 'Waited for a worker',
  done: 'Completed',
  running: 'Running',
  failed: 'Failed',
  cancelled: 'Cancelled',
  wait: 'Wait before the next try',
  human: 'Waited for a decision',
}

function Bar({ segment, scale, fraction }: { segment: Segment; scale: Scale; fraction: number | null }) {
  const from = scale.x(segment.from)
  const to = scale.x(segment.to)
  const attempt = segment.attempt !== null && segment.attempt > 1 ? `Attempt ${segment.attempt}: ` : ''
  const title = `${attempt}${kindWords[segment.kind]}, ${durationWords(segment.to - segment.from)}${segment.message ? `. ${segment.message}` : ''}`
  return (
    <span className={`bar ${segment.kind}`} style={{ left: percent(from), width: percent(to - from) }} title={title}>
      {segment.kind === 'failed' && to - from > 0.03 ? (
        <span className="bar-text ellipsis">{to - from > 0.2 && segment.message ? `× ${segment.message}` : '×'}</span>
      ) : null}
      {segment.kind === 'running' && fraction !== null ? (
        <span className="bar-done" style={{ width: percent(Math.min(1, fraction)) }} />
      ) : null}
    </span>
  )
}
