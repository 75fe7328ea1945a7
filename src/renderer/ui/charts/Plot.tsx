import { type KeyboardEvent, type PointerEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { linear, type Range, ticks as roundTicks, type Scale } from './scale.ts'
import './charts.css'

/** A place that the cursor can stand on, and what it reads there. */
export interface Stop {
  x: number
  /** Where marks stand on the cursor's line; the first also places a cursor that looks for the nearest point. */
  marks: readonly { y: number; className: string }[]
  title: string
  readings: readonly { name: string; value: string; className?: string }[]
}

export interface Axis {
  domain: Range
  label: string
  /** Default: round numbers. */
  ticks?: readonly number[]
  format?: (value: number) => string
}

const margin = { top: 22, right: 12, bottom: 34, left: 46 }
const page = 10

/** The width that an element has now, in pixels. */
export function useWidth<E extends HTMLElement>() {
  const element = useRef<E>(null)
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const at = element.current
    if (!at) return
    const look = () => setWidth(Math.floor(at.clientWidth))
    look()
    const observer = new ResizeObserver(look)
    observer.observe(at)
    return () => observer.disconnect()
  }, [])
  return [element, width] as const
}

/**
 * Two axes, whatever is drawn between them, and a cursor that pointer and arrow keys move from stop to stop.
 *
 * @param label what a screen reader calls the chart
 * @param stops in the order in which the arrow keys go through them
 * @param pick `x`: the stop above or below the pointer; `xy`: the nearest point
 */
export function Plot({
  label,
  x,
  y,
  height = 190,
  square = false,
  stops,
  pick = 'x',
  children,
}: {
  label: string
  x: Axis
  y: Axis
  height?: number
  /** As high as wide, up to `height`: for axes of the same unit. */
  square?: boolean
  stops: readonly Stop[]
  pick?: 'x' | 'xy'
  children: (x: Scale, y: Scale) => ReactNode
}) {
  const [frame, fullWidth] = useWidth<HTMLDivElement>()
  const [at, setAt] = useState<number | null>(null)
  const inner = Math.max(40, fullWidth - margin.left - margin.right)
  const tall = square ? Math.min(height, inner + margin.top + margin.bottom) : height
  const width = square ? Math.min(fullWidth, tall - margin.top - margin.bottom + margin.left + margin.right) : fullWidth
  const right = width - margin.right
  const bottom = tall - margin.bottom
  const toX = linear(x.domain, [margin.left, right])
  const toY = linear(y.domain, [bottom, margin.top])
  const formatX = x.format ?? String
  const formatY = y.format ?? String
  const stop = at === null ? undefined : stops[Math.min(at, stops.length - 1)]

  const find = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect()
    const px = event.clientX - box.left
    const py = event.clientY - box.top
    let best: number | null = null
    let least = Number.POSITIVE_INFINITY
    for (const [index, one] of stops.entries()) {
      const dx = toX(one.x) - px
      const dy = pick === 'xy' ? toY(one.marks[0]?.y ?? 0) - py : 0
      const distance = dx * dx + dy * dy
      if (distance < least) {
        least = distance
        best = index
      }
    }
    setAt(best)
  }
  const move = (event: KeyboardEvent<HTMLDivElement>) => {
    const last = stops.length - 1
    const from = at ?? (event.key === 'ArrowLeft' || event.key === 'ArrowDown' ? last + 1 : -1)
    const to: Record<string, number> = {
      ArrowRight: from + 1,
      ArrowUp: from + 1,
      ArrowLeft: from - 1,
      ArrowDown: from - 1,
      PageUp: from + page,
      PageDown: from - page,
      Home: 0,
      End: last,
    }
    if (event.key === 'Escape' && at !== null) {
      event.preventDefault()
      return setAt(null)
    }
    const next = to[event.key]
    if (next === undefined || last < 0) return
    event.preventDefault()
    setAt(Math.min(last, Math.max(0, next)))
  }

  const reading = stop ? `${stop.title}: ${stop.readings.map(({ name, value }) => `${name} ${value}`).join(', ')}` : ''
  return (
    <div ref={frame} className="plot" style={{ height: tall }}>
      {fullWidth > 0 ? (
        <>
          <svg width={width} height={tall} role="img" aria-label={label}>
            {(y.ticks ?? roundTicks(y.domain, 4)).map((value) => (
              <g key={value}>
                <line className="grid" x1={margin.left} x2={right} y1={toY(value)} y2={toY(value)} />
                <text className="tick-text" x={margin.left - 6} y={toY(value)} dy="0.32em" textAnchor="end">
                  {formatY(value)}
                </text>
              </g>
            ))}
            {(x.ticks ?? roundTicks(x.domain, Math.max(2, Math.floor(inner / 80)))).map((value) => (
              <g key={value}>
                <line className="axis-mark" x1={toX(value)} x2={toX(value)} y1={bottom} y2={bottom + 4} />
                <text className="tick-text" x={toX(value)} y={bottom + 15} textAnchor="middle">
                  {formatX(value)}
                </text>
              </g>
            ))}
            <line className="axis" x1={margin.left} x2={right} y1={bottom} y2={bottom} />
            <text className="axis-text" x={right} y={tall - 4} textAnchor="end">
              {x.label}
            </text>
            <text className="axis-text" x={0} y={10} textAnchor="start">
              {y.label}
            </text>
            {children(toX, toY)}
            {stop ? (
              <g>
                <line className="cursor-line" x1={toX(stop.x)} x2={toX(stop.x)} y1={margin.top} y2={bottom} />
                {stop.marks.map(({ y: value, className }) => (
                  <circle key={className} className={`cursor-mark ${className}`} cx={toX(stop.x)} cy={toY(value)} r={4} />
                ))}
              </g>
            ) : null}
          </svg>
          {stops.length > 0 ? (
            <div
              className="plot-cursor"
              style={{ width, height: tall }}
              role="slider"
              tabIndex={0}
              aria-label={`${label}: go through its points`}
              aria-valuemin={1}
              aria-valuemax={stops.length}
              aria-valuenow={at === null ? 1 : Math.min(at, stops.length - 1) + 1}
              aria-valuetext={reading || 'no point is chosen'}
              onPointerMove={find}
              onPointerLeave={() => setAt(null)}
              onKeyDown={move}
              onBlur={() => setAt(null)}
            />
          ) : null}
          {stop ? (
            <div
              className={`plot-reading${toX(stop.x) > width / 2 ? ' left' : ''}`}
              style={toX(stop.x) > width / 2 ? { right: fullWidth - toX(stop.x) + 10 } : { left: toX(stop.x) + 10 }}
              aria-hidden
            >
              <strong>{stop.title}</strong>
              {stop.readings.map(({ name, value, className }) => (
                <span key={name}>
                  {className ? <i className={className} /> : null}
                  {name} <b>{value}</b>
                </span>
              ))}
            </div>
          ) : null}
        </>
      ) : null}
    </div>
  )
}
