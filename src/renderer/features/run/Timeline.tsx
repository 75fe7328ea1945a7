import { ChevronRight, CircleX, ZoomIn, ZoomOut } from 'lucide-react'
import { memo, type PointerEvent, type RefObject, useLayoutEffect, useRef, useState } from 'react'
import { isEndStage, type RunDetail, type Step } from '../../../contract/model.ts'
import { durationWords, remainingWords, spanWords } from '../../../contract/sentence.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { IconButton } from '../../ui/Button.tsx'
import { CopyButton } from '../../ui/Copy.tsx'
import { useNow } from '../../ui/clock.ts'
import { count, middleCut, plural } from '../../ui/format.ts'
import { Moment, useTimes } from '../../ui/times.tsx'
import { type Mark, marksOf, mergedWords } from './marks.ts'
import { useProgress } from './progress.ts'
import { StepDetail } from './StepDetail.tsx'
import { apart, clockWords, lengthWords, midnightBefore, placeOf, turnedBack } from './tickWords.ts'
import {
  type Break,
  createScale,
  longWaits,
  type Scale,
  type Segment,
  stepLabels,
  type Tick,
  type TimelineRow,
  ticksOf,
  timelineOf,
} from './timeline.ts'
import { useViewport, type Viewport, zoomStep } from './useViewport.ts'
import { scaleOf } from './viewport.ts'

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
/** As the styles have them: what is thinner is drawn so wide, and stays in sight at the right end too. */
const [thinnestBar, line] = [3, 1]
const inside = (share: number, px: number) => `min(${percent(share)}, 100% - ${px}px)`

/**
 * A run's steps to scale, and any part of them closer. Long waits are drawn shortened, with a mark; the words always give
 * the true length.
 */
export const Timeline = memo(function Timeline({ detail }: { detail: RunDetail }) {
  const now = useNow(!isEndStage(detail.stage))
  const track = useRef<HTMLDivElement>(null)
  const width = useWidth(track)
  const timeline = timelineOf(detail, now)
  const { start, end, rows } = timeline
  const whole = createScale(start, end, longWaits(timeline))
  const viewport = useViewport({
    ...{ whole, start, track },
    now: timeline.now,
    spanOfFocus: (target) => {
      const name = target instanceof Element ? target.closest('[data-step]')?.getAttribute('data-step') : null
      return rows.find(({ step }) => step.step === name)?.span ?? null
    },
  })
  const { view } = viewport
  const scale = scaleOf(whole, view)
  const shown = view ?? { from: start, to: end }
  const inView = scale.breaks.filter((b) => b.to > shown.from && b.from < shown.to)
  const { ticks, labels } = useTicks(shown, scale, start, width)
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys and pointer of the steps and marks inside bubble to here
    <div className={`timeline${view ? ' zoomed' : ''}`} onKeyDown={viewport.onKeyDown} onPointerDown={viewport.onPointerDown}>
      <Tools viewport={viewport} live={timeline.now !== null} shown={shown} breaks={inView} />
      {view ? <Overview rows={rows} whole={whole} view={view} onCenter={(at) => viewport.panBy(at)} /> : null}
      <div className="timeline-axis" aria-hidden>
        <div className="timeline-ticks" ref={track}>
          {ticks.map((tick, i) => (
            <span key={tick.after} className={`tick ${placeOf(tick.x)}`} style={{ left: percent(tick.x) }}>
              {labels[i]}
            </span>
          ))}
        </div>
      </div>
      <ul>
        {rows.map((row) => (
          <Row
            key={row.step.step}
            {...{ row, detail, scale, width, now: timeline.now, at: now, ticks }}
            onFit={viewport.fitTo}
            breaks={inView}
          />
        ))}
      </ul>
      {detail.resets.map((reset) => (
        <p key={reset.at} className="timeline-note">
          <span className="reset-sign" aria-hidden />
          <span>
            Sent back to an earlier step <Moment at={reset.at} />
            {reset.by ? (
              <>
                {' '}
                by <bdi>{reset.by}</bdi>
              </>
            ) : null}
            {reset.reason ? `: ${reset.reason}` : ''}. What came before is of the execution{' '}
            <code title={reset.fromRunId}>{middleCut(reset.fromRunId, 14)}</code>
            <CopyButton text={reset.fromRunId} what="the earlier execution’s run id" />
          </span>
        </p>
      ))}
      {inView.length > 0 ? (
        <p className="timeline-note">
          <span className="break-sign" aria-hidden /> A long wait is drawn shortened:{' '}
          {inView.map((b) => spanWords(b.to - b.from)).join(', ')}.
        </p>
      ) : null}
    </div>
  )
})

/** The width of an element in pixels, as it changes; a usual one until it is known. */
function useWidth(ref: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(400)
  useLayoutEffect(() => {
    const element = ref.current
    if (!element) return
    setWidth(element.clientWidth)
    const observer = new ResizeObserver(() => setWidth(element.clientWidth))
    observer.observe(element)
    return () => observer.disconnect()
  }, [ref])
  return width
}

/** Marks of the axis: lengths since the start where times are said from now, else clock times in the operator's zone. */
function useTicks(shown: { from: number; to: number }, scale: Scale, start: number, width: number) {
  const times = useTimes()
  const most = Math.max(2, Math.floor(width / 75))
  const origin = times.relative ? start : midnightBefore(start, times.timeZone)
  const turned = (at: number) => (times.relative ? 0 : turnedBack(origin, at, times.timeZone))
  const ticks = ticksOf(shown.from, shown.to, scale, origin, most, turned)
  const words = times.relative ? ticks.map(lengthWords) : clockWords(ticks, origin, shown, times)
  return { ticks, labels: apart(ticks, words, width) }
}

function Tools({
  viewport,
  live,
  shown,
  breaks,
}: {
  viewport: Viewport
  live: boolean
  shown: { from: number; to: number }
  breaks: readonly Break[]
}) {
  const { view, follows } = viewport
  return (
    <div className="timeline-tools">
      <span className="faint ellipsis" role="status">
        {view ? `Shows ${shownWords(shown, breaks)}${follows ? ', following now' : ''}` : ''}
      </span>
      <span className="grow" />
      {live ? (
        <button
          type="button"
          className="button quiet small"
          aria-pressed={follows}
          title="Follow now (2)"
          onClick={viewport.follow}
        >
          Follow
        </button>
      ) : null}
      <button
        type="button"
        className="button quiet small"
        title="Show the whole run (0)"
        aria-disabled={view === null}
        onClick={viewport.fitWhole}
      >
        Whole run
      </button>
      <IconButton size="small" label="Zoom out (-)" onPress={() => viewport.zoomBy(1 / zoomStep)}>
        <ZoomOut size={14} aria-hidden />
      </IconButton>
      <IconButton size="small" label="Zoom in (+)" onPress={() => viewport.zoomBy(zoomStep)}>
        <ZoomIn size={14} aria-hidden />
      </IconButton>
    </div>
  )
}

/** `37 s`, `37 s and a shortened wait`. */
function shownWords(shown: { from: number; to: number }, breaks: readonly Break[]): string {
  const broken = breaks.reduce((sum, b) => sum + Math.min(b.to, shown.to) - Math.max(b.from, shown.from), 0)
  const clear = durationWords(shown.to - shown.from - broken)
  return breaks.length === 0
    ? clear
    : `${clear} and ${breaks.length === 1 ? 'a shortened wait' : `${breaks.length} shortened waits`}`
}

/** The whole run in small while a part of it is shown; a click brings its place into sight. For eyes only: keys do the same. */
function Overview({
  rows,
  whole,
  view,
  onCenter,
}: {
  rows: TimelineRow[]
  whole: Scale
  view: { from: number; to: number }
  /** By how much of the view's width it has to move. */
  onCenter: (share: number) => void
}) {
  const left = whole.x(view.from)
  const width = whole.x(view.to) - left
  const center = (event: PointerEvent<HTMLElement>) => {
    if (event.buttons !== 1) return
    const box = event.currentTarget.getBoundingClientRect()
    onCenter(((event.clientX - box.left) / box.width - (left + width / 2)) / Math.max(width, 1e-9))
  }
  return (
    <div className="timeline-overview" aria-hidden onPointerDown={center} onPointerMove={center}>
      {rows.map(({ step, segments }, row) =>
        marksOf(segments, whole, 300).map((mark) => (
          <span
            key={`${step.step} ${mark.segment.kind}${mark.segment.from}`}
            className={barClass(mark)}
            style={{ left: percent(mark.from), width: percent(mark.to - mark.from), top: 1 + row * 2 }}
          />
        )),
      )}
      <span className="overview-window" style={{ left: percent(left), width: percent(width) }} />
    </div>
  )
}

function Row({
  row,
  detail,
  scale,
  width,
  now,
  at,
  ticks,
  breaks,
  onFit,
}: {
  row: TimelineRow
  detail: RunDetail
  scale: Scale
  width: number
  now: number | null
  at: number
  ticks: readonly Tick[]
  breaks: readonly Break[]
  onFit: (span: { from: number; to: number }) => void
}) {
  const { run } = useConsole()
  const { step, span } = row
  const open = useIn('run', (s) => s.openSteps.includes(step.step))
  const progress = useProgress(step)
  const idle = step.state === 'waiting' || step.state === 'skipped'
  const detailId = `step-${step.step}`
  const fraction = progress?.fraction || null
  const tries = step.attempts.at(-1)?.attempt ?? 0
  const nowX = now === null ? -1 : scale.x(now)
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
        <span className="step-tries" title={tries > 1 ? plural(tries, 'attempt') : undefined}>
          {tries > 1 ? `×${count(tries)}` : ''}
        </span>
        <span className="step-track" aria-hidden>
          {ticks.map(({ after, x }) => (
            <span key={after} className="gridline" style={{ left: percent(x) }} />
          ))}
          {marksOf(row.segments, scale, width).map((mark) => (
            <Bar key={`${mark.segment.kind}${mark.segment.from}`} mark={mark} fraction={fraction} />
          ))}
          {breaksOf(row, breaks).map((b) => (
            <span key={b.from} className="axis-break" style={{ left: percent((scale.x(b.from) + scale.x(b.to)) / 2) }} />
          ))}
          {detail.resets.map((reset) => {
            const x = scale.x(Date.parse(reset.at))
            return x < 0 || x > 1 ? null : <span key={reset.at} className="reset-line" style={{ left: percent(x) }} />
          })}
          {nowX < 0 || nowX > 1 ? null : <span className="now-line" style={{ left: inside(nowX, line) }} />}
        </span>
        <span className="step-span">
          <SpanWords row={row} at={at} />
        </span>
      </button>
      {open ? (
        <div id={detailId} className="step-detail">
          <StepDetail step={step} detail={detail} onFit={span ? () => onFit(span) : null} />
        </div>
      ) : null}
    </li>
  )
}

/** A break is marked on the bar that it shortens; one in which the run stood still, where a step was left and taken up again. */
const breaksOf = ({ segments, span }: TimelineRow, breaks: readonly Break[]) =>
  breaks.filter(
    (b) =>
      segments.some(({ from, to }) => from <= b.from && to >= b.to) ||
      (span !== null && span.from < b.from && span.to > b.to && segments.every(({ from, to }) => to <= b.from || from >= b.to)),
  )

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
        {durationWords(span.to - span.since)}
      </span>
    )
  }
  return <>{span.open ? spanWords(span.to - span.since) : durationWords(span.to - span.since)}</>
}

const kindWords: Record<Segment['kind'], string> = {
  queued: 'Waited for a worker',
  done: 'Completed',
  running: 'Running',
  failed: 'Failed',
  cancelled: 'Cancelled',
  wait: 'Wait before the next try',
  unseen: 'Not seen',
  human: 'Waited for a decision',
}

const barClass = ({ segment, attempts, failed }: Mark) => `bar ${segment.kind}${attempts > 1 && failed > 0 ? ' many' : ''}`

/** How far a bar reaches out of sight: enough to look cut off, little enough for any renderer. */
const beyond = 0.02

function Bar({ mark, fraction }: { mark: Mark; fraction: number | null }) {
  const { segment, attempts } = mark
  const from = Math.max(-beyond, mark.from)
  const to = Math.min(1 + beyond, mark.to)
  const many = attempts > 1
  const attempt = segment.attempt !== null && segment.attempt > 1 ? `Attempt ${segment.attempt}: ` : ''
  const what = many ? mergedWords(mark) : `${attempt}${kindWords[segment.kind]}`
  const title = `${what}, ${durationWords(segment.to - segment.from)}${segment.message && !many ? `. ${segment.message}` : ''}`
  return (
    <span className={barClass(mark)} style={{ left: inside(from, thinnestBar), width: percent(to - from) }} title={title}>
      {many && to - from > 0.08 ? <span className="bar-text ellipsis">×{count(attempts)}</span> : null}
      {!many && segment.kind === 'failed' && to - from > 0.03 ? (
        <span className="bar-text ellipsis">{to - from > 0.2 && segment.message ? `× ${segment.message}` : '×'}</span>
      ) : null}
      {segment.kind === 'running' && fraction !== null ? (
        <span className="bar-done" style={{ width: percent(Math.min(1, fraction)) }} />
      ) : null}
    </span>
  )
}
