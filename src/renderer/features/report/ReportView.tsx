import { useState } from 'react'
import type { MetricName, TrainingReport } from '../../../contract/training.ts'
import { Button } from '../../ui/Button.tsx'
import { CopyButton } from '../../ui/Copy.tsx'
import { count, plural, shareWords, significant } from '../../ui/format.ts'
import { plainText } from '../../ui/plainText.ts'
import { Change, Changes } from './Changes.tsx'
import { Confusion, Roc } from './Classes.tsx'
import { LearningCurve } from './Curve.tsx'
import { compareMetrics, mainMetric, metricWords, settingValue, settingWords, worstSlices } from './compare.ts'
import { Predictions } from './Predictions.tsx'
import './report.css'

const taskWords: Record<TrainingReport['task'], string> = {
  regression: 'regression',
  binary: 'classification, two classes',
  multiclass: 'classification',
}

/** How a model was made and how it did on rows that it never saw. */
export function ReportView({ report }: { report: TrainingReport }) {
  const { curve, bestRound, loss, importance, predictions, confusion, roc, metrics, slices } = report
  const main = mainMetric(metrics)
  return (
    <div className="report">
      <p className="muted">
        Predicts <bdi className="mono strong">{plainText(report.target)}</bdi> ({taskWords[report.task]}) by {report.trainer}.
        Trained on {plural(report.rows.training, 'row')}, stopped by the loss on {count(report.rows.validation)}, judged on{' '}
        {count(report.rows.test)} that it never saw.
      </p>
      <MetricsBesideBaseline report={report} />
      {curve.length > 0 ? <LearningCurve loss={loss} curves={[{ name: '', points: curve, bestRound }]} /> : null}
      {importance.length > 0 ? <Importance importance={importance} /> : null}
      {predictions && predictions.length > 0 ? <Predictions predictions={predictions} target={report.target} /> : null}
      {confusion || roc ? (
        <div className="pair">
          {confusion ? <Confusion confusion={confusion} /> : null}
          {roc && roc.length > 1 ? <Roc roc={roc} auc={metrics.auc} /> : null}
        </div>
      ) : null}
      {slices.length > 0 && main ? <Slices report={report} metric={main} /> : null}
      <SettingsTable settings={report.settings} />
    </div>
  )
}

function MetricsBesideBaseline({ report }: { report: TrainingReport }) {
  const { metrics, baseline, tolerance, task } = report
  return (
    <section className="chart" aria-label="Metrics beside the baseline">
      <div className="chart-head">
        <h4>Metrics on the test rows</h4>
      </div>
      <p className="chart-note">
        Beside the baseline, which always says {task === 'regression' ? 'the usual value' : 'the most frequent class'}; what is
        worse than it stands first.
        {tolerance === null ? '' : ` Accuracy is the share of predictions within ± ${significant(tolerance)}.`}
      </p>
      <Changes changes={compareMetrics(baseline, metrics)} fromName="Baseline" toName="Model" />
    </section>
  )
}

const firstBars = 12

/** Gain by column. It is a table whose bars are drawn beside its figures, so it needs no other form. */
function Importance({ importance }: { importance: TrainingReport['importance'] }) {
  const [all, setAll] = useState(false)
  const shown = all ? importance : importance.slice(0, firstBars)
  const most = importance[0]?.gain ?? 1
  const copied = ['Column\tGain', ...importance.map(({ column, gain }) => `${column.replace(/[\t\r\n]+/g, ' ')}\t${gain}`)]
  return (
    <figure className="chart" aria-label="Feature importance">
      <div className="chart-head">
        <h4>Feature importance</h4>
        <span className="grow" />
        <CopyButton text={copied.join('\n')} what="the importance as a table" />
      </div>
      <figcaption className="chart-note">Share of what each column added to the fit (gain).</figcaption>
      <table className="bars">
        <thead className="sr-only">
          <tr>
            <th scope="col">Column</th>
            <th scope="col">Bar</th>
            <th scope="col">Gain</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ column, gain }) => (
            <tr key={column}>
              <th scope="row">
                <bdi className="ellipsis mono" title={plainText(column)}>
                  {plainText(column)}
                </bdi>
              </th>
              <td aria-hidden>
                <i className="bar-fill" style={{ width: `${(gain / most) * 100}%` }} />
              </td>
              <td className="right">{shareWords(gain)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {importance.length > firstBars ? (
        <div>
          <Button size="small" look="link" aria-expanded={all} onPress={() => setAll(!all)}>
            {all ? 'Show the first ones' : `Show all ${count(importance.length)} columns`}
          </Button>
        </div>
      ) : null}
    </figure>
  )
}

const firstSlices = 10
/** Fewer rows than this say little about a slice. */
const fewRows = 30

/** How the model does on each part of the test rows, worst first. */
function Slices({ report, metric }: { report: TrainingReport; metric: MetricName }) {
  const [all, setAll] = useState(false)
  const worst = worstSlices(report.slices, metric)
  const shown = all ? worst : worst.slice(0, firstSlices)
  const whole = report.metrics[metric]
  return (
    <section className="chart" aria-label="Slices, worst first">
      <div className="chart-head">
        <h4>Slices, worst first</h4>
        <span className="grow" />
        <CopyButton
          text={[
            `Column\tValue\tRows\t${metricWords(metric)}`,
            ...worst.map((s) =>
              [s.column, s.value, s.rows, s.metrics[metric]].map((v) => String(v).replace(/[\t\r\n]+/g, ' ')).join('\t'),
            ),
          ].join('\n')}
          what="the slices as a table"
        />
      </div>
      <p className="chart-note">
        {metricWords(metric)} on the test rows that have this value
        {whole === undefined ? '' : `, beside ${significant(whole)} on all of them`}.
      </p>
      <table className="dense">
        <thead>
          <tr>
            <th scope="col">Slice</th>
            <th scope="col" className="right">
              Rows
            </th>
            <th scope="col" className="right">
              {metricWords(metric)}
            </th>
            <th scope="col">Beside all rows</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ column, value, rows, metrics }) => {
            const change = whole === undefined ? undefined : compareMetrics({ [metric]: whole }, { [metric]: metrics[metric] })[0]
            return (
              <tr key={JSON.stringify([column, value])}>
                <td className="slice">
                  <span className="ellipsis" title={plainText(`${column} = ${value}`)}>
                    <bdi className="mono">{plainText(column)}</bdi> = <bdi>{plainText(value === '' ? '(missing)' : value)}</bdi>
                  </span>
                </td>
                <td className={rows < fewRows ? 'right tone-human' : 'right muted'}>
                  {count(rows)}
                  {rows < fewRows ? <span className="few"> few</span> : null}
                </td>
                <td className="right strong">{significant(metrics[metric] ?? 0)}</td>
                <td>{change ? <Change change={change} /> : null}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
      {worst.length > firstSlices ? (
        <div>
          <Button size="small" look="link" aria-expanded={all} onPress={() => setAll(!all)}>
            {all ? 'Show the worst ones' : `Show all ${count(worst.length)} slices`}
          </Button>
        </div>
      ) : null}
    </section>
  )
}

export function SettingsTable({ settings }: { settings: TrainingReport['settings'] }) {
  const names = Object.keys(settings)
  if (names.length === 0) return null
  return (
    <section className="chart" aria-label="Settings of the trainer">
      <div className="chart-head">
        <h4>Settings of the trainer</h4>
      </div>
      <dl className="settings-list">
        {names.map((name) => (
          <div key={name}>
            <dt>{settingWords(name)}</dt>
            <dd className="mono">
              <bdi>{plainText(settingValue(settings[name]))}</bdi>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
