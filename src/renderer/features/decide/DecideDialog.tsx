import { useEffect } from 'react'
import { type Standing, standingOf } from '../../../contract/approvals.ts'
import type { CallError } from '../../../contract/errors.ts'
import { type Approvals, assertNever, type Decision } from '../../../contract/model.ts'
import { describeRun, spanWords } from '../../../contract/sentence.ts'
import { type DataProfile, metricLabels } from '../../../contract/training.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { useNow } from '../../ui/clock.ts'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field } from '../../ui/Field.tsx'
import { bytesWords, count, plural, significant } from '../../ui/format.ts'
import { Note } from '../../ui/Note.tsx'
import { plainText } from '../../ui/plainText.ts'
import { Moment, useTimes } from '../../ui/times.tsx'
import { profileBrief } from '../profile/profile.ts'
import { Changes } from '../report/Changes.tsx'
import { compareMetrics, compareSlices, mainMetric } from '../report/compare.ts'
import { Checks } from '../run/Checks.tsx'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import type { OpenDecision } from './decideStore.ts'
import './decide.css'

export function DecideDialog() {
  const { decide } = useConsole()
  const open = useIn('decide', (s) => s.open)
  const isOpen = open !== null
  useEffect(() => {
    if (!isOpen) return
    return () => focusWhereWorkGoesOn(document)
  }, [isOpen])
  if (!open) return null
  // Not by its id: another name is another decision, and the field that it is typed into has to stay.
  return <Open key={`${open.kind} ${open.workflowId}`} open={open} onClose={() => decide.getState().close()} />
}

/**
 * A dialog gives the focus back to what had it. Opened by a key there was nothing, and a decision takes its own button
 * away: then the focus goes to the open run, else to the list, so that Tab and the arrows go on from there.
 */
function focusWhereWorkGoesOn(page: Document) {
  // The dialog gives it back in the frame after it has gone.
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      if (page.activeElement !== null && page.activeElement !== page.body) return
      const places = ['.run-panel', '.runs-scroll', '.inbox-item.cursor .inbox-open', '.inbox-open']
      for (const place of places) {
        const found = page.querySelector<HTMLElement>(place)
        if (found) return found.focus()
      }
    }),
  )
}

function Open({ open, onClose }: { open: OpenDecision; onClose: () => void }) {
  const { decide, run } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  const { detail, kind, phase } = open
  const over = phase === 'delivered' || phase === 'pending'
  const editable = phase === 'editing' || phase === 'failed'
  const nothingToDecide =
    detail !== null && (detail.stage !== 'AwaitingApproval' || detail.decisionPending) && phase !== 'sending'

  const submit = () => {
    if (!off && !barred) void decide.getState().submit()
  }
  // What was decided shows beside the dialog without a further click.
  useEffect(() => {
    if (over) run.getState().refetch()
  }, [over, run])

  const name = detail?.fileName ?? open.workflowId
  const modifier = /Mac/.test(navigator.platform) ? '⌘' : 'Ctrl'
  const blocked = over || (editable && nothingToDecide)
  const owner = useIn('settings', (s) => s.settings?.operator ?? '')
  const standing = standingOf(detail?.approvals ?? null, open.operator?.trim() || owner)
  const barred = kind === 'approve' ? standing.approve : standing.reject
  const isLast = !detail?.approvals || detail.approvals.needed - detail.approvals.given.length <= 1
  return (
    <Dialog
      size="wide"
      title={
        blocked
          ? `Decision on the model of ${name}`
          : kind === 'approve'
            ? `Approve the model of ${name} for production?`
            : `Reject the model of ${name}?`
      }
      isOpen
      onClose={onClose}
      foot={
        blocked ? (
          <>
            <span className="grow" />
            <Button look="primary" autoFocus onPress={onClose}>
              Done
            </Button>
          </>
        ) : (
          <>
            <Button look="link" isDisabled={!editable} onPress={() => decide.getState().switchKind()}>
              {kind === 'approve' ? 'Reject instead' : 'Approve instead'}
            </Button>
            <span className="grow" />
            <span className="faint decide-keys">
              <kbd>{modifier}</kbd> <kbd>Enter</kbd>
            </span>
            <Button onPress={onClose}>Decide later</Button>
            <Button
              look={kind === 'approve' ? 'primary' : 'danger'}
              isDisabled={!editable}
              offBecause={off ?? barred}
              onPress={submit}
            >
              {phase === 'sending' ? 'Sending…' : kind === 'approve' ? 'Approve for production' : 'Reject this model'}
            </Button>
          </>
        )
      }
    >
      <div className="decide">
        {detail ? <Facts open={open} /> : <span className="skeleton" />}
        {detail ? <BesideProduction open={open} /> : null}
        {detail ? (
          <section aria-label="Quality gate">
            <h3>Quality gate</h3>
            <Checks detail={detail} />
          </section>
        ) : null}
        {open.profile ? <DataBrief profile={open.profile} /> : null}
        {detail && !blocked ? <PolicyNote approvals={detail.approvals} standing={standing} /> : null}
        <div className="decide-act">
          {blocked || owner === '' ? null : <DecidesAs open={open} operator={owner} isOff={!editable} />}
          <Outcome open={open} nothingToDecide={nothingToDecide} />
          {blocked ? null : (
            <Field
              label="Reason"
              hint={
                kind === 'approve'
                  ? `Kept with the decision for whoever asks later. ${isLast ? 'Approving deploys this model to production at once.' : 'Your approval is one of several that are needed.'}`
                  : 'Kept with the decision for whoever asks later. The model stays in dev; the run ends.'
              }
              multiline
              autoFocus
              isRequired
              onSend={submit}
              isReadOnly={!editable}
              value={open.reason}
              onChange={(reason) => decide.getState().setReason(reason)}
              error={open.error?.kind === 'invalid' ? open.error.message : null}
            />
          )}
        </div>
      </div>
    </Dialog>
  )
}

const mostSlices = 3

/** The candidate beside the model now in production, what got worse first. */
function BesideProduction({ open: { detail, report, production } }: { open: OpenDecision }) {
  const metrics = detail?.metrics
  if (!detail || !metrics || production.state === 'loading') return null
  if (production.state === 'none') return <p className="muted">Production serves nothing yet: this would be its first model.</p>
  if (production.state === 'unknown')
    return (
      <Note tone="human">
        <p>What production serves now could not be read, so there is nothing to compare with: {production.problem}</p>
      </Note>
    )
  const { model } = production
  if (model.modelId === detail.modelId) return null
  const changes = compareMetrics(model.metrics, metrics)
  const metric = mainMetric(metrics)
  const slices =
    metric && report && model.report
      ? compareSlices(model.report.slices, report.slices, metric).filter(({ verdict }) => verdict === 'worse')
      : []
  // The demo trainer predicts nothing; its figures compare with each other alone.
  const unlike = model.task !== (report?.task ?? null) || model.target !== (report?.target ?? null)
  return (
    <section aria-label="Beside the model now in production">
      <h3>
        Beside the model now in production, <bdi>{plainText(model.fileName)}</bdi>
      </h3>
      {unlike || changes.length === 0 ? (
        <p className="muted">
          {model.target === null ? (
            'It was made by the demo trainer'
          ) : (
            <>
              It predicts <bdi className="mono">{plainText(model.target)}</bdi>
            </>
          )}
          , so their figures do not compare.
        </p>
      ) : (
        <>
          <Changes changes={changes} fromName="In production" toName="Candidate" />
          {slices.length > 0 && metric ? (
            <p className="decide-slices">
              Worse by {metricLabels[metric]} in{' '}
              {slices.slice(0, mostSlices).map((slice, index) => (
                <span key={JSON.stringify([slice.column, slice.value])}>
                  {index > 0 ? ', ' : ''}
                  <bdi className="mono">{plainText(slice.column)}</bdi> ={' '}
                  <bdi>{plainText(slice.value === '' ? '(missing)' : slice.value)}</bdi>{' '}
                  <span className="tone-bad">
                    ({significant(slice.from)} to {significant(slice.to)})
                  </span>
                </span>
              ))}
              {slices.length > mostSlices ? ` and ${plural(slices.length - mostSlices, 'more slice')}` : ''}.
            </p>
          ) : null}
          {model.datasetSha256 === detail.sha256 ? null : (
            <p className="faint small">Each was judged on the test rows of its own dataset.</p>
          )}
        </>
      )}
    </section>
  )
}

function DataBrief({ profile }: { profile: DataProfile }) {
  return (
    <section aria-label="Data in short">
      <h3>Data</h3>
      <p>
        <bdi>{plainText(profileBrief(profile).join(' · '))}</bdi>
      </p>
      {profile.notes.map((sentence) => (
        <p key={sentence} className="muted">
          <bdi>{plainText(sentence)}</bdi>
        </p>
      ))}
    </section>
  )
}

function Facts({ open }: { open: OpenDecision }) {
  const { detail, profile } = open
  const now = useNow()
  if (!detail) return null
  return (
    <dl className="decide-facts">
      <div>
        <dt>Dropped by</dt>
        <dd>
          <bdi>{detail.submittedBy}</bdi>, <Moment at={detail.acceptedAt} />
        </dd>
      </div>
      <div>
        <dt>Dataset</dt>
        <dd>
          {profile === null ? '' : `${count(profile.rows)} rows, `}
          {bytesWords(detail.sizeBytes)}
        </dd>
      </div>
      {detail.stage === 'AwaitingApproval' ? (
        <>
          <div>
            <dt>Waits for</dt>
            <dd>{spanWords(now - Date.parse(detail.stageSince))}</dd>
          </div>
          {detail.approvalDeadline ? (
            <div>
              <dt>Rejects itself</dt>
              <dd>
                <Moment at={detail.approvalDeadline} />
              </dd>
            </div>
          ) : null}
        </>
      ) : null}
    </dl>
  )
}

/** What the policy asks for, and how the operator who decides here stands to it. */
function PolicyNote({ approvals, standing }: { approvals: Approvals | null; standing: Standing }) {
  const given = approvals?.given ?? []
  const several = (approvals?.needed ?? 1) > 1
  if (standing.words === '' && given.length === 0) return null
  return (
    <Note tone="human">
      <div>
        <p>
          {plainText(standing.words)}
          {several ? ' One rejection rejects the model.' : ''}
        </p>
        {given.map(({ operator, at, reason }) => (
          <p key={`${operator} ${at}`}>
            Approved by {plainText(operator ?? 'an unnamed client')}, <Moment at={at} />: {plainText(reason)}
          </p>
        ))}
      </div>
    </Note>
  )
}

/** Who decides: the operator of the settings, or somebody else who sits at this console. */
function DecidesAs({ open, operator, isOff }: { open: OpenDecision; operator: string; isOff: boolean }) {
  const { decide } = useConsole()
  if (open.operator === null) {
    return (
      <p className="faint">
        You decide as <bdi className="strong">{plainText(operator)}</bdi>.{' '}
        <Button look="link" isDisabled={isOff} onPress={() => decide.getState().setOperator('')}>
          As somebody else
        </Button>
      </p>
    )
  }
  return (
    <Field
      label="Decide as"
      autoFocus
      hint={`Recorded with the decision. Empty: ${operator}.`}
      maxLength={120}
      isReadOnly={isOff}
      value={open.operator}
      onChange={(name) => decide.getState().setOperator(name)}
    />
  )
}

/** To whoever clicked second: who was first, and when. */
export function TooLate({ error, decision }: { error: CallError; decision: Decision | null }) {
  if (error.kind !== 'conflict' || decision === null) return <>{error.message} </>
  return (
    <>
      Your decision came too late and changed nothing: {plainText(decision.operator ?? 'an unnamed client')}{' '}
      {decision.decision === 'approve' ? 'approved' : 'rejected'} this model at <Moment at={decision.at} />.{' '}
    </>
  )
}

function Outcome({ open, nothingToDecide }: { open: OpenDecision; nothingToDecide: boolean }) {
  const { detail, phase, error } = open
  const now = useNow()
  const times = useTimes()
  const sentence = detail ? describeRun(detail, new Date(now), times) : ''
  const prod = detail?.deployments.find((deployment) => deployment.environment === 'prod')
  switch (phase) {
    case 'editing':
    case 'failed':
      if (nothingToDecide)
        return (
          <Note tone={error ? 'bad' : 'idle'}>
            <p>
              {error && detail ? <TooLate error={error} decision={detail.decision} /> : 'There is nothing to decide any more. '}
              {sentence}
            </p>
          </Note>
        )
      return error && error.kind !== 'invalid' ? (
        <Note tone="bad">
          <p>
            {error.message}
            {error.kind === 'unavailable' ? ' Your reason is kept in this dialog; sending it again is still one decision.' : ''}
          </p>
        </Note>
      ) : null
    case 'sending':
      return null
    case 'delivered':
      return (
        <Note tone={detail?.stage === 'Cancelled' ? 'human' : 'good'}>
          <p>
            {/^(Approved|Rejected)/.test(sentence) ? null : open.kind === 'approve' ? 'Approved. ' : 'Rejected. '}
            {detail && (detail.stage !== 'AwaitingApproval' || (detail.approvals?.needed ?? 1) > 1)
              ? sentence
              : 'Temporal has the decision.'}
            {prod ? (
              <>
                {' '}
                <a href={prod.url} target="_blank" rel="noreferrer">
                  Open the deployment
                </a>
              </>
            ) : null}
          </p>
        </Note>
      )
    case 'pending':
      return (
        <Note tone="human">
          <p>
            Kept here; delivered as soon as Temporal can be reached. You can close this and even Gatehouse: the decision stays.
          </p>
        </Note>
      )
    default:
      return assertNever(phase)
  }
}
