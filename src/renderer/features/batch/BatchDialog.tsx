import { useEffect, useState } from 'react'
import type { RunSummary } from '../../../contract/model.ts'
import { stageLabels } from '../../../contract/sentence.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field } from '../../ui/Field.tsx'
import { count, plural, significant } from '../../ui/format.ts'
import { Note } from '../../ui/Note.tsx'
import { plainText } from '../../ui/plainText.ts'
import { StageSign } from '../../ui/StageSign.tsx'
import { TooLate } from '../decide/DecideDialog.tsx'
import { Change } from '../report/Changes.tsx'
import { metricWords } from '../report/compare.ts'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import { type Comparison, type Group, judged, needsTick, planOf } from './batchPlan.ts'
import { type Batch, canResend, chosenOf, type Draft, type Item, tally } from './batchStore.ts'
import { batchSentence, batchWords } from './batchWords.ts'
import './batch.css'

/** Longer lists say how many more there are: nobody reads them, and the page must stay quick. */
const mostShown = 200
/** How long a batch may take before it is worth a word, in milliseconds. */
const slowMs = 1000

export function BatchDialog() {
  const isOpen = useIn('batch', (s) => s.isOpen)
  const draft = useIn('batch', (s) => s.draft)
  const batch = useIn('batch', (s) => s.batch)
  if (!isOpen) return null
  if (draft) return <BeforeSending draft={draft} />
  return batch ? <Sent batch={batch} /> : null
}

function BeforeSending({ draft }: { draft: Draft }) {
  const { batch } = useConsole()
  const byId = useIn('runs', (s) => s.byId)
  const operator = useIn('settings', (s) => s.settings?.operator ?? '')
  const off = useIn('stack', whyActionsAreOff)
  const { kind, reason, problem } = draft
  const words = batchWords[kind]
  const plan = planOf(
    kind,
    draft.ids.flatMap((id) => byId.get(id) ?? []),
    operator,
  )
  const chosen = chosenOf(draft, plan.acts)
  const waits = kind === 'approve' && draft.reference === null
  const nothing =
    chosen.length > 0
      ? null
      : waits
        ? 'The candidates are being read.'
        : plan.acts.length > 0
          ? 'Tick what you approve.'
          : 'There is nothing to do.'
  const close = () => batch.getState().close()
  const send = () => {
    if (off === null && nothing === null) void batch.getState().send()
  }
  return (
    <Dialog
      size="wide"
      alert={words.dangerous}
      title={words.title(chosen.length || plan.acts.length)}
      isOpen
      onClose={close}
      foot={
        <>
          <span className="faint">
            As <bdi className="strong">{plainText(operator)}</bdi>
          </span>
          <span className="grow" />
          <Button onPress={close}>{words.leave}</Button>
          <Button look={words.dangerous ? 'danger' : 'primary'} offBecause={off ?? nothing} onPress={send}>
            {words.go(chosen.length)}
          </Button>
        </>
      }
    >
      <p>{words.what}</p>
      {kind === 'approve' ? (
        <Candidates draft={draft} acts={plan.acts} />
      ) : (
        <RunNames title={`Acts on ${plural(plan.acts.length, 'run')}`} runs={plan.acts} />
      )}
      {plan.standings.length > 0 ? (
        <Note tone="human">
          <div>
            {plan.standings.map(({ words: standing, runs }) => (
              <p key={standing}>
                {plural(runs.length, 'run')}: {plainText(standing)}
              </p>
            ))}
          </div>
        </Note>
      ) : null}
      <LeftAlone groups={plan.leaves} />
      <Field
        label="Reason"
        hint={
          kind === 'approve' || kind === 'reject'
            ? 'Kept with each decision for whoever asks later.'
            : kind === 'retryNow' || kind === 'again'
              ? 'Kept in the audit log with your name, once for each run.'
              : 'Kept in the audit log with your name, and by Temporal in clear, also while encryption is on: write nothing secret.'
        }
        multiline
        autoFocus
        isRequired
        value={reason}
        onChange={(text) => batch.getState().setReason(text)}
        onSend={send}
        error={problem}
      />
    </Dialog>
  )
}

/** Each candidate beside the model now in production, worst news first: a batch is many decisions. */
function Candidates({ draft, acts }: { draft: Draft; acts: readonly RunSummary[] }) {
  const { batch } = useConsole()
  const { reference, ticks } = draft
  if (acts.length === 0) return null
  if (reference === null) return <span className="skeleton" style={{ width: '70%' }} />
  const rows = judged(acts, reference)
  const worse = rows.filter(({ comparison }) => needsTick(comparison)).length
  return (
    <section aria-label="Candidates">
      <h3 className="batch-head">
        {reference.production === null ? (
          'Candidates'
        ) : (
          <>
            Beside the model now in production, <bdi>{plainText(reference.production.fileName)}</bdi>
          </>
        )}
      </h3>
      <ul className="batch-list scroll">
        {rows.map(({ run, comparison }) => (
          <li key={run.workflowId} className="batch-candidate">
            <label>
              <input
                type="checkbox"
                checked={ticks.get(run.workflowId) ?? !needsTick(comparison)}
                onChange={(event) => batch.getState().tick(run.workflowId, event.target.checked)}
              />
              <span className="ellipsis strong" title={run.workflowId}>
                <bdi>{plainText(run.fileName)}</bdi>
              </span>
            </label>
            <Verdict comparison={comparison} />
          </li>
        ))}
      </ul>
      {worse > 0 ? (
        <p className="muted small">
          {worse === 1
            ? 'One got worse or cannot be compared: it is approved only when you tick it.'
            : `${count(worse)} got worse or cannot be compared: they are approved only when you tick them.`}
        </p>
      ) : null}
    </section>
  )
}

/** As many changes as a row has room for, what got worse first. */
const mostChanges = 2

function Verdict({ comparison }: { comparison: Comparison }) {
  switch (comparison.kind) {
    case 'first':
      return <span className="muted small">Production serves nothing yet.</span>
    case 'unlike':
      return <span className="tone-human small">Predicts something else than production does now.</span>
    case 'unknown':
      return (
        <span className="tone-human small ellipsis" title={comparison.why}>
          Not compared: {comparison.why}
        </span>
      )
    default:
      return (
        <span className="batch-changes small">
          {comparison.changes.slice(0, mostChanges).map((change) => (
            <span key={change.metric}>
              {metricWords(change.metric)} <strong>{significant(change.to)}</strong> <Change change={change} />
            </span>
          ))}
        </span>
      )
  }
}

function RunNames({ title, runs }: { title: string; runs: readonly RunSummary[] }) {
  if (runs.length === 0) return null
  return (
    <section aria-label={title}>
      <h3 className="batch-head">{title}</h3>
      <ul className="batch-list scroll">
        {runs.slice(0, mostShown).map((run) => (
          <li key={run.workflowId}>
            <StageSign run={run} />
            <span className="ellipsis grow" title={run.workflowId}>
              <bdi>{plainText(run.fileName)}</bdi>
            </span>
            <span className="faint small nowrap">{stageLabels[run.stage]}</span>
          </li>
        ))}
        <More than={runs.length} />
      </ul>
    </section>
  )
}

const More = ({ than }: { than: number }) =>
  than > mostShown ? <li className="faint">and {count(than - mostShown)} more</li> : null

function LeftAlone({ groups }: { groups: readonly Group[] }) {
  const all = groups.reduce((n, { runs }) => n + runs.length, 0)
  if (all === 0) return null
  return (
    <section aria-label="Left alone">
      <h3 className="batch-head">Leaves {plural(all, 'run')} alone</h3>
      <ul className="batch-groups">
        {groups.map(({ words, runs }) => (
          <li key={words}>
            <details>
              <summary>
                <strong>{count(runs.length)}</strong> {plainText(words)}
              </summary>
              <p className="faint small">
                <bdi>
                  {plainText(
                    runs
                      .slice(0, mostShown)
                      .map(({ fileName }) => fileName)
                      .join(', '),
                  )}
                </bdi>
                {runs.length > mostShown ? ` and ${count(runs.length - mostShown)} more` : ''}
              </p>
            </details>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Sent({ batch }: { batch: Batch }) {
  const store = useConsole().batch
  const off = useIn('stack', whyActionsAreOff)
  const over = batch.phase === 'over'
  const again = batch.items.filter(canResend).length
  const close = () => store.getState().close()
  const words = batchWords[batch.kind]
  return (
    <Dialog
      size="wide"
      title={
        over
          ? `${words.name}: what became of ${plural(batch.items.length, 'run')}`
          : `${words.going} ${plural(batch.items.length, 'run')}`
      }
      isOpen
      onClose={close}
      foot={
        <>
          <span className="grow" />
          {over ? (
            <>
              {again > 0 ? (
                <Button offBecause={off} onPress={() => void store.getState().resend()}>
                  Send {again === 1 ? 'the one' : `the ${count(again)}`} again
                </Button>
              ) : null}
              <Button look="primary" autoFocus onPress={close}>
                Done
              </Button>
            </>
          ) : (
            <>
              <Button isDisabled={batch.phase === 'stopping'} onPress={() => store.getState().stop()}>
                {batch.phase === 'stopping' ? 'Stopping…' : 'Stop'}
              </Button>
              <Button autoFocus onPress={close}>
                Go on behind
              </Button>
            </>
          )}
        </>
      }
    >
      {over ? <p role="status">{batchSentence(batch)}.</p> : <Progress batch={batch} />}
      {over ? <Results batch={batch} /> : null}
    </Dialog>
  )
}

function Progress({ batch }: { batch: Batch }) {
  const [slow, setSlow] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), slowMs)
    return () => clearTimeout(timer)
  }, [])
  const { answered, all } = tally(batch)
  return (
    <div className="batch-progress" aria-busy="true">
      {slow ? (
        <>
          <p role="status">{batchSentence(batch)}</p>
          <div className="progress">
            <span style={{ width: `${(100 * answered) / all}%` }} />
          </div>
        </>
      ) : null}
      <p className="faint">What was done stays done when you stop. With this dialog closed it goes on.</p>
    </div>
  )
}

/** What needs somebody first. */
const places: Item['outcome']['state'][] = ['failed', 'unsent', 'refused', 'kept', 'done', 'sending', 'waiting']

function Results({ batch }: { batch: Batch }) {
  const items = [...batch.items].sort((a, b) => places.indexOf(a.outcome.state) - places.indexOf(b.outcome.state))
  return (
    <ul className="batch-list batch-results scroll">
      {items.slice(0, mostShown).map((item) => (
        <li key={item.workflowId}>
          <span className="ellipsis strong" title={item.workflowId}>
            <bdi>{plainText(item.fileName)}</bdi>
          </span>
          <span className="small">
            <Became item={item} batch={batch} />
          </span>
        </li>
      ))}
      <More than={items.length} />
    </ul>
  )
}

function Became({ item: { workflowId, outcome }, batch }: { item: Item; batch: Batch }) {
  const decision = useIn('runs', (s) => s.byId.get(workflowId)?.decision ?? null)
  switch (outcome.state) {
    case 'done':
      return <span className="tone-good">{batchWords[batch.kind].done}</span>
    case 'kept':
      return <span className="tone-human">kept; delivered as soon as Temporal can be reached</span>
    case 'refused':
      return (
        <span className="tone-bad">
          {batch.kind === 'approve' || batch.kind === 'reject' ? (
            <TooLate error={outcome.error} decision={decision} />
          ) : (
            plainText(outcome.error.message)
          )}
        </span>
      )
    case 'failed':
      return <span className="tone-bad">{plainText(outcome.error.message)}</span>
    case 'unsent':
      return <span className="muted">not sent</span>
    default:
      return <span className="faint">on its way</span>
  }
}
