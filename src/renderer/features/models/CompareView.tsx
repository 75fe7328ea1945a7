import { ArrowLeft, ArrowLeftRight } from 'lucide-react'
import { useState } from 'react'
import type { ModelDetail } from '../../../contract/models.ts'
import { momentWords, type SentenceOptions } from '../../../contract/sentence.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { middleCut, plural, significant } from '../../ui/format.ts'
import { Note } from '../../ui/Note.tsx'
import { plainText } from '../../ui/plainText.ts'
import { Moment, useTimes } from '../../ui/times.tsx'
import { Change, Changes } from '../report/Changes.tsx'
import { LearningCurve } from '../report/Curve.tsx'
import {
  compareMetrics,
  compareSettings,
  compareSlices,
  mainMetric,
  metricWords,
  type Setting,
  settingValue,
  settingWords,
} from '../report/compare.ts'
import { ModelTags } from './ModelsView.tsx'

/** Two models side by side: what was set differently, then what that did, what got worse first. */
export function CompareView({ from, to }: { from: string; to: string }) {
  const { models, route } = useConsole()
  const a = useIn('models', (s) => s.details[from])
  const b = useIn('models', (s) => s.details[to])
  const problem = a?.problem ?? b?.problem
  return (
    <section className="model-page" aria-label="Two models compared">
      <header className="run-top">
        <Button size="small" look="quiet" onPress={() => route.getState().go({ model: null, beside: null })}>
          <ArrowLeft size={14} aria-hidden />
          Models
        </Button>
        <h2>Two models</h2>
        <Button size="small" onPress={() => route.getState().go({ model: to, beside: from })}>
          <ArrowLeftRight size={13} aria-hidden />
          Swap
        </Button>
      </header>
      <div className="scroll model-body">
        {problem ? (
          <Note tone="bad">
            <p>{problem}</p>
            <Button size="small" onPress={() => models.getState().refetch()}>
              Try again
            </Button>
          </Note>
        ) : null}
        {a?.detail && b?.detail ? (
          <Both from={a.detail} to={b.detail} />
        ) : problem ? null : (
          <div aria-busy="true">
            <span className="sr-only">Reading the models</span>
            <span className="skeleton" style={{ width: '60%' }} />
          </div>
        )}
      </div>
    </section>
  )
}

/** Two models of the same file are told apart by when they were trained. */
function namesOf(from: ModelDetail, to: ModelDetail, times: SentenceOptions): [string, string] {
  const named = (model: ModelDetail) =>
    from.fileName === to.fileName
      ? `${middleCut(model.fileName, 28)}, ${momentWords(model.createdAt, new Date(), { ...times, relative: false })}`
      : middleCut(model.fileName, 40)
  const names: [string, string] = [named(from), named(to)]
  return names[0] === names[1] ? [from.modelId, to.modelId] : names
}

const madeOf = (model: ModelDetail): Record<string, Setting> => ({
  Dataset: model.fileName,
  'Dataset SHA-256': model.datasetSha256,
  Rows: model.rows,
  Pipeline: model.pipeline,
  Trainer: model.trainer,
  Target: model.target,
  'Code version': model.codeVersion,
})

function Both({ from, to }: { from: ModelDetail; to: ModelDetail }) {
  const names = namesOf(from, to, useTimes())
  const metric = mainMetric(to.metrics)
  const slices = metric && from.report && to.report ? compareSlices(from.report.slices, to.report.slices, metric) : []
  const otherTask = from.task !== to.task || from.target !== to.target
  return (
    <div className="report compare">
      <div className="compare-names">
        {[from, to].map((model, index) => (
          <ModelName key={model.modelId} model={model} colour={(index + 1) as 1 | 2} />
        ))}
      </div>
      {otherTask ? (
        <Note tone="human">
          <p>They predict different things, so their figures do not compare.</p>
        </Note>
      ) : from.datasetSha256 !== to.datasetSha256 ? (
        <Note>
          <p>They were judged on test rows of different datasets; small differences may come from the rows.</p>
        </Note>
      ) : null}
      <Differences
        names={names}
        pairs={[
          ...compareSettings(madeOf(from), madeOf(to)).map((pair) => ({ ...pair, words: pair.name })),
          ...compareSettings(from.settings, to.settings).map((pair) => ({ ...pair, words: settingWords(pair.name) })),
        ]}
      />
      {otherTask ? null : (
        <section className="chart" aria-label="Metrics, what got worse first">
          <div className="chart-head">
            <h4>Metrics on the test rows, worse first</h4>
          </div>
          <Changes changes={compareMetrics(from.metrics, to.metrics)} fromName={names[0]} toName={names[1]} />
        </section>
      )}
      {metric && slices.length > 0 && !otherTask ? (
        <section className="chart" aria-label="Slices, what got worse first">
          <div className="chart-head">
            <h4>Slices by {metricWords(metric)}, worse first</h4>
          </div>
          <table className="dense">
            <thead>
              <tr>
                <th scope="col">Slice</th>
                <th scope="col" className="right">
                  {names[0]}
                </th>
                <th scope="col" className="right">
                  {names[1]}
                </th>
                <th scope="col">Difference</th>
              </tr>
            </thead>
            <tbody>
              {slices.slice(0, 30).map((slice) => (
                <tr key={JSON.stringify([slice.column, slice.value])}>
                  <td className="slice">
                    <span className="ellipsis" title={plainText(`${slice.column} = ${slice.value}`)}>
                      <bdi className="mono">{plainText(slice.column)}</bdi> ={' '}
                      <bdi>{plainText(slice.value === '' ? '(missing)' : slice.value)}</bdi>{' '}
                      <span className="faint">{plural(slice.rows, 'row')}</span>
                    </span>
                  </td>
                  <td className="right muted">{significant(slice.from)}</td>
                  <td className="right strong">{significant(slice.to)}</td>
                  <td>
                    <Change change={slice} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ) : null}
      <Curves from={from} to={to} names={names} />
    </div>
  )
}

function ModelName({ model, colour }: { model: ModelDetail; colour: 1 | 2 }) {
  const { route } = useConsole()
  return (
    <div className="compare-name">
      <svg width={18} height={8} aria-hidden>
        <line x1={0} x2={18} y1={4} y2={4} className={`series series-${colour}`} />
      </svg>
      <Button look="link" onPress={() => route.getState().go({ model: model.modelId, beside: null })}>
        <bdi className="ellipsis">{plainText(model.fileName)}</bdi>
      </Button>
      <span className="mono faint ellipsis">{model.modelId}</span>
      <span className="faint nowrap">
        <Moment at={model.createdAt} />
      </span>
      <ModelTags model={model} />
    </div>
  )
}

type Pair = ReturnType<typeof compareSettings>[number] & { words: string }

function Differences({ names, pairs }: { names: readonly [string, string]; pairs: readonly Pair[] }) {
  const [all, setAll] = useState(false)
  const differing = pairs.filter(({ differs }) => differs)
  const same = pairs.filter(({ differs }) => !differs)
  return (
    <section className="chart" aria-label="Settings and lineage, what differs first">
      <div className="chart-head">
        <h4>What differs</h4>
        <span className="grow" />
        {same.length > 0 ? (
          <Button size="small" look="quiet" aria-pressed={all} onPress={() => setAll(!all)}>
            {all ? 'Hide what is the same' : `Show ${plural(same.length, 'equal setting')}`}
          </Button>
        ) : null}
      </div>
      {differing.length === 0 ? (
        <p className="chart-note">Nothing: they were made of the same data with the same settings.</p>
      ) : null}
      {differing.length > 0 || all ? (
        <table className="dense differences">
          <thead>
            <tr>
              <th scope="col">Setting</th>
              <th scope="col">{names[0]}</th>
              <th scope="col">{names[1]}</th>
            </tr>
          </thead>
          <tbody>
            {[...differing, ...(all ? same : [])].map(({ name, words, from, to, differs }) => (
              <tr key={name} className={differs ? undefined : 'faint'}>
                <td>{words}</td>
                <td className="mono">
                  <bdi>{plainText(settingValue(from))}</bdi>
                </td>
                <td className="mono">
                  <bdi>{plainText(settingValue(to))}</bdi>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
    </section>
  )
}

/** Both curves in one chart where they show the same loss, else one below the other. */
function Curves({ from, to, names }: { from: ModelDetail; to: ModelDetail; names: readonly [string, string] }) {
  const curves = [from, to].flatMap(({ report }, index) =>
    report && report.curve.length > 0
      ? [{ loss: report.loss, name: names[index] ?? '', points: report.curve, bestRound: report.bestRound }]
      : [],
  )
  const [first, second] = curves
  if (!first) return null
  if (second && first.loss === second.loss) return <LearningCurve title="Learning curves" loss={first.loss} curves={curves} />
  return curves.map((curve) => <LearningCurve key={curve.name} title={curve.name} loss={curve.loss} curves={[curve]} />)
}
