/** Which part of a timeline is looked at: plain geometry, so that it is checked without drawing. */
import type { Scale } from './timeline.ts'

/** Moments in milliseconds; null is the whole run. */
export type View = { from: number; to: number } | null

/** Closer than this there is nothing more to see, in milliseconds: that is how finely attempts are timed. */
export const shortestMs = 10
/** Of the window that follows now, this share lies before it. */
const followShare = 0.9

/** The scale of a view: what lies left of it is below 0, what lies right of it above 1. */
export function scaleOf(whole: Scale, view: View): Scale {
  if (view === null) return whole
  const left = whole.x(view.from)
  const width = whole.x(view.to) - left
  if (width <= 0) return whole
  return { breaks: whole.breaks, x: (t) => (whole.x(t) - left) / width, at: (x) => whole.at(left + x * width) }
}

/** A view between two shares of the whole width, kept inside of it; the whole where hardly anything would be left out. */
function viewBetween(whole: Scale, left: number, right: number): View {
  const width = Math.min(1, right - left)
  const from = Math.min(Math.max(0, left), 1 - width)
  return width > 0.995 ? null : { from: whole.at(from), to: whole.at(from + width) }
}

const sharesOf = (whole: Scale, view: View) =>
  view ? { left: whole.x(view.from), right: whole.x(view.to) } : { left: 0, right: 1 }

/**
 * Zooms about a point that stays where it is.
 * @param factor above 1 shows less time
 * @param about share of the view's width, 0 to 1
 */
export function zoom(whole: Scale, view: View, factor: number, about = 0.5): View {
  const { left, right } = sharesOf(whole, view)
  const width = (right - left) / factor
  const point = left + (right - left) * about
  const next = viewBetween(whole, point - width * about, point + width * (1 - about))
  return factor > 1 && next !== null && next.to - next.from < shortestMs ? view : next
}

/** Moves a view by a share of its own width; the whole has nowhere to go. */
export function pan(whole: Scale, view: View, by: number): View {
  if (view === null) return null
  const { left, right } = sharesOf(whole, view)
  const width = right - left
  const from = Math.min(Math.max(0, left + width * by), 1 - width)
  return { from: whole.at(from), to: whole.at(from + width) }
}

/** A view of a span with a little room on both sides. */
export function fit(whole: Scale, span: { from: number; to: number }): View {
  const left = whole.x(span.from)
  const right = Math.max(whole.x(span.to), whole.x(span.from + shortestMs))
  const room = (right - left) * 0.06
  return viewBetween(whole, left - room, right + room)
}

/** The view moved on so that now stays in sight, as long as before. */
export function following(view: View, now: number): View {
  if (view === null) return null
  const length = view.to - view.from
  return { from: now - length * followShare, to: now + length * (1 - followShare) }
}
