import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown, ArrowUp, Boxes, Columns2 } from 'lucide-react'
import { memo, useEffect, useMemo, useRef } from 'react'
import type { ModelSummary } from '../../../contract/models.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { count, figure, significant } from '../../ui/format.ts'
import { Note } from '../../ui/Note.tsx'
import { plainText } from '../../ui/plainText.ts'
import { SearchField } from '../../ui/SearchField.tsx'
import { Moment } from '../../ui/times.tsx'
import { mainMetric, metricWords } from '../report/compare.ts'
import { CompareView } from './CompareView.tsx'
import { modelsSearchId } from './ids.ts'
import { ModelPage } from './ModelPage.tsx'
import { gainOf, type ModelFilter, type ModelSort, modelFilters } from './modelsStore.ts'
import './models.css'
import { Skeleton } from '../../ui/Skeleton.tsx'

const rowHeight = 32
const headHeight = 28

/** Every model of the registry; one as a page, or two of them side by side. */
export default function ModelsView() {
  const { models } = useConsole()
  const model = useIn('route', (s) => s.model)
  const beside = useIn('route', (s) => s.beside)
  useEffect(() => {
    void models.getState().fetch()
  }, [models])
  useEffect(() => {
    models.getState().open([model, beside].filter((id) => id !== null))
  }, [models, model, beside])
  if (model === null) return <ModelsList />
  if (beside === null) return <ModelPage key={model} modelId={model} />
  return <CompareView from={model} to={beside} />
}

function ModelsList() {
  const { models } = useConsole()
  const load = useIn('models', (s) => s.load)
  const problem = useIn('models', (s) => s.problem)
  const gap = useIn('models', (s) => s.gap)
  const known = useIn('models', (s) => s.models.length)
  const shown = useIn('models', (s) => s.visible.length)
  if (load === 'loading') {
    return (
      <>
        <ModelsBar />
        <Skeleton of="the models" />
      </>
    )
  }
  if (load === 'failed' || (known === 0 && gap)) {
    return (
      <div className="runs-message">
        <p>The models could not be read: {problem ?? gap}</p>
        <Button onPress={() => void models.getState().fetch()}>Try again</Button>
      </div>
    )
  }
  if (known === 0) {
    return (
      <div className="runs-message">
        <Boxes size={26} strokeWidth={1.5} aria-hidden />
        <p>There is no model yet.</p>
        <p className="faint">Each run that trains one adds it here, with what it was made of and how it did.</p>
      </div>
    )
  }
  const late = problem ?? gap
  return (
    <>
      <ModelsBar />
      {late ? (
        <div className="models-note">
          <Note tone="human">
            <p>{problem ? `This may be out of date: ${problem}` : `This list may not be whole: ${gap}`}</p>
          </Note>
        </div>
      ) : null}
      {shown === 0 ? <NothingFits /> : <Table />}
    </>
  )
}

function NothingFits() {
  const { models } = useConsole()
  const clear = () => {
    models.getState().setText('')
    models.getState().setFilter('all')
  }
  return (
    <div className="runs-message">
      <p>No model fits this filter.</p>
      <Button onPress={clear}>Show all models</Button>
    </div>
  )
}

const filterWords: Record<ModelFilter, string> = {
  all: 'All',
  served: 'Served now',
  regression: 'Regression',
  classification: 'Classification',
  demo: 'Demo',
}

function ModelsBar() {
  const { models, route } = useConsole()
  const text = useIn('models', (s) => s.text)
  const filter = useIn('models', (s) => s.filter)
  const chosen = useIn('models', (s) => s.chosen)
  const compare = () => {
    const [a, b] = chosen
    if (a !== undefined && b !== undefined) route.getState().go({ model: a, beside: b })
  }
  return (
    <div className="runs-bar">
      <SearchField
        id={modelsSearchId}
        label="Search models by file, id, target, pipeline or dataset hash"
        value={text}
        onChange={(next) => models.getState().setText(next)}
        onLeave={() => models.getState().enterList()}
      />
      <fieldset className="chips" aria-label="Which models">
        {modelFilters.map((id) => (
          <button
            key={id}
            type="button"
            className="chip"
            aria-pressed={filter === id}
            onClick={() => models.getState().setFilter(id)}
          >
            {filterWords[id]}
          </button>
        ))}
      </fieldset>
      <span className="grow" />
      {chosen.length > 0 ? (
        <Button look="quiet" onPress={() => models.getState().clearChosen()}>
          Clear
        </Button>
      ) : null}
      <Button
        offBecause={chosen.length === 2 ? null : `Choose two models to compare; ${chosen.length} chosen.`}
        onPress={compare}
      >
        <Columns2 size={14} aria-hidden />
        Compare{chosen.length > 0 ? ` (${chosen.length} of 2)` : ''}
      </Button>
    </div>
  )
}

const columns: { by: ModelSort | null; name: string; className?: string }[] = [
  { by: null, name: 'Compare' },
  { by: 'fileName', name: 'Trained on' },
  { by: null, name: 'Model', className: 'col-id' },
  { by: null, name: 'Predicts', className: 'col-target' },
  { by: 'metric', name: 'On test rows' },
  { by: 'gain', name: 'Over baseline', className: 'col-gain' },
  { by: 'createdAt', name: 'Trained' },
  { by: null, name: 'Status' },
]

function Table() {
  const { models, route } = useConsole()
  const visible = useIn('models', (s) => s.visible)
  const list = useIn('models', (s) => s.models)
  const total = useIn('models', (s) => s.total)
  const sort = useIn('models', (s) => s.sort)
  const chosen = useIn('models', (s) => s.chosen)
  const cursor = useIn('models', (s) => s.cursor)
  const byId = useMemo(() => new Map(list.map((model) => [model.modelId, model])), [list])
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: visible.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    getItemKey: (index) => visible[index] ?? index,
    // The head stays in sight above the rows.
    scrollMargin: headHeight,
    scrollPaddingStart: headHeight,
  })
  const place = useRef(-1)
  place.current = cursor === null ? -1 : visible.indexOf(cursor)
  useEffect(() => {
    if (cursor !== null && place.current >= 0) virtual.scrollToIndex(place.current, { align: 'auto' })
  }, [cursor, virtual])
  return (
    <div ref={scroller} className="scroll models-table">
      <table aria-label="Models" aria-rowcount={visible.length + 1}>
        <thead>
          <tr className="models-head" aria-rowindex={1}>
            {columns.map(({ by, name, className }) => (
              <th
                key={name}
                scope="col"
                className={className}
                aria-sort={by === null || by !== sort.by ? undefined : isAscending(sort) ? 'ascending' : 'descending'}
              >
                {by === null ? (
                  <span className={name === 'Compare' ? 'sr-only' : undefined}>{name}</span>
                ) : (
                  <button type="button" className="sort" onClick={() => models.getState().setSort(by)}>
                    {name}
                    {by === sort.by ? <SortSign ascending={isAscending(sort)} /> : null}
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="runs-space" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const model = byId.get(visible[item.index] as string)
            return model ? (
              <Row
                key={item.key}
                model={model}
                top={item.start - headHeight}
                index={item.index + 2}
                isChosen={chosen.includes(model.modelId)}
                isCursor={model.modelId === cursor}
                onChoose={models.getState().choose}
                onOpen={(id) => {
                  models.getState().setCursor(id)
                  route.getState().go({ model: id })
                }}
              />
            ) : null
          })}
        </tbody>
      </table>
      {total > list.length ? (
        <div className="runs-older">
          <span className="faint">
            {count(list.length)} of {count(total)} models are here; search looks through all of them.
          </span>
          <Button size="small" onPress={() => void models.getState().loadOlder()}>
            Show older models
          </Button>
        </div>
      ) : null}
    </div>
  )
}

function SortSign({ ascending }: { ascending: boolean }) {
  return ascending ? <ArrowUp size={11} aria-hidden /> : <ArrowDown size={11} aria-hidden />
}

/** The natural order of a date and of a figure is the newest and the best first, which is downwards. */
const isAscending = ({ by, down }: { by: ModelSort; down: boolean }) => (by === 'fileName') !== down

const Row = memo(
  function Row({
    model,
    top,
    index,
    isChosen,
    isCursor,
    onChoose,
    onOpen,
  }: {
    model: ModelSummary
    top: number
    index: number
    isChosen: boolean
    isCursor: boolean
    onChoose: (modelId: string) => void
    onOpen: (modelId: string) => void
  }) {
    const { modelId, fileName, target, metrics, createdAt } = model
    const metric = mainMetric(metrics)
    const gain = gainOf(model)
    return (
      <tr
        aria-rowindex={index}
        className={`model-row${isCursor ? ' cursor' : ''}${isChosen ? ' open' : ''}`}
        style={{ transform: `translateY(${top}px)` }}
        data-model-id={modelId}
      >
        <td>
          <input
            type="checkbox"
            checked={isChosen}
            aria-label={`Compare ${fileName}, ${modelId}`}
            onChange={() => onChoose(modelId)}
          />
        </td>
        <td className="ellipsis">
          <a
            className="run-file"
            href={`#/models/${encodeURIComponent(modelId)}`}
            title={plainText(fileName)}
            onClick={(event) => {
              event.preventDefault()
              onOpen(modelId)
            }}
          >
            <bdi>{plainText(fileName)}</bdi>
          </a>
        </td>
        <td className="ellipsis mono faint col-id" title={modelId}>
          {modelId}
        </td>
        <td className="ellipsis col-target" title={target === null ? 'demo trainer' : plainText(target)}>
          {target === null ? <span className="faint">demo trainer</span> : <bdi>{plainText(target)}</bdi>}
        </td>
        <td className="ellipsis">
          {metric ? (
            <>
              <span className="faint">{metricWords(metric)}</span> {significant(metrics[metric] ?? 0)}
            </>
          ) : null}
        </td>
        <td className={`col-gain ${gain !== null && gain <= 0 ? 'tone-bad' : ''}`}>
          {gain === null ? <span className="faint">–</span> : `${gain > 0 ? '+' : ''}${figure(gain * 100, 0)} %`}
          {gain === null ? null : <span className="sr-only">{gain > 0 ? ' better' : ' worse'}</span>}
        </td>
        <td className="faint nowrap">
          <When at={createdAt} />
        </td>
        <td className="model-tags">
          <ModelTags model={model} />
        </td>
      </tr>
    )
  },
  (a, b) =>
    a.model === b.model && a.top === b.top && a.index === b.index && a.isChosen === b.isChosen && a.isCursor === b.isCursor,
)

function When({ at }: { at: string }) {
  return <Moment at={at} />
}

const decisionWords = { approve: 'Approved', reject: 'Rejected', timeout: 'Nobody decided' } as const

/** Where it is served, else what was decided about it. */
export function ModelTags({ model: { servedIn, decision } }: { model: Pick<ModelSummary, 'servedIn' | 'decision'> }) {
  if (servedIn.length === 0)
    return decision ? <span className={decision === 'approve' ? 'tag' : 'tag idle'}>{decisionWords[decision]}</span> : null
  return servedIn.map((environment) => (
    <span key={environment} className={environment === 'prod' ? 'tag good' : 'tag run'}>
      {environment === 'prod' ? 'In production' : 'In dev'}
    </span>
  ))
}
