import { useVirtualizer } from '@tanstack/react-virtual'
import { CircleCheck, CircleX, Clock, CopyCheck, FileText } from 'lucide-react'
import { useMemo, useRef } from 'react'
import type { IntakeEntry } from '../../../contract/model.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { OpenRun } from '../../app/OpenRun.tsx'
import { Button } from '../../ui/Button.tsx'
import { bytesWords, count } from '../../ui/format.ts'
import { Moment } from '../../ui/times.tsx'
import { chooseFilesId } from '../drop/ids.ts'
import type { FilesFilter } from './filesStore.ts'
import './files.css'
import { Skeleton } from '../../ui/Skeleton.tsx'

export const outcomes: Record<IntakeEntry['outcome'], { label: string; tone: string; sign: typeof Clock }> = {
  accepted: { label: 'New run', tone: 'good', sign: CircleCheck },
  alreadyProcessed: { label: 'Already processed', tone: 'idle', sign: CopyCheck },
  refused: { label: 'Refused', tone: 'bad', sign: CircleX },
  waiting: { label: 'Waiting', tone: 'human', sign: Clock },
}
const filters: { id: FilesFilter; name: string }[] = [
  { id: 'all', name: 'All' },
  { id: 'accepted', name: 'New runs' },
  { id: 'alreadyProcessed', name: 'Already processed' },
  { id: 'refused', name: 'Refused' },
  { id: 'waiting', name: 'Waiting' },
]

/** What became of each file that was seen. */
export function FilesView() {
  const { files } = useConsole()
  const load = useIn('files', (s) => s.load)
  const problem = useIn('files', (s) => s.problem)
  const entries = useIn('files', (s) => s.entries)
  const filter = useIn('files', (s) => s.filter)
  const shown = useMemo(() => (filter === 'all' ? entries : entries.filter((e) => e.outcome === filter)), [entries, filter])
  if (load === 'failed') {
    return (
      <div className="runs-message">
        <p>The files could not be read: {problem}</p>
        <Button onPress={() => void files.getState().fetch()}>Try again</Button>
      </div>
    )
  }
  if (load === 'ready' && entries.length === 0) {
    return (
      <div className="runs-message">
        <FileText size={26} strokeWidth={1.5} aria-hidden />
        <p>No file was seen yet.</p>
        <p className="faint">Every file that is dropped or put into the inbox is told here, also one that is refused.</p>
        <Button onPress={() => document.getElementById(chooseFilesId)?.click()}>Choose files…</Button>
      </div>
    )
  }
  return (
    <>
      <div className="runs-bar">
        <fieldset className="chips" aria-label="Which files">
          {filters.map(({ id, name }) => {
            const n = id === 'refused' || id === 'waiting' ? entries.filter((e) => e.outcome === id).length : 0
            return (
              <button
                key={id}
                type="button"
                className="chip"
                aria-pressed={filter === id}
                onClick={() => files.getState().setFilter(id)}
              >
                {name}
                {n > 0 ? <span className="chip-count">{count(n)}</span> : null}
              </button>
            )
          })}
        </fieldset>
        <span className="grow" />
        <Button onPress={() => document.getElementById(chooseFilesId)?.click()}>Choose files…</Button>
      </div>
      {load === 'loading' && entries.length === 0 ? (
        <Skeleton of="the files" />
      ) : shown.length === 0 && load === 'ready' ? (
        <div className="runs-message">
          <p>No file fits this filter.</p>
        </div>
      ) : (
        <FilesList entries={shown} />
      )}
    </>
  )
}

/** An accepted file is named on the line above; its run is what can be looked up elsewhere. */
const whyWords = (entry: IntakeEntry) =>
  entry.outcome === 'accepted' && entry.workflowId !== null ? (
    <>
      {' · '}
      <span className="mono">{entry.workflowId}</span>
    </>
  ) : entry.message ? (
    ` · ${entry.message}`
  ) : null

function FilesList({ entries }: { entries: readonly IntakeEntry[] }) {
  const scroller = useRef<HTMLElement>(null)
  const virtual = useVirtualizer({
    count: entries.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 48,
    overscan: 8,
    getItemKey: (index) => entries[index]?.id ?? index,
  })
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls is scrolled by keys too
    <section ref={scroller} className="scroll files-scroll" tabIndex={0} aria-label="Files, newest first">
      <ul className="runs-space" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const entry = entries[item.index] as IntakeEntry
          const outcome = outcomes[entry.outcome]
          const Sign = outcome.sign
          return (
            <li
              key={item.key}
              ref={virtual.measureElement}
              data-index={item.index}
              className="file-row"
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <span className={`stage-sign tone-${outcome.tone}`}>
                <Sign size={16} aria-hidden />
              </span>
              <div className="file-words">
                <span className="ellipsis run-file" title={entry.path}>
                  {entry.fileName}
                </span>
                <span
                  className={`muted ${entry.outcome === 'accepted' ? 'ellipsis' : 'file-why'}`}
                  title={entry.workflowId ?? undefined}
                >
                  <span className={`tone-${outcome.tone}`}>{outcome.label}</span>
                  {whyWords(entry)}
                </span>
              </div>
              <span className="right muted nowrap">{entry.sizeBytes === null ? '' : bytesWords(entry.sizeBytes)}</span>
              <span className="right faint nowrap">
                <Moment at={entry.at} />
              </span>
              <span className="right">
                {entry.workflowId !== null ? <OpenRun size="small" workflowId={entry.workflowId} /> : null}
              </span>
            </li>
          )
        })}
      </ul>
    </section>
  )
}
