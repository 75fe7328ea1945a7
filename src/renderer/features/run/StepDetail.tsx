import { CircleAlert } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { Paused, PayloadView, RunDetail, Step } from '../../../contract/model.ts'
import type { StepAction } from '../../../contract/operator.ts'
import { momentWords, remainingWords, type SentenceOptions } from '../../../contract/sentence.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { CopyButton } from '../../ui/Copy.tsx'
import { useNow } from '../../ui/clock.ts'
import { ProgressBar } from '../../ui/ProgressBar.tsx'
import { useTimes } from '../../ui/times.tsx'
import { FailureChain } from '../payload/FailureChain.tsx'
import { Payload } from '../payload/Payload.tsx'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import { ActionDialog } from './ActionDialog.tsx'
import { Attempts } from './Attempts.tsx'
import { progressWords, useProgress } from './progress.ts'

/** A step opened in place: how it is going, each attempt with its failure, and what went in and came out. */
export function StepDetail({
  step,
  detail,
  onFit,
}: {
  step: Step
  detail: RunDetail
  /** Shows this step alone in the timeline; null while it has no time of its own. */
  onFit: (() => void) | null
}) {
  const times = useTimes()
  return (
    <>
      <StepActions step={step} detail={detail} onFit={onFit} />
      {step.state === 'running' && step.kind === 'activity' ? <RunningProgress step={step} /> : null}
      {step.state === 'backingOff' && step.retryAt ? <NextTry step={step} /> : null}
      {step.paused ? <p className="tone-human">{pausedWords(step.paused, times)}</p> : null}
      {step.attempts.length > 0 ? <Attempts step={step} /> : <p className="faint">{noAttempts(step)}</p>}
      <StepIds step={step} detail={detail} />
      {step.kind === 'activity' && step.state !== 'waiting' && step.state !== 'skipped' ? <Payloads step={step} /> : null}
    </>
  )
}

/** What Temporal calls the step and its events; they lead to its own pages. */
function StepIds({ step, detail }: { step: Step; detail: RunDetail }) {
  const { eventIds } = step
  if (eventIds.length === 0) return null
  return (
    <div className="step-ids faint">
      {step.kind === 'activity' ? (
        <span>
          Activity <code>{step.step}</code>
          <CopyButton text={step.step} what="the activity id" />
        </span>
      ) : null}
      <span>
        {eventIds.length === 1 ? 'Event' : 'Events'} <code>{eventIds.join(', ')}</code>
        <CopyButton text={eventIds.join(', ')} what="the event ids" />
      </span>
      {detail.temporalUrl ? (
        <a href={`${detail.temporalUrl}/history`} target="_blank" rel="noreferrer">
          History in Temporal
        </a>
      ) : null}
    </div>
  )
}

/** What an operator may do with a step now; a step that nothing can be done with has no buttons. */
function StepActions({ step, detail, onFit }: { step: Step; detail: RunDetail; onFit: (() => void) | null }) {
  const off = useIn('stack', whyActionsAreOff)
  const [asking, setAsking] = useState<StepAction | null>(null)
  const actions = actionsOf(step, detail)
  if (actions.length === 0 && !onFit) return null
  return (
    <div className="step-actions">
      {actions.map((action) => (
        <Button key={action} size="small" offBecause={off} onPress={() => setAsking(action)}>
          {actionWords[action]}
        </Button>
      ))}
      {onFit ? (
        <Button size="small" look="quiet" onPress={onFit}>
          Show alone
        </Button>
      ) : null}
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
  return (
    <div className="step-progress">
      <ProgressBar label={progress.message} share={progress.fraction} />
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
  const { inputs, results, heartbeat, failures, failureValues, headers, incomplete } = state.payloads
  return (
    <div className="payloads">
      {incomplete ? <p className="faint">{incomplete}</p> : null}
      <PayloadList title="Input" payloads={inputs} none={incomplete ? 'Not read.' : 'No input.'} />
      <PayloadList
        title="Result"
        payloads={results}
        none={incomplete ? 'Not read.' : isOver(step) ? 'No result.' : 'No result yet.'}
      />
      <PayloadList title="Last heartbeat" payloads={heartbeat} />
      <FailureChain failures={failures} />
      <PayloadList title="In the failure" payloads={failureValues} />
      <PayloadList title="Header" payloads={headers} />
    </div>
  )
}

const isOver = (step: Step) => step.state === 'completed' || step.state === 'failed' || step.state === 'cancelled'

/** @param none what is said where there are none; nothing is said without it */
export function PayloadList({ title, payloads, none }: { title: string; payloads: PayloadView[]; none?: string }) {
  if (payloads.length === 0)
    return none === undefined ? null : (
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
