import { X } from 'lucide-react'
import type { HistoryHit, HistorySearch } from '../../../contract/history.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button, IconButton } from '../../ui/Button.tsx'
import { Note } from '../../ui/Note.tsx'
import { typeWords } from './eventWords.ts'

interface Props {
  workflowId: string
  /** Brings the event into sight, also one that was not read yet. */
  onEvent: (eventId: string) => void
}

/** Where the text stands in the values of the run, the newest event first. */
export function SearchResults({ workflowId, onEvent }: Props) {
  const { search } = useConsole()
  const { text, reveal, found, problem } = useIn('search', (s) => s)
  if (text === null) return null
  const again = (shown: boolean) => void search.getState().search(workflowId, text, shown)
  return (
    <section className="history-found" aria-label="Found in the values">
      <div className="history-found-head">
        <p className="grow wrap" role="status">
          {problem ? `The values could not be searched: ${problem}` : foundWords(text, found)}
        </p>
        {problem ? (
          <Button size="small" onPress={() => again(reveal)}>
            Try again
          </Button>
        ) : null}
        <IconButton size="small" label="Close the search" onPress={() => search.getState().clear()}>
          <X size={14} aria-hidden />
        </IconButton>
      </div>
      {found && found.covered > 0 && !reveal ? (
        <Note tone="human">
          <p className="wrap">
            {found.covered === 1 ? 'One value holds it' : `${found.covered} values hold it`} where secrets are covered.
          </p>
          <Button size="small" onPress={() => again(true)}>
            Show them
          </Button>
        </Note>
      ) : null}
      {found && found.hits.length > 0 ? (
        <ol className="history-hits">
          {found.hits.map((hit) => (
            <li key={`${hit.eventId} ${hit.label}`}>
              <Hit hit={hit} onEvent={onEvent} />
            </li>
          ))}
        </ol>
      ) : null}
      {found && found.total > found.hits.length ? (
        <p className="faint">The newest {found.hits.length} are shown. A longer text finds fewer.</p>
      ) : null}
    </section>
  )
}

function Hit({ hit, onEvent }: { hit: HistoryHit; onEvent: (eventId: string) => void }) {
  return (
    <button type="button" className="history-hit" onClick={() => onEvent(hit.eventId)}>
      <span className="mono faint history-id">{hit.eventId}</span>
      <span className="history-hit-words">
        <span>
          {typeWords(hit.type)} <code>{hit.subject}</code>{' '}
          <code className="faint">{[hit.label, hit.path].filter(Boolean).join(' › ')}</code>
        </span>
        <code className="wrap">{hit.excerpt}</code>
      </span>
    </button>
  )
}

function foundWords(text: string, found: HistorySearch | null): string {
  if (found === null) return `Looking for “${text}” in every value of the run…`
  const { total, events, done, unreadable, left } = found
  const where = total === 0 ? 'No value holds it' : total === 1 ? 'One value holds it' : `${total} values hold it`
  const missing = [
    unreadable > 0 ? `${unreadable} could not be decoded` : '',
    left > 0 ? `for ${left} there was no room` : '',
  ].filter(Boolean)
  return `${where}. ${events} events looked through${done ? '' : ' so far'}${missing.length > 0 ? `; ${missing.join(', ')}` : ''}.`
}
