import { useVirtualizer } from '@tanstack/react-virtual'
import { ChevronRight, Search } from 'lucide-react'
import { useMemo, useRef, useState } from 'react'
import type { ColumnProfile, DataProfile } from '../../../contract/training.ts'
import { Figure } from '../../ui/charts/Figure.tsx'
import { count, plural, sentenceStart, shareWords, significant } from '../../ui/format.ts'
import { Note } from '../../ui/Note.tsx'
import { plainText } from '../../ui/plainText.ts'
import { type ColumnFilter, filters, profileWords, roleTones, roleWords, shownColumns, typeWords } from './profile.ts'
import '../../ui/charts/charts.css'
import './profile.css'

const rowHeight = 44

/** What the data looks like: the file, what was set aside, and every column with its distribution. */
export function ProfileView({ profile }: { profile: DataProfile }) {
  return (
    <div className="profile">
      <p className="muted">{profileWords(profile)}</p>
      {profile.notes.length > 0 ? (
        <Note>
          <div>
            {profile.notes.map((sentence) => (
              <p key={sentence}>
                <bdi>{plainText(sentence)}</bdi>
              </p>
            ))}
          </div>
        </Note>
      ) : null}
      <Quarantine quarantined={profile.quarantined} />
      <Columns profile={profile} />
    </div>
  )
}

function Quarantine({ quarantined }: { quarantined: DataProfile['quarantined'] }) {
  const { count: n, share, examples } = quarantined
  if (n === 0) return null
  return (
    <details className="quarantine">
      <summary>
        {plural(n, 'row')} ({shareWords(share)}) could not be read and {n === 1 ? 'is' : 'are'} in quarantine; the run went on
        without {n === 1 ? 'it' : 'them'}
      </summary>
      <table className="quarantine-rows">
        <thead>
          <tr>
            <th scope="col" className="right">
              Line
            </th>
            <th scope="col">Reason</th>
          </tr>
        </thead>
        <tbody>
          {examples.map(({ line, reason }, index) => (
            // The index is the key: a line may have two reasons
            <tr key={index}>
              <td className="right mono">{line}</td>
              <td>
                <bdi>{plainText(reason)}</bdi>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {n > examples.length ? (
        <p className="faint">The first {count(examples.length)} are shown; all of them are in the quarantine file of the run.</p>
      ) : null}
    </details>
  )
}

function Columns({ profile }: { profile: DataProfile }) {
  const [search, setSearch] = useState('')
  const [filter, setFilter] = useState<ColumnFilter>('all')
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  const shown = useMemo(() => shownColumns(profile.columns, filter, search), [profile.columns, filter, search])
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 6,
    getItemKey: (index) => shown[index]?.name ?? index,
  })
  const toggle = (name: string) => {
    const next = new Set(open)
    if (!next.delete(name)) next.add(name)
    setOpen(next)
  }
  return (
    <>
      <div className="profile-bar">
        <div className="search">
          <Search size={14} aria-hidden />
          <input
            className="input"
            type="text"
            placeholder="Search columns"
            aria-label="Search columns by name"
            spellCheck={false}
            autoComplete="off"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
        </div>
        <fieldset className="chips" aria-label="Which columns">
          {filters.map(({ id, name, fits }) => {
            const n = profile.columns.filter(fits).length
            return n > 0 || id === filter ? (
              <button key={id} type="button" className="chip" aria-pressed={filter === id} onClick={() => setFilter(id)}>
                {name} <span className="chip-count">{count(n)}</span>
              </button>
            ) : null
          })}
        </fieldset>
      </div>
      {shown.length === 0 ? (
        <p className="faint">No column fits.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls is scrolled by keys too
        <section ref={scroller} className="scroll profile-scroll" tabIndex={0} aria-label="Columns">
          <ul className="runs-space" style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map((item) => {
              const column = shown[item.index] as ColumnProfile
              return (
                <li
                  key={item.key}
                  ref={virtual.measureElement}
                  data-index={item.index}
                  className="column"
                  style={{ transform: `translateY(${item.start}px)` }}
                  aria-setsize={shown.length}
                  aria-posinset={item.index + 1}
                >
                  <ColumnRow
                    column={column}
                    rows={profile.rows}
                    isOpen={open.has(column.name)}
                    onToggle={() => toggle(column.name)}
                  />
                </li>
              )
            })}
          </ul>
        </section>
      )}
    </>
  )
}

function ColumnRow({
  column,
  rows,
  isOpen,
  onToggle,
}: {
  column: ColumnProfile
  rows: number
  isOpen: boolean
  onToggle: () => void
}) {
  const { name, role, type, missing, distinct, why } = column
  return (
    <>
      <button type="button" className="column-line" aria-expanded={isOpen} onClick={onToggle}>
        <ChevronRight size={12} className="column-arrow" aria-hidden />
        <span className="column-words">
          <span className="column-top">
            <bdi className="ellipsis mono column-name" title={plainText(name)}>
              {plainText(name)}
            </bdi>
            {role === 'feature' ? null : <span className={`tag ${roleTones[role]}`}>{roleWords[role]}</span>}
          </span>
          <span className="ellipsis faint column-facts">
            {typeWords[type]} · {count(distinct)} distinct
            {missing > 0 ? <span className="tone-human"> · {shareWords(missing / Math.max(1, rows))} missing</span> : null}
            {why ? (
              <>
                {' · '}
                <bdi>{plainText(why)}</bdi>
              </>
            ) : null}
          </span>
        </span>
        <Spark column={column} rows={rows} />
      </button>
      {isOpen ? <ColumnDetail column={column} rows={rows} /> : null}
    </>
  )
}

const sparkWidth = 132
const sparkHeight = 26

/** The distribution at a glance; the opened row says it in figures. */
function Spark({ column: { histogram, top }, rows }: { column: ColumnProfile; rows: number }) {
  const counts = histogram?.map((bin) => bin.count) ?? top?.slice(0, 8).map((one) => one.count) ?? []
  // Bars of values are shares of all rows, or an id would look like a single value.
  const most = histogram ? Math.max(1, ...counts) : Math.max(1, rows)
  const wide = sparkWidth / Math.max(1, counts.length)
  return (
    <svg className="spark" width={sparkWidth} height={sparkHeight} aria-hidden>
      {top && !histogram
        ? counts.map((n, i) => (
            // The index is the key: bars never move
            <rect
              key={i}
              x={0}
              y={(i * sparkHeight) / counts.length}
              width={Math.max(1, (n / most) * sparkWidth)}
              height={Math.max(1, sparkHeight / counts.length - 1)}
            />
          ))
        : counts.map((n, i) => {
            const high = n === 0 ? 0 : Math.max(1, (n / most) * sparkHeight)
            return <rect key={i} x={i * wide} y={sparkHeight - high} width={Math.max(1, wide - 1)} height={high} />
          })}
    </svg>
  )
}

function ColumnDetail({ column, rows }: { column: ColumnProfile; rows: number }) {
  const { type, histogram, top, distinct, missing, why, role } = column
  const facts: [string, string][] = [
    ['Role', roleWords[role]],
    ['Type', typeWords[type]],
    ['Missing', missing === 0 ? 'none' : `${count(missing)} (${shareWords(missing / Math.max(1, rows))})`],
    ['Distinct', count(distinct)],
  ]
  const figures = [
    ['Least', column.min],
    ['Median', column.median],
    ['Mean', column.mean],
    ['Greatest', column.max],
    ['Standard deviation', column.standardDeviation],
  ] as const
  for (const [name, value] of figures) if (value !== null) facts.push([name, significant(value)])
  return (
    <div className="column-detail">
      {why ? (
        <p>
          <bdi>{sentenceStart(plainText(why))}</bdi>
        </p>
      ) : null}
      <dl className="column-figures">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {histogram && histogram.length > 0 ? <Histogram bins={histogram} type={type} /> : null}
      {top && top.length > 0 ? <Values top={top} distinct={distinct} rows={rows} /> : null}
    </div>
  )
}

/** An edge of a bin: a number as a figure, a date as its day where the time says nothing. */
const edgeWords = (text: string, type: ColumnProfile['type']) =>
  type === 'date' ? text.replace(/T00:00:00(\.0+)?Z?$/, '') : Number.isFinite(Number(text)) ? significant(Number(text)) : text

function Histogram({ bins, type }: { bins: NonNullable<ColumnProfile['histogram']>; type: ColumnProfile['type'] }) {
  const most = Math.max(1, ...bins.map((bin) => bin.count))
  const words = (bin: { from: string; to: string }) => `${edgeWords(bin.from, type)} to ${edgeWords(bin.to, type)}`
  return (
    <Figure
      title="Distribution"
      table={{
        head: ['From', 'To', 'Rows'],
        rows: bins.map((bin) => [edgeWords(bin.from, type), edgeWords(bin.to, type), bin.count]),
      }}
    >
      <div
        className="histogram"
        role="img"
        aria-label={`Rows by value, from ${edgeWords(bins[0]?.from ?? '', type)} to ${edgeWords(bins.at(-1)?.to ?? '', type)}; the fullest bin has ${count(most)}.`}
      >
        {bins.map((bin) => (
          <span key={bin.from} className="bin" title={`${words(bin)}: ${plural(bin.count, 'row')}`}>
            <i style={{ height: bin.count === 0 ? 0 : `max(1px, ${(bin.count / most) * 100}%)` }} />
          </span>
        ))}
      </div>
      <div className="histogram-ends faint" aria-hidden>
        <span>{edgeWords(bins[0]?.from ?? '', type)}</span>
        <span>{edgeWords(bins.at(-1)?.to ?? '', type)}</span>
      </div>
    </Figure>
  )
}

function Values({ top, distinct, rows }: { top: NonNullable<ColumnProfile['top']>; distinct: number; rows: number }) {
  const most = top[0]?.count ?? 1
  return (
    <table className="bars" aria-label="Most frequent values">
      <tbody>
        {top.map(({ value, count: n }) => (
          <tr key={value}>
            <th scope="row">
              <bdi className="ellipsis" title={plainText(value)}>
                {plainText(value === '' ? '(empty)' : value)}
              </bdi>
            </th>
            <td aria-hidden>
              <i className="bar-fill" style={{ width: `${(n / most) * 100}%` }} />
            </td>
            <td className="right bars-figure">
              {count(n)} <span className="faint">{shareWords(n / Math.max(1, rows))}</span>
            </td>
          </tr>
        ))}
      </tbody>
      {distinct > top.length ? (
        <caption className="faint">
          The {plural(top.length, 'most frequent value')} of {count(distinct)}.
        </caption>
      ) : null}
    </table>
  )
}
