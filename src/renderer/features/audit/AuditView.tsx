import { useVirtualizer } from '@tanstack/react-virtual'
import { Download, ScrollText } from 'lucide-react'
import { useEffect, useRef } from 'react'
import type { AuditFormat } from '../../../contract/auditExport.ts'
import { type AuditKind, type AuditRecord, auditKinds } from '../../../contract/operator.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { OpenRun } from '../../app/OpenRun.tsx'
import { Button } from '../../ui/Button.tsx'
import { Choice } from '../../ui/Choice.tsx'
import { download } from '../../ui/download.ts'
import { count, plural } from '../../ui/format.ts'
import { Note } from '../../ui/Note.tsx'
import { plainText } from '../../ui/plainText.ts'
import { SearchField } from '../../ui/SearchField.tsx'
import { Moment } from '../../ui/times.tsx'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import { isFiltered, type Span, spans } from './auditStore.ts'
import { deedOf, kindWords, outcomeOf } from './deedWords.ts'
import { auditSearchId } from './ids.ts'
import './audit.css'
import { Skeleton } from '../../ui/Skeleton.tsx'

/** Everything that operators changed, or tried to: newest first. */
export default function AuditView() {
  const { audit } = useConsole()
  const load = useIn('audit', (s) => s.load)
  const problem = useIn('audit', (s) => s.problem)
  const entries = useIn('audit', (s) => s.entries)
  const filtered = useIn('audit', isFiltered)
  useEffect(() => {
    if (audit.getState().load === 'loading') void audit.getState().fetch()
  }, [audit])
  if (load === 'failed') {
    return (
      <div className="runs-message">
        <p>The audit could not be read: {problem}</p>
        <Button onPress={() => void audit.getState().fetch()}>Try again</Button>
      </div>
    )
  }
  if (load === 'ready' && entries.length === 0 && !filtered) {
    return (
      <div className="runs-message">
        <ScrollText size={26} strokeWidth={1.5} aria-hidden />
        <p>Nothing is on record yet.</p>
        <p className="faint">
          Every decision, action, roll back, drill, key and settings change is kept here, also one that was refused.
        </p>
      </div>
    )
  }
  return (
    <>
      <Bar />
      {problem ? (
        <Note tone="bad">
          <p>This may be out of date: {problem}</p>
        </Note>
      ) : null}
      {load === 'loading' && entries.length === 0 ? (
        <Skeleton of="the audit" />
      ) : load === 'ready' && entries.length === 0 ? (
        <div className="runs-message">
          <p>Nothing on record fits this filter.</p>
          <Button onPress={() => audit.getState().clear()}>Show everything</Button>
        </div>
      ) : (
        <Records entries={entries} isBusy={load === 'loading'} />
      )}
    </>
  )
}

const spanWords = Object.fromEntries(Object.entries(spans).map(([span, { words }]) => [span, words])) as Record<Span, string>

function Bar() {
  const { audit } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  const { text, kinds, operator, span, operators, workflowId, total, exporting, fresh, load } = useIn('audit', (s) => s)
  const filtered = useIn('audit', isFiltered)
  const { narrow } = audit.getState()
  const save = async (format: AuditFormat) => {
    const saved = await audit.getState().exported(format)
    const day = new Date().toISOString().slice(0, 10)
    if (saved !== null)
      download(document, `gatehouse-audit-${day}.${format}`, format === 'csv' ? 'text/csv' : 'application/json', saved)
  }
  const names = Object.fromEntries([['', 'Everybody'], ...operators.map((name) => [name, plainText(name)])])
  return (
    <div className="audit-bar">
      <div className="audit-line">
        <SearchField
          id={auditSearchId}
          className="audit-search"
          label="Search the audit"
          placeholder="Search the audit"
          value={text}
          onChange={(next) => narrow({ text: next })}
        />
        <Choice
          hideLabel
          label="Who"
          value={operator ?? ''}
          words={names}
          onChange={(name) => narrow({ operator: name || null })}
        />
        <Choice hideLabel label="When" value={span} words={spanWords} onChange={(next) => narrow({ span: next })} />
        <span className="grow" />
        <span className="faint nowrap" role="status">
          {load === 'loading' && total === 0 ? '' : plural(total, 'record')}
        </span>
        {(['csv', 'json'] as const).map((format) => (
          <Button
            key={format}
            size="small"
            offBecause={off}
            isDisabled={exporting || total === 0}
            onPress={() => void save(format)}
          >
            <Download size={13} aria-hidden />
            {exporting ? 'Exporting…' : format.toUpperCase()}
            <span className="sr-only"> export of what fits the filter</span>
          </Button>
        ))}
      </div>
      <div className="audit-line">
        <fieldset className="chips" aria-label="What it is about">
          {auditKinds.map((kind) => (
            <button
              key={kind}
              type="button"
              className="chip"
              aria-pressed={kinds.includes(kind)}
              onClick={() => narrow({ kinds: toggled(kinds, kind) })}
            >
              {kindWords[kind]}
            </button>
          ))}
        </fieldset>
        {workflowId === null ? null : (
          <button type="button" className="chip" aria-pressed onClick={() => narrow({ workflowId: null })}>
            Run <span className="mono">{workflowId}</span> ×<span className="sr-only"> show every run</span>
          </button>
        )}
        {filtered ? (
          <Button size="small" look="link" onPress={() => audit.getState().clear()}>
            Clear
          </Button>
        ) : null}
        {fresh ? (
          <Button size="small" onPress={() => void audit.getState().fetch()}>
            Show new records
          </Button>
        ) : null}
      </div>
    </div>
  )
}

const toggled = (kinds: readonly AuditKind[], kind: AuditKind) =>
  kinds.includes(kind) ? kinds.filter((one) => one !== kind) : [...kinds, kind]

function Records({ entries, isBusy }: { entries: readonly AuditRecord[]; isBusy: boolean }) {
  const { audit } = useConsole()
  const total = useIn('audit', (s) => s.total)
  const scroller = useRef<HTMLElement>(null)
  const virtual = useVirtualizer({
    count: entries.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 48,
    overscan: 10,
    getItemKey: (index) => entries[index]?.id ?? index,
  })
  const items = virtual.getVirtualItems()
  const lastShown = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (lastShown >= entries.length - 20) void audit.getState().loadOlder()
  }, [audit, lastShown, entries.length])
  useEffect(() => () => audit.getState().setHeld(false), [audit])
  return (
    <section
      ref={scroller}
      className="scroll audit-scroll"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls is scrolled by keys too
      tabIndex={0}
      aria-label={`Audit, newest first: ${count(entries.length)} of ${count(total)} read`}
      aria-busy={isBusy}
      onScroll={(event) => audit.getState().setHeld(event.currentTarget.scrollTop > 8)}
    >
      <ul className="runs-space" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => (
          <li
            key={item.key}
            ref={virtual.measureElement}
            data-index={item.index}
            className="audit-row"
            style={{ transform: `translateY(${item.start}px)` }}
          >
            <Row entry={entries[item.index] as AuditRecord} />
          </li>
        ))}
      </ul>
    </section>
  )
}

function Row({ entry }: { entry: AuditRecord }) {
  const { audit } = useConsole()
  const { deed, why } = deedOf(entry)
  const outcome = outcomeOf(entry)
  const { workflowId, changes, problem } = entry
  return (
    <>
      <span className="faint nowrap">
        <Moment at={entry.at} />
      </span>
      <span className="audit-who">
        <bdi className="ellipsis">{plainText(entry.operator)}</bdi>
        <span className="faint ellipsis">{plainText(entry.host)}</span>
      </span>
      <div className="audit-words">
        <span>
          <bdi>{plainText(deed)}</bdi>{' '}
          {outcome.words === 'done' ? null : <span className={`tag ${outcome.tone}`}>{outcome.words}</span>}
        </span>
        {why && !changes ? <bdi className="muted">{plainText(why)}</bdi> : null}
        {changes && changes.length > 0 ? <Changes changes={changes} /> : null}
        {problem ? <bdi className="tone-bad">{plainText(problem)}</bdi> : null}
        {workflowId ? (
          <span className="faint mono audit-run ellipsis" title={workflowId}>
            {workflowId}
          </span>
        ) : null}
      </div>
      <span className="audit-links">
        {workflowId ? (
          <>
            <OpenRun size="small" workflowId={workflowId} />
            <Button size="small" look="link" onPress={() => audit.getState().narrow({ workflowId })}>
              Only this run
            </Button>
          </>
        ) : null}
      </span>
    </>
  )
}

function Changes({ changes }: { changes: NonNullable<AuditRecord['changes']> }) {
  return (
    <ul className="audit-changes">
      {changes.map(({ field, before, after }) => (
        <li key={field}>
          <span className="mono">{plainText(field)}</span>{' '}
          {before === after ? (
            <span className="faint">changed, not shown</span>
          ) : (
            <>
              <bdi className="muted">{plainText(before)}</bdi> <span aria-hidden>→</span>
              <span className="sr-only">became</span> <bdi>{plainText(after)}</bdi>
            </>
          )}
        </li>
      ))}
    </ul>
  )
}
