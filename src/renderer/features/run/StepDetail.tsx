import {
  ChevronDown,
  ChevronRight,
  CircleAlert,
  CircleCheck,
  CircleDot,
  CircleMinus,
  LockKeyhole,
  LockKeyholeOpen,
} from 'lucide-react'
import { useEffect, useState } from 'react'
import type { Attempt, Failure, Paused, PayloadView, RunDetail, Step } from '../../../contract/model.ts'
import type { StepAction } from '../../../contract/operator.ts'
import { durationWords, momentWords, remainingWords, type SentenceOptions } from '../../../contract/sentence.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { CopyButton } from '../../ui/Copy.tsx'
import { useNow } from '../../ui/clock.ts'
import { bytesWords } from '../../ui/format.ts'
import { JsonTree } from '../../ui/JsonTree.tsx'
import { Moment, useTimes } from '../../ui/times.tsx'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import { ActionDialog } from './ActionDialog.tsx'
import { progressWords, useProgress } from './progress.ts'

/** A step opened in place: how it is going, each attempt with its failure, and what went in and came out. */
export function StepDetail({ step, detail }: { step: Step; detail: RunDetail }) {
  const times = useTimes()
  return (
    <>
      <StepActions step={step} detail={detail} />
      {step.state === 'running' && step.kind === 'activity' ? <RunningProgress step={step} /> : null}
      {step.state === 'backingOff' && step.retryAt ? <NextTry step={step} /> : null}
      {step.paused ? <p className="tone-human">{pausedWords(step.paused, times)}</p> : null}
      {step.attempts.length > 0 ? (
        <ul className="attempts">
          {step.attempts.map((attempt) => (
            <AttemptRow key={`${attempt.attempt} ${attempt.startedAt}`} attempt={attempt} of={step.maxAttempts} />
          ))}
        </ul>
      ) : (
        <p className="faint">{noAttempts(step)}</p>
      )}
      {step.kind === 'activity' && step.state !== 'waiting' && step.state !== 'skipped' ? <Payloads step={step} /> : null}
    </>
  )
}

/** What an operator may do with a step now; a step that nothing can be done with has no buttons. */
function StepActions({ step, detail }: { step: Step; detail: RunDetail }) {
  const off = useIn('stack', whyActionsAreOff)
  const [asking, setAsking] = useState<StepAction | null>(null)
  const actions = actionsOf(step, detail)
  if (actions.length === 0) return null
  return (
    <div className="step-actions">
      {actions.map((action) => (
        <Button key={action} size="small" offBecause={off} onPress={() => setAsking(action)}>
          {actionWords[action]}
        </Button>
      ))}
      {asking ? (
        <ActionDialog action={{ kind: asking, step: step.step }} detail={detail} onClose={() => setAsking(null)} />
      ) : null}
    </div>
  )
}

const actionWords: Record<StepAction, string> = {
  retryNow: 'Try now…',
  pause: 'Pause…',
  resume: 'Resume…',
  restart: 'Retry from this step…',
}

function actionsOf(step: Step, detail: RunDetail): StepAction[] {
  if (detail.runId === null) return []
  if (step.state === 'paused') return ['resume']
  if (step.kind === 'activity' && step.state === 'backingOff') return ['retryNow', 'pause']
  if (step.kind === 'activity' && (step.state === 'running' || step.state === 'scheduled')) return ['pause']
  return step.scheduledAt === null ? [] : ['restart']
}

const noAttempts = (step: Step) => {
  if (step.state === 'skipped') return 'This run does not need this step.'
  if (step.state === 'waiting') return 'The run has not come to this step yet.'
  return step.kind === 'human' ? 'A person decides here; there are no attempts.' : 'No worker has picked it up yet.'
}

function RunningProgress({ step }: { step: Step }) {
  const progress = useProgress(step)
  if (!progress) return null
  const share = Math.round(Math.min(1, Math.max(0, progress.fraction)) * 100)
  return (
    <div className="step-progress">
      <div
        className="progress"
        role="progressbar"
        aria-valuenow={share}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-label={progress.message}
      >
        <span style={{ width: `${share}%` }} />
      </div>
      <span className="muted">{progressWords(progress)}</span>
    </div>
  )
}

function NextTry({ step }: { step: Step }) {
  const now = useNow()
  const wait = Date.parse(step.retryAt ?? '') - now
  const attempt = (step.attempts.at(-1)?.attempt ?? 0) + 1
  return (
    <p className="muted">
      Try {attempt}
      {step.maxAttempts ? ` of ${step.maxAttempts}` : ''} {wait > 0 ? `in ${remainingWords(wait)}` : 'is due now'}.
    </p>
  )
}

const pausedWords = ({ at, by, reason }: Paused, times: SentenceOptions) =>
  `Paused${at ? ` ${momentWords(at, new Date(), times)}` : ''}${by ? ` by ${by}` : ''}${reason ? `: ${reason}` : '.'}`

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

function AttemptRow({ attempt, of }: { attempt: Attempt; of: number | null }) {
  const now = useNow(attempt.endedAt === null)
  const end = attempt.endedAt ? Date.parse(attempt.endedAt) : now
  return (
    <li className="attempt">
      <div className="attempt-line">
        <OutcomeSign outcome={attempt.outcome} />
        <span>
          Attempt {attempt.attempt}
          {of ? ` of ${of}` : ''} {outcomeWords[attempt.outcome]}
        </span>
        <span className="faint">
          <Moment at={attempt.startedAt} /> · {durationWords(end - Date.parse(attempt.startedAt))}
        </span>
        {attempt.worker ? (
          <span className="faint mono ellipsis attempt-worker" title={`Worker ${attempt.worker}`}>
            {attempt.worker}
          </span>
        ) : null}
      </div>
      {attempt.failure ? <FailureView failure={attempt.failure} /> : null}
    </li>
  )
}

function FailureView({ failure }: { failure: Failure }) {
  const [open, setOpen] = useState(false)
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
        {failure.stack ? <CopyButton text={`${failure.message}\n${failure.stack}`} what="the failure with its stack" /> : null}
      </p>
      {open && failure.stack ? <pre className="failure-stack scroll">{failure.stack}</pre> : null}
    </div>
  )
}

function Payloads({ step }: { step: Step }) {
  const { run } = useConsole()
  const state = useIn('run', (s) => s.payloads[step.step])
  // Asked for again when the step has moved on: then there may be a result that was not there before.
  const version = `${step.state} ${step.attempts.length}`
  useEffect(() => {
    if (version) void run.getState().loadPayloads(step.step)
  }, [run, step.step, version])
  if (state?.problem && !state.payloads) {
    return (
      <div className="error-text">
        <CircleAlert size={13} aria-hidden />
        <span>Inputs and results could not be read: {state.problem}</span>
        <Button size="small" look="link" onPress={() => void run.getState().loadPayloads(step.step)}>
          Try again
        </Button>
      </div>
    )
  }
  if (!state?.payloads) return <span className="skeleton" style={{ width: '60%' }} />
  const { inputs, results } = state.payloads
  return (
    <div className="payloads">
      <PayloadList title="Input" payloads={inputs} none="No input." />
      <PayloadList title="Result" payloads={results} none={isOver(step) ? 'No result.' : 'No result yet.'} />
    </div>
  )
}

const isOver = (step: Step) => step.state === 'completed' || step.state === 'failed' || step.state === 'cancelled'

function PayloadList({ title, payloads, none }: { title: string; payloads: PayloadView[]; none: string }) {
  if (payloads.length === 0)
    return (
      <p className="faint">
        <span className="payload-title">{title}</span> {none}
      </p>
    )
  return payloads.map((payload, index) => (
    <Payload
      // The index is the key: payloads are told in order and have no id
      key={index}
      title={payloads.length > 1 ? `${title} ${index + 1}` : title}
      payload={payload}
    />
  ))
}

/** Sealed or not, and with which key; in words for whoever does not see the sign. */
function Lock({ payload }: { payload: PayloadView }) {
  const sealed = payload.encoding === sealedEncoding
  return (
    <span className="payload-lock nowrap" title={sealed ? 'Temporal holds it sealed' : 'Temporal holds it in clear'}>
      {sealed ? (
        <LockKeyhole size={12} className="tone-good" aria-hidden />
      ) : (
        <LockKeyholeOpen size={12} className="tone-bad" aria-hidden />
      )}
      {sealed ? <code>{payload.keyId ?? 'no key named'}</code> : <span className="tone-bad">in clear</span>}
      <span className="sr-only">{sealed ? ' sealed' : ''}</span>
    </span>
  )
}
const sealedEncoding = 'binary/encrypted'

/** As Temporal sees it. */
function Stored({ payload }: { payload: PayloadView }) {
  const shownBytes = Math.floor((payload.stored.length * 3) / 4)
  return (
    <>
      <pre className="payload-stored scroll">{payload.stored === '' ? 'No bytes.' : payload.stored}</pre>
      <p className="faint">
        {shownBytes + 2 < payload.sizeBytes ? `The first ${bytesWords(shownBytes)} of it, ` : 'All of it, '}
        base64.
      </p>
    </>
  )
}

function Payload({ title, payload }: { title: string; payload: PayloadView }) {
  const [stored, setStored] = useState(false)
  return (
    <section className="payload" aria-label={title}>
      <div className="payload-head">
        <span className="payload-title">{title}</span>
        <Lock payload={payload} />
        <span className="faint ellipsis">
          {[payload.label === title ? null : payload.label, payload.encoding, bytesWords(payload.sizeBytes)]
            .filter(Boolean)
            .join(' · ')}
        </span>
        <span className="grow" />
        <button type="button" className="button link small nowrap" aria-pressed={stored} onClick={() => setStored(!stored)}>
          {stored ? 'As you see it' : 'As Temporal sees it'}
        </button>
        {payload.json !== null ? <CopyButton text={payload.json} what={`the ${title.toLowerCase()} as JSON`} /> : null}
      </div>
      {stored ? (
        <Stored payload={payload} />
      ) : payload.json !== null ? (
        <JsonTree text={payload.json} />
      ) : (
        <p className="error-text">
          <CircleAlert size={13} aria-hidden />
          <span>{payload.unreadable ?? 'This value could not be decoded.'}</span>
        </p>
      )}
    </section>
  )
}
