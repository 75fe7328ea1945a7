import { type KeyboardEvent, type PointerEvent, type RefObject, useEffect, useRef, useState } from 'react'
import type { Scale } from './timeline.ts'
import { fit, following, pan, type View, zoom } from './viewport.ts'

/** How much closer one press of a key or button shows; about as much as a notch of a wheel. */
export const zoomStep = 1.6
/** Share of the view that an arrow key moves. */
const arrow = 0.2
/** A pointer that moved less than this, in pixels, has clicked. */
const clickPx = 4

export interface Viewport {
  view: View
  /** The view moves on with the time. */
  follows: boolean
  zoomBy(factor: number, about?: number): void
  panBy(share: number): void
  fitWhole(): void
  fitTo(span: { from: number; to: number }): void
  /** Keeps now in sight: with as much time as is shown, or the last tenth of the whole. */
  follow(): void
  onKeyDown(event: KeyboardEvent): void
  onPointerDown(event: PointerEvent): void
}

interface Options {
  whole: Scale
  start: number
  /** null once the run is over. */
  now: number | null
  /** What shows the time: its width is the view's. */
  track: RefObject<HTMLElement | null>
  /** The span of the step that has the focus, for the key that fits it. */
  spanOfFocus(target: EventTarget): { from: number; to: number } | null
}

/** What of a run's time is looked at, and how wheel, pointer and keys move it. */
export function useViewport({ whole, start, now, track, spanOfFocus }: Options): Viewport {
  const [kept, setView] = useState<View>(null)
  const [follows, setFollows] = useState(false)
  const view = follows && now !== null ? following(kept, now) : kept
  const change = (next: View) => {
    setFollows(false)
    setView(next)
  }
  const shareAt = (clientX: number) => {
    const box = track.current?.getBoundingClientRect()
    return box && box.width > 0 ? Math.min(1, Math.max(0, (clientX - box.left) / box.width)) : 0.5
  }
  const api = {
    zoomBy: (factor: number, about?: number) => {
      // What is followed stays at its end.
      if (follows) setView(zoom(whole, view, factor, 0.9))
      else change(zoom(whole, view, factor, about))
    },
    panBy: (share: number) => change(pan(whole, view, share)),
    fitWhole: () => change(null),
    fitTo: (span: { from: number; to: number }) => change(fit(whole, span)),
    follow: () => {
      if (now === null) return
      setView(view ?? { from: Math.max(start, now - (now - start) / 10), to: now })
      setFollows(true)
    },
  }

  const latest = useRef({ api, shareAt, zoomed: view !== null })
  latest.current = { api, shareAt, zoomed: view !== null }
  useEffect(() => {
    const element = track.current?.closest('.timeline')
    if (!(element instanceof HTMLElement)) return
    // React listens passively, and then the page would zoom or scroll too.
    const wheel = (event: WheelEvent) => {
      const { api, shareAt, zoomed } = latest.current
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault()
        api.zoomBy(Math.exp(-event.deltaY / 200), shareAt(event.clientX))
        return
      }
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX
      if (!zoomed || Math.abs(sideways) <= Math.abs(event.shiftKey ? 0 : event.deltaY)) return
      event.preventDefault()
      api.panBy(sideways / Math.max(1, track.current?.clientWidth ?? 1))
    }
    element.addEventListener('wheel', wheel, { passive: false })
    return () => element.removeEventListener('wheel', wheel)
  }, [track])

  return {
    ...api,
    view,
    follows: follows && view !== null,
    onKeyDown(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      const span = spanOfFocus(event.target)
      const does: Record<string, (() => void) | undefined> = {
        '+': () => api.zoomBy(zoomStep),
        // The same key without Shift, on many keyboards.
        '=': () => api.zoomBy(zoomStep),
        '-': () => api.zoomBy(1 / zoomStep),
        '0': api.fitWhole,
        '1': span ? () => api.fitTo(span) : undefined,
        '2': now === null ? undefined : api.follow,
        ArrowLeft: view ? () => api.panBy(-arrow) : undefined,
        ArrowRight: view ? () => api.panBy(arrow) : undefined,
        Home: view ? () => api.panBy(Number.NEGATIVE_INFINITY) : undefined,
        End: view ? () => api.panBy(Number.POSITIVE_INFINITY) : undefined,
      }
      const act = does[event.key]
      if (!act) return
      event.preventDefault()
      act()
    },
    onPointerDown(event) {
      const target = event.target
      if (event.button !== 0 || view === null || !(target instanceof Element) || !target.closest('.step-track, .timeline-ticks'))
        return
      const width = track.current?.clientWidth ?? 1
      const from = event.clientX
      let dragged = false
      const move = (moved: globalThis.PointerEvent) => {
        dragged ||= Math.abs(moved.clientX - from) > clickPx
        if (dragged) change(pan(whole, view, (from - moved.clientX) / width))
      }
      const end = (ended: globalThis.PointerEvent) => {
        window.removeEventListener('pointermove', move)
        window.removeEventListener('pointerup', end)
        window.removeEventListener('pointercancel', end)
        if (!dragged || ended.type !== 'pointerup') return
        // The click that ends a drag opens no step; it comes at once, or not at all.
        const swallow = (click: MouseEvent) => click.stopPropagation()
        window.addEventListener('click', swallow, { capture: true, once: true })
        setTimeout(() => window.removeEventListener('click', swallow, { capture: true }))
      }
      window.addEventListener('pointermove', move)
      window.addEventListener('pointerup', end)
      window.addEventListener('pointercancel', end)
    },
  }
}

const isTyping = (target: EventTarget) => target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
