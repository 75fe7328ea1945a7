import type { CurvePoint } from '../../../contract/training.ts'
import { Figure, Legend, type Look, lineClass } from '../../ui/charts/Figure.tsx'
import { Plot, type Stop } from '../../ui/charts/Plot.tsx'
import { extent, padded, type Scale, wholeTicks } from '../../ui/charts/scale.ts'
import { count, significant } from '../../ui/format.ts'

export interface CurveOf {
  /** Whose curve it is; '' where there is only one. */
  name: string
  points: readonly CurvePoint[]
  bestRound: number | null
}

interface Series {
  name: string
  look: Look
  points: readonly { round: number; value: number }[]
}

function seriesOf(curves: readonly CurveOf[]): Series[] {
  return curves.flatMap(({ name, points }, index) => {
    const colour = (index + 1) as 1 | 2
    const named = (part: string) => (name === '' ? part : `${name}, ${part.toLowerCase()}`)
    const validation = points.flatMap(({ round, validation: value }) => (value === null ? [] : { round, value }))
    return [
      {
        name: named('Training'),
        look: { colour, dashed: true },
        points: points.map(({ round, training }) => ({ round, value: training })),
      },
      ...(validation.length > 0 ? [{ name: named('Validation'), look: { colour }, points: validation }] : []),
    ]
  })
}

const path = (points: Series['points'], x: Scale, y: Scale) =>
  points.map(({ round, value }, i) => `${i === 0 ? 'M' : 'L'}${x(round).toFixed(1)} ${y(value).toFixed(1)}`).join('')

/** Loss by round, of one model or of two; validation is drawn through, training in dashes. */
export function LearningCurve({
  title = 'Learning curve',
  loss,
  curves,
  note,
}: {
  title?: string
  loss: string
  curves: readonly CurveOf[]
  note?: string
}) {
  const series = seriesOf(curves)
  const all = series.flatMap((one) => one.points)
  const rounds = [...new Set(all.map(({ round }) => round))].sort((a, b) => a - b)
  const values = series.map((one) => new Map(one.points.map(({ round, value }) => [round, value])))
  const stops: Stop[] = rounds.map((round) => {
    const there = series.flatMap((one, index) => {
      const value = values[index]?.get(round)
      return value === undefined ? [] : [{ name: one.name, value, className: `series-${one.look.colour}` }]
    })
    return {
      x: round,
      title: `Round ${count(round)}`,
      marks: there.map(({ name, value, className }) => ({
        y: value,
        className: `${className} ${name.endsWith('raining') ? 'hollow' : ''}`,
      })),
      readings: there.map(({ name, value, className }) => ({ name, value: significant(value), className })),
    }
  })
  const domain = extent(rounds)
  const heights = padded(extent(all.map(({ value }) => value)))
  const best = curves.flatMap(({ bestRound, name }, index) =>
    bestRound === null ? [] : [{ round: bestRound, name, className: `best series-${index + 1}` }],
  )
  const said =
    note ??
    (best.length === 0
      ? undefined
      : best.map(({ round, name }) => `${name === '' ? 'Best round' : `${name}: best round`} ${count(round)}`).join(' · '))
  return (
    <Figure
      title={`${title}: ${loss} by round`}
      note={said}
      legend={<Legend entries={series} />}
      table={{
        head: ['Round', ...series.map((one) => one.name)],
        rows: rounds.map((round) => [round, ...values.map((of) => of.get(round) ?? null)]),
      }}
    >
      <Plot
        label={`${title}, ${loss} by round`}
        x={{ domain, label: 'Round', ticks: wholeTicks(domain, 6), format: count }}
        y={{ domain: heights, label: loss, format: significant }}
        stops={stops}
      >
        {(x, y) => (
          <>
            {best.map(({ round, className }) => (
              <line key={className} className={className} x1={x(round)} x2={x(round)} y1={y(heights[0])} y2={y(heights[1])} />
            ))}
            {series.map((one) =>
              one.points.length === 1 ? (
                <circle
                  key={one.name}
                  className={`dot series-${one.look.colour}`}
                  cx={x(one.points[0]?.round ?? 0)}
                  cy={y(one.points[0]?.value ?? 0)}
                  r={3}
                />
              ) : (
                <path key={one.name} className={lineClass(one.look)} d={path(one.points, x, y)} />
              ),
            )}
          </>
        )}
      </Plot>
    </Figure>
  )
}
