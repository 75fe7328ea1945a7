import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createScale } from './timeline.ts'
import { fit, following, pan, scaleOf, shortestMs, type View, zoom } from './viewport.ts'

/** Twenty hours of waiting between two seconds of work on either side. */
const whole = createScale(0, 72_004_000, [{ from: 2000, to: 72_002_000 }])

describe('a view of the timeline', () => {
  it('keeps the point that it zooms about', () => {
    const about = 0.3
    const before = scaleOf(whole, null).at(about)
    const view = zoom(whole, null, 4, about)
    expect(scaleOf(whole, view).x(before)).toBeCloseTo(about)
  })

  it('comes back to the whole', () => {
    const closer = zoom(whole, null, 8, 0.1)
    expect(closer).not.toBeNull()
    expect(zoom(whole, zoom(whole, closer, 1 / 4, 0.1), 1 / 4, 0.1)).toBeNull()
  })

  it('shows a step of a second across the width beside a wait of hours', () => {
    const scale = scaleOf(whole, fit(whole, { from: 500, to: 1500 }))
    expect(scale.x(500)).toBeCloseTo(0.0536, 3)
    expect(scale.x(1500)).toBeCloseTo(0.9464, 3)
  })

  it('gives a step without length some room', () => {
    const view = fit(whole, { from: 700, to: 700 })
    expect(view && view.to - view.from).toBeGreaterThanOrEqual(shortestMs)
  })

  it('follows now with the same length of time', () => {
    expect(following({ from: 0, to: 1000 }, 5000)).toEqual({ from: 4100, to: 5100 })
    expect(following(null, 5000)).toBeNull()
  })

  it('never leaves the run, whatever is turned, dragged or pressed', () => {
    const turn = fc.oneof(
      fc.record({ factor: fc.double({ min: 0.1, max: 10, noNaN: true }), about: fc.double({ min: 0, max: 1, noNaN: true }) }),
      fc.record({ by: fc.double({ min: -5, max: 5, noNaN: true }) }),
    )
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 60 }), (turns) => {
        let view: View = null
        for (const step of turns) view = 'by' in step ? pan(whole, view, step.by) : zoom(whole, view, step.factor, step.about)
        if (view === null) return
        expect(view.from).toBeGreaterThanOrEqual(0)
        expect(view.to).toBeLessThanOrEqual(72_004_000 + 1e-3)
        expect(view.to).toBeGreaterThan(view.from)
      }),
    )
  })
})
