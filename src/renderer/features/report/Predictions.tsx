import type { TrainingReport } from '../../../contract/training.ts'
import { Figure } from '../../ui/charts/Figure.tsx'
import { Plot, type Stop } from '../../ui/charts/Plot.tsx'
import { extent, padded, type Scale } from '../../ui/charts/scale.ts'
import { significant } from '../../ui/format.ts'
import { residualsOf } from './compare.ts'

type Point = NonNullable<TrainingReport['predictions']>[number]

/** Paths that the dots are dealt to: within one path what lies over each other looks no denser. */
const layers = 10

/** Round dots in a few paths: a thousand circles would make moving over them slow. */
function Dots({ points, x, y }: { points: readonly { x: number; y: number }[]; x: Scale; y: Scale }) {
  return Array.from({ length: Math.min(layers, points.length) }, (_, layer) => (
    <path
      // The index is the key: layers are alike
      key={layer}
      className="dots series-1"
      d={points
        .filter((_, index) => index % layers === layer)
        .map((point) => `M${x(point.x).toFixed(1)} ${y(point.y).toFixed(1)}h0`)
        .join('')}
    />
  ))
}

const stopOf = ({ actual, predicted }: Point, x: number, y: number): Stop => ({
  x,
  marks: [{ y, className: 'series-1' }],
  title: `Actual ${significant(actual)}`,
  readings: [
    { name: 'Predicted', value: significant(predicted) },
    { name: 'Off by', value: signed(predicted - actual) },
  ],
})

const signed = (value: number) => `${value > 0 ? '+' : ''}${significant(value)}`

/** Predicted against actual, and what is left over, of rows that the model never saw. */
export function Predictions({ predictions, target }: { predictions: readonly Point[]; target: string }) {
  const points = [...predictions].sort((a, b) => a.actual - b.actual || a.predicted - b.predicted)
  const byPrediction = [...predictions].sort((a, b) => a.predicted - b.predicted || a.actual - b.actual)
  const both = padded(extent(points.flatMap(({ actual, predicted }) => [actual, predicted])))
  const { half, most, greatest, bias } = residualsOf(points)
  const residuals = padded(extent([0, ...points.map(({ actual, predicted }) => predicted - actual)]))
  const predicted = padded(extent(points.map((point) => point.predicted)))
  const table = {
    head: ['Actual', 'Predicted', 'Predicted − actual'],
    rows: points.map((point) => [point.actual, point.predicted, point.predicted - point.actual]),
  }
  return (
    <div className="pair">
      <Figure
        title="Predicted against actual"
        note={
          <>
            Half of the test rows are off by {significant(half)} or less, nine of ten by {significant(most)} or less; the worst by{' '}
            {significant(greatest)}.
          </>
        }
        table={table}
      >
        <Plot
          label={`Predicted against actual ${target}`}
          x={{ domain: both, label: 'Actual', format: significant }}
          y={{ domain: both, label: 'Predicted', format: significant }}
          height={300}
          square
          pick="xy"
          stops={points.map((point) => stopOf(point, point.actual, point.predicted))}
        >
          {(x, y) => (
            <>
              <line className="ideal" x1={x(both[0])} y1={y(both[0])} x2={x(both[1])} y2={y(both[1])} />
              <Dots points={points.map((p) => ({ x: p.actual, y: p.predicted }))} x={x} y={y} />
            </>
          )}
        </Plot>
      </Figure>
      <Figure
        title="Residuals by prediction"
        note={
          Math.abs(bias) * 20 < half
            ? 'On the whole neither too high nor too low.'
            : `On the whole ${significant(Math.abs(bias))} too ${bias > 0 ? 'high' : 'low'}.`
        }
        table={table}
      >
        <Plot
          label={`Residuals by predicted ${target}`}
          x={{ domain: predicted, label: 'Predicted', format: significant }}
          y={{ domain: residuals, label: 'Predicted − actual', format: significant }}
          height={300}
          square
          pick="xy"
          stops={byPrediction.map((point) => stopOf(point, point.predicted, point.predicted - point.actual))}
        >
          {(x, y) => (
            <>
              <line className="ideal" x1={x(predicted[0])} x2={x(predicted[1])} y1={y(0)} y2={y(0)} />
              <Dots points={byPrediction.map((p) => ({ x: p.predicted, y: p.predicted - p.actual }))} x={x} y={y} />
            </>
          )}
        </Plot>
      </Figure>
    </div>
  )
}
