import { ChevronDown, ChevronRight } from 'lucide-react'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import type { HistoryEvent } from '../../../contract/history.ts'
import type { RunDetail } from '../../../contract/model.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { Note } from '../../ui/Note.tsx'
import { plainText } from '../../ui/plainText.ts'
import { Moment } from '../../ui/times.tsx'
import { FailureChain } from '../payload/FailureChain.tsx'
import { Payload } from '../payload/Payload.tsx'
import { ExportDialog } from './ExportDialog.tsx'
import { fits, typeWords } from './eventWords.ts'
import type { HistoryState } from './historyStore.ts'
import { OpenFileButton } from './OpenFileButton.tsx'
import { SearchResults } from './SearchResults.tsx'
import './history.css'

/** Every event that Temporal keeps of a run, newest first, with what each of them holds. */
export function HistoryView({ detail }: { detail: RunDetail }) {
  const { history, search } = useConsole()
  const [exporting, setExporting] = useState(false)
  const reading = useIn('history', (s) => s)
  const { workflowId } = detail
  useEffect(() => {
    void history.getState().open(workflowId)
    // What was found belongs to the run that it was found in.
    return () => search.getState().clear()
  }, [history, search, workflowId])
  return (
    <>
      <HistoryEvents
        reading={reading}
        again={() => void history.getState().open(workflowId)}
        onSearch={(text) => void search.getState().search(workflowId, text)}
        results={(onEvent) => <SearchResults workflowId={workflowId} onEvent={onEvent} />}
      >
        <Button size="small" onPress={() => setExporting(true)}>
          Export…
        </Button>
        <OpenFileButton />
      </HistoryEvents>
      {exporting ? <ExportDialog workflowId={workflowId} onClose={() => setExporting(false)} /> : null}
    </>
  )
}

interface HistoryEventsProps {
  reading: HistoryState
  /** Reads it anew from its newest event. */
  again: () => void
  /** Looks for a text in every value, also of events that were not read; without it the events read so far are filtered only. */
  onSearch?: (text: string) => void
  results?: (onEvent: (eventId: string) => void) => ReactNode
  /** What else can be done with it. */
  children?: ReactNode
}

export function HistoryEvents({ reading, again, onSearch, results, children }: HistoryEventsProps) {
  const { events, older, unreadable, late, loading, problem, fresh, more, readTo, showFresh, stopWaiting } = reading
  const [text, setText] = useState('')
  /** The event that was asked for; it stands open. */
  const [wanted, setWanted] = useState<string | null>(null)
  const searchable = onSearch !== undefined && text.trim() !== ''
  const goTo = (eventId: string) => {
    setText('')
    setWanted(eventId)
    void readTo(eventId)
  }
  const shown = events?.filter((event) => fits(event, text)) ?? []
  return (
    <div className="history">
      <div className="history-tools">
        <input
          className="input"
          type="search"
          aria-label="Filter the events read so far"
          placeholder="Event, step or text"
          value={text}
          maxLength={200}
          onChange={(change) => setText(change.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && searchable) onSearch(text.trim())
          }}
        />
        <span className="faint nowrap" role="status">
          {events ? countWords(shown.length, events.length, older !== null) : problem ? '' : 'Reading the history'}
        </span>
        {searchable ? (
          <Button size="small" onPress={() => onSearch(text.trim())}>
            Search every value
          </Button>
        ) : null}
        <span className="grow" />
        {children}
        <Button size="small" isDisabled={loading} onPress={again}>
          Read again
        </Button>
      </div>
      {results?.(goTo)}
      {problem ? (
        <Note tone="bad">
          <p>The history could not be read: {problem}</p>
          <Button size="small" onPress={again}>
            Try again
          </Button>
        </Note>
      ) : null}
      {late > 0 ? <LateNote count={late} onStop={stopWaiting} /> : null}
      {unreadable > 0 ? (
        <Note tone="human">
          <p>
            {unreadable === 1
              ? 'One value of these events could not be decoded; its event says why.'
              : `${unreadable} values of these events could not be decoded; each event says why.`}
          </p>
        </Note>
      ) : null}
      {fresh.length > 0 ? (
        <div>
          <Button size="small" onPress={showFresh}>
            {fresh.length === 1 ? 'One new event · show' : `${fresh.length} new events · show`}
          </Button>
        </div>
      ) : null}
      {events === null && loading ? <span className="skeleton" style={{ width: '60%' }} /> : null}
      {events?.length === 0 ? <p className="faint">There are no events yet.</p> : null}
      {events && events.length > 0 && shown.length === 0 ? (
        <p className="faint">None of the events read so far holds this text.</p>
      ) : null}
      <ol className="history-events" aria-label="Events, newest first">
        {shown.map((event) => (
          <EventRow key={event.id} event={event} wanted={event.id === wanted} />
        ))}
      </ol>
      {older !== null ? (
        <div>
          <Button isDisabled={loading} onPress={() => void more()}>
            {loading ? 'Reading…' : 'Read older events'}
          </Button>
        </div>
      ) : null}
    </div>
  )
}

/** What is missing for now, and why; it goes away by itself. */
function LateNote({ count, onStop }: { count: number; onStop(): void }) {
  return (
    <Note tone="human">
      <p>
        {count === 1 ? 'One value is' : `${count} values are`} still being decoded: the codec or its key service has not answered
        yet. Everything else is here; what is missing appears when it comes.
      </p>
      <Button size="small" onPress={onStop}>
        Stop waiting
      </Button>
    </Note>
  )
}

const countWords = (shown: number, read: number, more: boolean) =>
  `${shown === read ? '' : `${shown} of `}${read} events${more ? ' read so far' : ''}`

function EventRow({ event, wanted }: { event: HistoryEvent; wanted: boolean }) {
  const [open, setOpen] = useState(false)
  const row = useRef<HTMLLIElement>(null)
  useEffect(() => {
    if (!wanted) return
    setOpen(true)
    row.current?.scrollIntoView({ block: 'start' })
    row.current?.querySelector('button')?.focus({ preventScroll: true })
  }, [wanted])
  const Sign = open ? ChevronDown : ChevronRight
  return (
    <li className="history-event" ref={row}>
      <button type="button" className="history-line" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Sign size={12} aria-hidden />
        <span className="mono faint history-id">{event.id}</span>
        <span className="nowrap">{typeWords(event.type)}</span>
        <code className="ellipsis">{event.subject}</code>
        <span className="grow" />
        {event.failures.length > 0 ? <span className="tone-bad nowrap">failure</span> : null}
        {event.payloads.some(({ late }) => late) ? <span className="faint nowrap">being decoded</span> : null}
        {event.payloads.some(({ unreadable, late }) => unreadable !== null && !late) ? (
          <span className="tone-bad nowrap">unreadable</span>
        ) : null}
        {event.payloads.length > 0 ? (
          <span className="faint nowrap">{event.payloads.length === 1 ? '1 value' : `${event.payloads.length} values`}</span>
        ) : null}
        {event.at ? (
          <span className="faint nowrap">
            <Moment at={event.at} />
          </span>
        ) : null}
      </button>
      {open ? <EventDetail event={event} /> : null}
    </li>
  )
}

function EventDetail({ event }: { event: HistoryEvent }) {
  return (
    <div className="history-detail">
      {event.answers ? (
        <p className="faint">
          Answers event <code>{event.answers}</code>.
        </p>
      ) : null}
      <FailureChain failures={event.failures} />
      {event.payloads.map((payload, index) => (
        // The index is the key: payloads are told in order and have no id
        <Payload key={index} title={payload.label} payload={payload} />
      ))}
      {event.payloads.length === 0 && event.failures.length === 0 ? <p className="faint">This event holds no values.</p> : null}
      {event.facts.length > 0 ? (
        <dl className="history-facts" aria-label="What else the event says">
          {event.facts.map(({ name, value }) => (
            <div key={name}>
              <dt className="mono">{plainText(name)}</dt>
              <dd>
                <bdi>{plainText(value)}</bdi>
              </dd>
            </div>
          ))}
        </dl>
      ) : null}
    </div>
  )
}
