/** What is drawn of a step: one mark per attempt, and one for many where each would be thinner than can be seen. */
import { plural } from '../../ui/format.ts'
import type { Scale, Segment } from './timeline.ts'

export interface Mark {
  segment: Segment
  /** Shares of the width; may reach beyond 0 and 1. */
  from: number
  to: number
  /** Attempts in it; more than one where they were merged. */
  attempts: number
  failed: number
}

/** Thinner than this a segment joins its neighbours, in pixels. */
const thinPx = 2.5

/**
 * Marks of a step's segments, those out of sight left out.
 * @param width of the track in pixels
 */
export function marksOf(segments: readonly Segment[], scale: Scale, width: number): Mark[] {
  const marks: (Mark & { thin: boolean })[] = []
  for (const segment of segments) {
    const [from, to] = [scale.x(segment.from), scale.x(segment.to)]
    if (to < 0 || from > 1) continue
    const thin = (to - from) * width < thinPx
    const attempts = segment.attempt === null ? 0 : 1
    const mark = { segment, from, to, attempts, failed: segment.kind === 'failed' ? 1 : 0, thin }
    const before = marks.at(-1)
    if (thin && before?.thin && (from - before.to) * width <= thinPx) join(before, mark)
    else marks.push(mark)
  }
  return marks.map(({ thin: _, ...mark }) => mark)
}

function join(into: Mark, mark: Mark): void {
  into.attempts += mark.attempts
  into.failed += mark.failed
  into.to = mark.to
  // What is to be seen of several is the latest attempt; of waits alone, the wait.
  const shown = mark.attempts > 0 || into.segment.attempt === null ? mark.segment : into.segment
  into.segment = { ...shown, from: into.segment.from, to: mark.segment.to }
}

/** `37 attempts, 36 failed`. */
export const mergedWords = ({ attempts, failed }: Mark) =>
  `${plural(attempts, 'attempt')}${failed === 0 ? '' : failed === attempts ? ', all failed' : `, ${failed} failed`}`
