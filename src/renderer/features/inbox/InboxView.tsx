import { Bell, Inbox } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { useShallow } from 'zustand/react/shallow'
import { standingOf } from '../../../contract/approvals.ts'
import type { RunSummary } from '../../../contract/model.ts'
import { spanWords } from '../../../contract/sentence.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { useNow } from '../../ui/clock.ts'
import { count } from '../../ui/format.ts'
import { Note } from '../../ui/Note.tsx'
import { plainText } from '../../ui/plainText.ts'
import { StageSign } from '../../ui/StageSign.tsx'
import { Moment } from '../../ui/times.tsx'
import { awaitingRuns } from '../runs/runsStore.ts'
import { useCursorStays } from '../runs/useCursorStays.ts'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import { CandidateLines } from './CandidateLines.tsx'
import './inbox.css'
import { Skeleton } from '../../ui/Skeleton.tsx'

/** What awaits a decision, the oldest first. */
export function InboxView() {
  const { route, runs, inbox } = useConsole()
  const waiting = useIn('runs', useShallow(awaitingRuns))
  const cursor = useIn('runs', (s) => s.cursor)
  const open = useIn('route', (s) => s.run)
  const load = useIn('runs', (s) => s.load)
  const problem = useIn('runs', (s) => s.problem)
  const unknown = useIn('inbox', (s) => s.problem)
  const connection = useIn('stack', (s) => s.connection)
  const ids = useIn(
    'runs',
    useShallow((s) => awaitingRuns(s).map(({ workflowId }) => workflowId)),
  )
  useCursorStays(ids)
  useEffect(() => {
    if (connection === 'open' && ids.length > 0) void inbox.getState().fetch(ids)
  }, [inbox, ids, connection])
  if (load === 'failed') {
    return (
      <div className="runs-message">
        <p>What waits for a decision could not be read: {problem}</p>
        <Button onPress={() => void runs.getState().fetch()}>Try again</Button>
      </div>
    )
  }
  if (load === 'loading' && waiting.length === 0) return <Skeleton of="what waits for a decision" />
  if (load === 'ready' && waiting.length === 0) {
    return (
      <div className="runs-message">
        <Inbox size={26} strokeWidth={1.5} aria-hidden />
        <p>Nothing waits for a decision.</p>
        <p className="faint">A run comes here once its model passed the gate and asks for production.</p>
        <Offer />
      </div>
    )
  }
  return (
    <>
      <div className="runs-bar">
        <h2 className="inbox-title">{count(waiting.length)} waiting for a decision</h2>
        <span className="faint">oldest first</span>
        <span className="grow" />
        <Offer />
      </div>
      {unknown ? (
        <Note tone="human">
          <p>What production serves could not be read, so there is nothing to compare with: {unknown}</p>
        </Note>
      ) : null}
      <ul className="inbox scroll" aria-label="Runs that wait for a decision, oldest first">
        {waiting.map((run) => (
          <Item
            key={run.workflowId}
            run={run}
            isCursor={run.workflowId === cursor}
            isOpen={run.workflowId === open}
            onOpen={(byKey) => {
              runs.getState().setCursor(run.workflowId)
              // Enter opens beside the list, and once more as a page, as it does in the list of runs.
              route.getState().go({ place: 'inbox', run: run.workflowId, full: byKey && run.workflowId === open })
            }}
          />
        ))}
      </ul>
    </>
  )
}

/** Where the browser was not asked yet: whoever waits for decisions is best told of them. */
function Offer() {
  const { notices } = useConsole()
  const permission = useIn('notices', (s) => s.permission)
  if (permission !== 'default') return null
  return (
    <Button size="small" look="quiet" onPress={() => void notices.getState().askPermission()}>
      <Bell size={13} aria-hidden />
      Tell me on the desktop…
    </Button>
  )
}

function Item({
  run,
  isCursor,
  isOpen,
  onOpen,
}: {
  run: RunSummary
  isCursor: boolean
  isOpen: boolean
  onOpen: (byKey: boolean) => void
}) {
  const { decide, runs } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  const now = useNow()
  const operator = useIn('settings', (s) => s.settings?.operator ?? '')
  const policy = standingOf(run.approvals, operator).words
  const line = useRef<HTMLLIElement>(null)
  useEffect(() => {
    if (!isCursor) return
    line.current?.scrollIntoView({ block: 'nearest' })
    // Where the focus is on another run of this list it comes along: Enter then opens the one that the cursor is on.
    if (document.activeElement?.matches('.inbox-open')) line.current?.querySelector<HTMLElement>('.inbox-open')?.focus()
  }, [isCursor])
  return (
    <li ref={line} className={`inbox-item${isCursor ? ' cursor' : ''}${isOpen ? ' open' : ''}`} data-workflow-id={run.workflowId}>
      <button
        type="button"
        className="inbox-open"
        onClick={(event) => onOpen(event.detail === 0)}
        onFocus={() => runs.getState().setCursor(run.workflowId)}
        aria-label={`Open the run of ${run.fileName}`}
      />
      <StageSign run={run} />
      <div className="inbox-words">
        <div className="inbox-line">
          <span className="ellipsis run-file" title={run.fileName}>
            {run.fileName}
          </span>
          <span className="tone-human nowrap">waits {spanWords(now - Date.parse(run.stageSince))}</span>
        </div>
        <CandidateLines run={run} />
        <div className="inbox-line small faint">
          <span className="ellipsis">
            from <bdi>{run.submittedBy}</bdi>
            {run.approvalDeadline ? (
              <>
                {' '}
                · rejects itself <Moment at={run.approvalDeadline} />
              </>
            ) : null}
          </span>
        </div>
        {policy ? <div className="inbox-line small tone-human">{plainText(policy)}</div> : null}
      </div>
      <div className="inbox-actions">
        <Button size="small" look="primary" offBecause={off} onPress={() => decide.getState().start(run.workflowId, 'approve')}>
          Approve…
        </Button>
        <Button size="small" offBecause={off} onPress={() => decide.getState().start(run.workflowId, 'reject')}>
          Reject…
        </Button>
      </div>
    </li>
  )
}
