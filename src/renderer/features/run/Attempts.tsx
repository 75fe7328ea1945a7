import { ChevronDown, ChevronRight, CircleAlert, CircleCheck, CircleDashed, CircleDot, CircleMinus } from 'lucide-react'
import { useId, useState } from 'react'
import type { Attempt, Failure, Step, StepName } from '../../../contract/model.ts'
import { durationWords } from '../../../contract/sentence.ts'
import { useConsole } from '../../app/console.ts'
import { CopyButton } from '../../ui/Copy.tsx'
import { useNow } from '../../ui/clock.ts'
import { count, plural } from '../../ui/format.ts'
import { Moment } from '../../ui/times.tsx'
import { type AttemptFilter, type AttemptGroup, attemptsShown, attemptsText, groupsOf, waitsBefore } from './attemptGroups.ts'
import { unseenWords } from './timeline.ts'

/** From here on a list is worth a filter. */
const worthFiltering = 4
/** Lines drawn at first, and more at each wish: days of retries are thousands. */
const pageSize = 100

/** Every attempt of a step that is known, with its failure; what failed alike is one line until it is opened. */
export function Attempts({ step }: { step: Step }) {
  const [filter, setFilter] = useState<AttemptFilter>('all')
  const [text, setText] = useState('')
  const [most, setMost] = useState(pageSize)
  const id = useId()
  const { attempts } = step
  const shown = attemptsShown(attempts, filter, text)
  const groups = groupsOf(shown, attempts)
  const waits = waitsBefore(attempts)
  const hidden = Math.max(0, groups.length - most)
  return (
    <div className="attempts-part">
      {attempts.length >= worthFiltering ? (
        <div className="attempts-tools">
          <label htmlFor={id} className="sr-only">
            Search attempts
          </label>
          <input
            id={id}
            className="input small"
            type="search"
            placeholder="Failure, worker or number"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          <button
            type="button"
            className="button quiet small"
            aria-pressed={filter === 'failed'}
            onClick={() => setFilter(filter === 'failed' ? 'all' : 'failed')}
          >
            Failed only
          </button>
          <span className="faint nowrap" role="status">
            {shown.length === attempts.length
              ? plural(attempts.length, 'attempt')
              : `${count(shown.length)} of ${count(attempts.length)}`}
          </span>
          <span className="grow" />
          <CopyButton text={attemptsText(shown)} what="these attempts as text" />
        </div>
      ) : null}
      {hidden > 0 ? (
        <button type="button" className="button link small" onClick={() => setMost(most + pageSize)}>
          Show earlier ones ({count(hidden)})
        </button>
      ) : null}
      <ul className="attempts">
        {groups.slice(hidden).map((group) => (
          <Group
            key={`${group.attempts[0].attempt} ${group.attempts[0].startedAt}`}
            {...{ group, waits }}
            step={step.step}
            of={step.maxAttempts}
          />
        ))}
        {shown.length === 0 ? <li className="faint">No attempt is like that.</li> : null}
      </ul>
    </div>
  )
}

interface Shared {
  step: StepName
  waits: ReadonlyMap<Attempt, number>
  of: number | null
}

function Group({ group: { attempts, unseen }, ...shared }: { group: AttemptGroup } & Shared) {
  const [open, setOpen] = useState(false)
  const [most, setMost] = useState(pageSize)
  const [first] = attempts
  const last = attempts[attempts.length - 1] ?? first
  return (
    <>
      {unseen ? (
        <li className="attempt-unseen faint">
          <CircleDashed size={14} aria-hidden />
          {unseenWords(unseen.from, unseen.to)}: another worker made {unseen.from === unseen.to ? 'it' : 'them'}, or it was away.
          {first.failureBefore ? ` Temporal keeps why attempt ${unseen.to} failed:` : null}
        </li>
      ) : null}
      {unseen && first.failureBefore ? (
        <li className="attempt">
          <FailureView failure={first.failureBefore} />
        </li>
      ) : null}
      {attempts.length === 1 ? (
        <AttemptRow attempt={first} {...shared} />
      ) : (
        <li className="attempt">
          <div className="attempt-line">
            <OutcomeSign outcome={first.outcome} />
            <button type="button" className="button link small" aria-expanded={open} onClick={() => setOpen(!open)}>
              {open ? <ChevronDown size={12} aria-hidden /> : <ChevronRight size={12} aria-hidden />}
              Attempts {first.attempt}–{last.attempt} {outcomeWords[first.outcome]} alike ({count(attempts.length)})
            </button>
            <span className="faint">
              <Moment at={first.startedAt} seconds brief /> to <Moment at={last.startedAt} seconds brief />
            </span>
          </div>
          {first.failure ? <FailureView failure={last.failure ?? first.failure} /> : null}
          {open ? (
            <ul className="attempts inner">
              {attempts.length > most ? (
                <li>
                  <button type="button" className="button link small" onClick={() => setMost(most + pageSize)}>
                    Show earlier ones ({count(attempts.length - most)})
                  </button>
                </li>
              ) : null}
              {attempts.slice(-most).map((attempt) => (
                <AttemptRow key={`${attempt.attempt} ${attempt.startedAt}`} attempt={attempt} {...shared} brief />
              ))}
            </ul>
          ) : null}
        </li>
      )}
    </>
  )
}

const outcomeWords: Record<Attempt['outcome'], string> = {
  running: 'running',
  completed: 'completed',
  failed: 'failed',
  timedOut: 'timed out',
  cancelled: 'cancelled',
  lost: 'worker went away',
}

function OutcomeSign({ outcome }: { outcome: Attempt['outcome'] }) {
  if (outcome === 'completed') return <CircleCheck size={14} className="tone-good" aria-hidden />
  if (outcome === 'running') return <CircleDot size={14} className="tone-run" aria-hidden />
  if (outcome === 'cancelled') return <CircleMinus size={14} className="tone-idle" aria-hidden />
  return <CircleAlert size={14} className="tone-bad" aria-hidden />
}

function AttemptRow({ attempt, step, of, waits, brief = false }: { attempt: Attempt; brief?: boolean } & Shared) {
  const now = useNow(attempt.endedAt === null)
  const end = attempt.endedAt ? Date.parse(attempt.endedAt) : now
  const wait = waits.get(attempt)
  const { route } = useConsole()
  const before = attempt.attempt - 1
  return (
    <li className="attempt">
      <div className="attempt-line">
        <OutcomeSign outcome={attempt.outcome} />
        <span>
          Attempt {attempt.attempt}
          {of ? ` of ${of}` : ''} {outcomeWords[attempt.outcome]}
        </span>
        <span className="faint">
          <Moment at={attempt.startedAt} seconds brief />
          {/* Of another worker's attempt Temporal may tell the end alone. */}
          {attempt.startedAt === attempt.endedAt ? '' : ` · ${durationWords(end - Date.parse(attempt.startedAt))}`}
          {wait === undefined || wait === 0 ? '' : ` · after a wait of ${durationWords(wait)}`}
        </span>
        {attempt.worker ? (
          <span className="faint mono ellipsis attempt-worker" title={`Worker ${attempt.worker}`}>
            {attempt.worker}
          </span>
        ) : null}
        {before > 0 && !attempt.failureBefore && !brief ? (
          <button
            type="button"
            className="button link small nowrap"
            onClick={() =>
              route.getState().go({ full: true, compare: { kind: 'attempts', step, left: before, right: attempt.attempt } })
            }
          >
            Compare<span className="sr-only"> attempt {attempt.attempt} with the one before</span>
          </button>
        ) : null}
      </div>
      {attempt.failure && !brief ? <FailureView failure={attempt.failure} /> : null}
    </li>
  )
}

function FailureView({ failure }: { failure: Failure }) {
  const [open, setOpen] = useState(false)
  const text = failure.stack ? `${failure.message}\n${failure.stack}` : failure.message
  return (
    <div className="failure">
      <p className="failure-message">{failure.message}</p>
      <p className="faint failure-facts">
        {failure.type ? <code>{failure.type}</code> : null}
        {failure.nonRetryable ? <span>not retried: no retry can mend it</span> : null}
        {failure.stack ? (
          <button type="button" className="button link small" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? <ChevronDown size={12} aria-hidden /> : <ChevronRight size={12} aria-hidden />}
            Stack
          </button>
        ) : null}
        <CopyButton text={text} what={failure.stack ? 'the failure with its stack' : 'the failure'} />
      </p>
      {open && failure.stack ? <pre className="failure-stack scroll">{failure.stack}</pre> : null}
    </div>
  )
}
