import type { TrainingReport } from '../../../contract/training.ts'
import { CopyButton } from '../../ui/Copy.tsx'
import { Figure } from '../../ui/charts/Figure.tsx'
import { Plot } from '../../ui/charts/Plot.tsx'
import { count, shareWords, significant } from '../../ui/format.ts'
import { plainText } from '../../ui/plainText.ts'
import { confusions } from './compare.ts'

/** A wider matrix says less than the list of its greatest mistakes. */
const mostClasses = 15
const mostMistakes = 20

/** Actual classes by row, predicted ones by column; a cell's depth is its share of the row. */
export function Confusion({ confusion }: { confusion: NonNullable<TrainingReport['confusion']> }) {
  const { classes, counts } = confusion
  const mistakes = confusions(confusion)
  const worst = mistakes[0]
  const copied = [['', ...classes], ...counts.map((row, i) => [classes[i] ?? '', ...row])]
    .map((row) => row.map((value) => String(value).replace(/[\t\r\n]+/g, ' ')).join('\t'))
    .join('\n')
  return (
    <figure className="chart" aria-label="Confusion matrix">
      <div className="chart-head">
        <h4>Confusion matrix</h4>
        <span className="grow" />
        <CopyButton text={copied} what="the matrix as a table" />
      </div>
      <figcaption className="chart-note">
        {worst ? (
          <>
            Most frequent mistake: <bdi className="strong">{plainText(worst.actual)}</bdi> taken for{' '}
            <bdi className="strong">{plainText(worst.predicted)}</bdi> ({count(worst.n)} {worst.n === 1 ? 'row' : 'rows'}).
          </>
        ) : (
          'Every test row was put into its class.'
        )}
      </figcaption>
      {classes.length <= mostClasses ? (
        <Matrix classes={classes} counts={counts} />
      ) : (
        <table className="dense">
          <thead>
            <tr>
              <th scope="col">Actual</th>
              <th scope="col">Predicted</th>
              <th scope="col" className="right">
                Rows
              </th>
            </tr>
          </thead>
          <tbody>
            {mistakes.slice(0, mostMistakes).map(({ actual, predicted, n }) => (
              <tr key={JSON.stringify([actual, predicted])}>
                <td>
                  <bdi>{plainText(actual)}</bdi>
                </td>
                <td>
                  <bdi>{plainText(predicted)}</bdi>
                </td>
                <td className="right">{count(n)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </figure>
  )
}

function Matrix({ classes, counts }: { classes: readonly string[]; counts: readonly (readonly number[])[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a table that scrolls is scrolled by keys too
    <section className="scroll" tabIndex={0} aria-label="Confusion matrix, actual by predicted">
      <table className="matrix">
        <thead>
          <tr>
            <th scope="col" className="matrix-corner">
              Actual ↓ Predicted →
            </th>
            {classes.map((name) => (
              <th key={name} scope="col">
                <bdi className="ellipsis" title={plainText(name)}>
                  {plainText(name)}
                </bdi>
              </th>
            ))}
            <th scope="col">Found</th>
          </tr>
        </thead>
        <tbody>
          {counts.map((row, actual) => {
            const sum = row.reduce((all, n) => all + n, 0)
            return (
              <tr key={classes[actual]}>
                <th scope="row">
                  <bdi className="ellipsis" title={plainText(classes[actual] ?? '')}>
                    {plainText(classes[actual] ?? '')}
                  </bdi>
                </th>
                {row.map((n, predicted) => {
                  const share = sum === 0 ? 0 : n / sum
                  const right = actual === predicted
                  return (
                    <td
                      key={classes[predicted]}
                      className={right ? 'hit' : 'miss'}
                      title={`${shareWords(share)} of the rows that are ${classes[actual]}`}
                    >
                      <i style={{ opacity: share * 0.45 }} aria-hidden />
                      <span>{count(n)}</span>
                    </td>
                  )
                })}
                <td className="matrix-share">{sum === 0 ? '–' : shareWords((row[actual] ?? 0) / sum)}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </section>
  )
}

/** How many true cases are found at the price of how many false alarms, over every threshold. */
export function Roc({ roc, auc }: { roc: NonNullable<TrainingReport['roc']>; auc: number | undefined }) {
  const words = (share: number) => shareWords(share)
  return (
    <Figure
      title="ROC curve"
      note={auc === undefined ? undefined : `AUC ${significant(auc)}; 0.5 is a guess, 1 is without a mistake.`}
      table={{
        head: ['False positive rate', 'True positive rate'],
        rows: roc.map(({ falsePositiveRate, truePositiveRate }) => [falsePositiveRate, truePositiveRate]),
      }}
    >
      <Plot
        label="ROC curve, true positive rate by false positive rate"
        x={{ domain: [0, 1], label: 'False positive rate', ticks: [0, 0.25, 0.5, 0.75, 1] }}
        y={{ domain: [0, 1], label: 'True positive rate', ticks: [0, 0.25, 0.5, 0.75, 1] }}
        height={300}
        square
        pick="xy"
        stops={roc.map(({ falsePositiveRate, truePositiveRate }) => ({
          x: falsePositiveRate,
          marks: [{ y: truePositiveRate, className: 'series-1' }],
          title: `Finds ${words(truePositiveRate)}`,
          readings: [{ name: 'False alarms', value: words(falsePositiveRate) }],
        }))}
      >
        {(x, y) => (
          <>
            <line className="ideal" x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} />
            <path
              className="series series-1"
              d={roc
                .map(
                  ({ falsePositiveRate, truePositiveRate }, i) =>
                    `${i === 0 ? 'M' : 'L'}${x(falsePositiveRate).toFixed(1)} ${y(truePositiveRate).toFixed(1)}`,
                )
                .join('')}
            />
          </>
        )}
      </Plot>
    </Figure>
  )
}
