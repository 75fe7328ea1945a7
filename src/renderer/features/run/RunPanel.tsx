import { ExternalLink, LockKeyhole, LockKeyholeOpen, Maximize2, Minimize2, X } from 'lucide-react'
import { type ReactNode, Suspense, useId, useState } from 'react'
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components'
import { awaitsDecision, type Decision, isEndStage, type RunDetail, type RunEncryption } from '../../../contract/model.ts'
import { describeRun } from '../../../contract/sentence.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button, IconButton } from '../../ui/Button.tsx'
import { CopyLine } from '../../ui/Copy.tsx'
import { useNow } from '../../ui/clock.ts'
import { bytesWords, middleCut } from '../../ui/format.ts'
import { later } from '../../ui/later.tsx'
import { Note } from '../../ui/Note.tsx'
import { plainText } from '../../ui/plainText.ts'
import { StageSign, toneOf } from '../../ui/StageSign.tsx'
import { Moment, useTimes } from '../../ui/times.tsx'
import { HistoryView } from '../history/HistoryView.tsx'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import { ActionDialog } from './ActionDialog.tsx'
import { AuditList } from './AuditList.tsx'
import { Checks } from './Checks.tsx'
import { useProgress } from './progress.ts'
import { RunValues } from './RunValues.tsx'
import { type RunTab, runTabs } from './runStore.ts'
import { Timeline } from './Timeline.tsx'
import './run.css'

const originWords: Record<RunDetail['origin'], string> = {
  inbox: 'put into the inbox',
  window: 'dropped on the window',
  cli: 'submitted from a terminal',
  again: 'run again',
  client: 'started by another Temporal client',
}

export function RunPanel() {
  const { route, run } = useConsole()
  const id = useIn('run', (s) => s.id)
  const detail = useIn('run', (s) => s.detail)
  const problem = useIn('run', (s) => s.problem)
  const full = useIn('route', (s) => s.full)
  const compare = useIn('route', (s) => s.compare)
  if (id === null) return null
  return (
    <section
      className={`run-panel${full ? ' full' : ''}`}
      aria-label={detail ? `Run of ${detail.fileName}` : 'Run'}
      // The focus comes here when the control that had it went away.
      tabIndex={-1}
    >
      <header className="run-top">
        {detail ? (
          <>
            <StageSign run={detail} />
            <h2 className="ellipsis" title={detail.fileName}>
              {detail.fileName}
            </h2>
          </>
        ) : (
          <h2 className="ellipsis faint">{id}</h2>
        )}
        <IconButton
          size="small"
          label={full ? 'Beside the list (Esc)' : 'As a page (Enter)'}
          onPress={() => route.getState().go({ full: !full })}
        >
          {full ? <Minimize2 size={14} aria-hidden /> : <Maximize2 size={14} aria-hidden />}
        </IconButton>
        <IconButton size="small" label="Close (Esc)" onPress={() => route.getState().go({ run: null, full: false })}>
          <X size={16} aria-hidden />
        </IconButton>
      </header>
      {detail && compare ? (
        <Suspense fallback={<div className="run-body" aria-busy="true" />}>
          <DiffView detail={detail} compare={compare} />
        </Suspense>
      ) : detail ? (
        <Body detail={detail} problem={problem} />
      ) : problem ? (
        <div className="run-body">
          <Note tone="bad">
            <p>{problem}</p>
          </Note>
          <div>
            <Button onPress={() => run.getState().refetch()}>Try again</Button>
          </div>
        </div>
      ) : (
        <div className="run-body" aria-busy="true">
          <span className="sr-only">Reading the run</span>
          {[70, 92, 84, 88, 60, 76].map((width) => (
            <span key={width} className="skeleton" style={{ width: `${width}%` }} />
          ))}
        </div>
      )}
    </section>
  )
}

function Sentence({ detail }: { detail: RunDetail }) {
  const now = useNow(!isEndStage(detail.stage))
  const times = useTimes()
  const stack = useIn('stack', (s) => s.health)
  const tone = toneOf(detail)
  return <p className={`sentence ${tone}`}>{describeRun(detail, new Date(now), { ...times, stack })}</p>
}

const sealedWords: Record<RunEncryption['state'], string> = {
  encrypted: 'encrypted',
  plain: 'in clear in Temporal',
  mixed: 'partly in clear in Temporal',
}

/** How Temporal holds this run, at a glance. */
function Sealed({ detail: { encryption } }: { detail: RunDetail }) {
  if (encryption === null) return null
  const { state, keyIds } = encryption
  const sealed = state === 'encrypted'
  const Sign = sealed ? LockKeyhole : LockKeyholeOpen
  return (
    <span className={`run-sealed${sealed ? '' : ' tone-bad'}`} data-encryption={state}>
      <Sign size={12} aria-hidden className={sealed ? 'tone-good' : undefined} />
      {sealedWords[state]}
      {keyIds.length > 0 ? (
        <>
          , {keyIds.length === 1 ? 'key' : 'keys'} <code>{keyIds.join(', ')}</code>
        </>
      ) : null}
    </span>
  )
}

// Charts are read when they are first looked at.
const RunPictures = later(() => import('./RunPictures.tsx'))
const DiffView = later(() => import('../diff/DiffView.tsx'))
const CompareDialog = later(() => import('../diff/CompareDialog.tsx'))

const tabWords: Record<RunTab, string> = { run: 'Run', data: 'Data', model: 'Model', history: 'History' }

function Body({ detail, problem }: { detail: RunDetail; problem: string | null }) {
  const { run } = useConsole()
  const tab = useIn('run', (s) => s.tab)
  return (
    <div className="run-body scroll">
      <Sentence detail={detail} />
      <p className="run-meta">
        <span className="wrap">
          {bytesWords(detail.sizeBytes)}, {originWords[detail.origin]} by <bdi>{detail.submittedBy}</bdi>,{' '}
          <Moment at={detail.acceptedAt} />
        </span>
        <Sealed detail={detail} />
      </p>
      <Actions detail={detail} />
      {detail.incomplete ? (
        <Note tone="human">
          <p>{detail.incomplete}</p>
        </Note>
      ) : null}
      {problem ? (
        <Note tone="bad">
          <p>This may be out of date: {problem}</p>
        </Note>
      ) : null}
      <Tabs className="tabs" selectedKey={tab} onSelectionChange={(key) => run.getState().setTab(key as RunTab)}>
        <TabList className="tab-list" aria-label="What to look at">
          {runTabs.map((name) => (
            <Tab key={name} id={name} className="tab">
              {tabWords[name]}
            </Tab>
          ))}
        </TabList>
        <TabPanel id="run" className="tab-panel">
          <RunFacts detail={detail} />
        </TabPanel>
        {(['data', 'model'] as const).map((name) => (
          <TabPanel key={name} id={name} className="tab-panel">
            <Suspense fallback={<span className="skeleton" style={{ width: '60%' }} />}>
              <RunPictures detail={detail} show={name} />
            </Suspense>
          </TabPanel>
        ))}
        <TabPanel id="history" className="tab-panel">
          <HistoryView key={detail.workflowId} detail={detail} />
        </TabPanel>
      </Tabs>
    </div>
  )
}

function RunFacts({ detail }: { detail: RunDetail }) {
  const training = detail.steps.find(({ step }) => step === 'train_model')
  const curve = useProgress(training)?.curve
  return (
    <>
      {detail.notes.length > 0 ? (
        <Note>
          <div>
            {detail.notes.map((sentence) => (
              <p key={sentence}>{plainText(sentence)}</p>
            ))}
          </div>
        </Note>
      ) : null}
      <div className="run-columns">
        <div className="run-column">
          <Section title="Timeline">
            <Timeline key={detail.workflowId} detail={detail} />
          </Section>
          {curve ? (
            <Suspense>
              <RunPictures detail={detail} show="curve" />
            </Suspense>
          ) : null}
          <Section title="Values">
            <RunValues key={detail.workflowId} detail={detail} />
          </Section>
        </div>
        <div className="run-column">
          {detail.metrics || detail.gateChecks.length > 0 ? (
            <Section title={detail.gateChecks.length > 0 ? 'Quality gate' : 'Metrics'}>
              <Checks detail={detail} />
            </Section>
          ) : null}
          <DecisionSection detail={detail} />
          {detail.deployments.length > 0 ? (
            <Section title="Deployments">
              <Deployments detail={detail} />
            </Section>
          ) : null}
          <Section title="Who acted">
            <AuditList />
          </Section>
          <Section title="Identity">
            <Ids detail={detail} />
          </Section>
        </div>
      </div>
    </>
  )
}

export function Section({ title, children }: { title: string; children: ReactNode }) {
  const id = useId()
  return (
    <section className="section" aria-labelledby={id}>
      <h3 id={id}>{title}</h3>
      {children}
    </section>
  )
}

function Actions({ detail }: { detail: RunDetail }) {
  const { decide } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  const [asking, setAsking] = useState<'again' | 'cancel' | 'terminate' | 'compare' | null>(null)
  const awaiting = awaitsDecision(detail)
  const over = isEndStage(detail.stage)
  return (
    <div className="run-actions">
      {awaiting ? (
        <>
          <Button look="primary" offBecause={off} onPress={() => decide.getState().start(detail.workflowId, 'approve')}>
            Approve…
          </Button>
          <Button offBecause={off} onPress={() => decide.getState().start(detail.workflowId, 'reject')}>
            Reject…
          </Button>
        </>
      ) : null}
      {over ? (
        <Button offBecause={off} onPress={() => setAsking('again')}>
          Run again…
        </Button>
      ) : (
        <>
          <Button look={awaiting ? 'quiet' : 'plain'} offBecause={off} onPress={() => setAsking('cancel')}>
            Cancel run…
          </Button>
          <Button look="quiet" offBecause={off} onPress={() => setAsking('terminate')}>
            Terminate…
          </Button>
        </>
      )}
      <Button look="quiet" onPress={() => setAsking('compare')}>
        Compare with…
      </Button>
      {detail.temporalUrl ? (
        <a className="button quiet" href={detail.temporalUrl} target="_blank" rel="noreferrer">
          Temporal
          <ExternalLink size={13} aria-hidden />
        </a>
      ) : null}
      {asking === 'compare' ? (
        <Suspense>
          <CompareDialog detail={detail} onClose={() => setAsking(null)} />
        </Suspense>
      ) : null}
      {asking !== null && asking !== 'compare' ? (
        <ActionDialog action={{ kind: asking }} detail={detail} onClose={() => setAsking(null)} />
      ) : null}
    </div>
  )
}

function DecisionSection({ detail }: { detail: RunDetail }) {
  const { decision } = detail
  const earlier = (detail.approvals?.given ?? []).slice(0, decision?.decision === 'approve' ? -1 : undefined)
  if (detail.decisionPending)
    return (
      <Section title="Decision">
        <Note tone="human">
          <p>A decision was taken here. It is kept and delivered as soon as Temporal can be reached.</p>
        </Note>
      </Section>
    )
  if (!decision && earlier.length === 0) return null
  return (
    <Section title="Decision">
      {earlier.map(({ operator, at, reason }) => (
        <p key={`${operator} ${at}`} className="wrap">
          Approved by {operator ?? 'a Temporal client that gave no name'}, <Moment at={at} />: {reason}
        </p>
      ))}
      {decision ? <DecisionFacts decision={decision} /> : null}
    </Section>
  )
}

function DecisionFacts({ decision }: { decision: Decision }) {
  return (
    <dl className="facts">
      <dt>{decision.decision === 'approve' ? 'Approved by' : 'Rejected by'}</dt>
      <dd>{decision.operator ?? 'a Temporal client that gave no name'}</dd>
      <dt>When</dt>
      <dd>
        <Moment at={decision.at} />
      </dd>
      <dt>Why</dt>
      <dd className="wrap">{decision.reason || 'No reason was given.'}</dd>
      <dt>How</dt>
      <dd>
        {decision.via === 'update' ? `This console${decision.host ? ` on ${decision.host}` : ''}` : 'A bare Temporal signal'}
      </dd>
    </dl>
  )
}

function Deployments({ detail }: { detail: RunDetail }) {
  return (
    <ul className="deployments">
      {detail.deployments.map((deployment) => (
        <li key={deployment.environment}>
          <span className={`tag ${deployment.environment === 'prod' ? 'good' : ''}`}>
            {deployment.environment === 'prod' ? 'Production' : 'Dev'}
          </span>
          <a className="ellipsis" href={deployment.url} target="_blank" rel="noreferrer" title={deployment.url}>
            {deployment.url}
          </a>
          <span className="faint nowrap">
            <Moment at={deployment.deployedAt} />
          </span>
        </li>
      ))}
    </ul>
  )
}

function ModelLink({ modelId }: { modelId: string }) {
  const { route } = useConsole()
  return (
    <Button size="small" look="link" onPress={() => route.getState().go({ place: 'models', model: modelId, beside: null })}>
      Open model
    </Button>
  )
}

function Ids({ detail }: { detail: RunDetail }) {
  return (
    <dl className="facts">
      <dt>File</dt>
      <dd className="wrap">{detail.fileName}</dd>
      <dt>Workflow</dt>
      <dd>
        <CopyLine text={detail.workflowId} what="the workflow id" />
      </dd>
      {detail.runId ? (
        <>
          <dt>Temporal run</dt>
          <dd>
            <CopyLine text={detail.runId} what="the run id" />
          </dd>
        </>
      ) : null}
      {detail.modelId ? (
        <>
          <dt>Model</dt>
          <dd>
            <CopyLine text={detail.modelId} what="the model id" />
            <ModelLink modelId={detail.modelId} />
          </dd>
        </>
      ) : null}
      {detail.sha256 ? (
        <>
          <dt>Dataset SHA-256</dt>
          <dd>
            <CopyLine text={detail.sha256} what="the dataset’s hash" shown={middleCut(detail.sha256, 26)} />
          </dd>
        </>
      ) : null}
      <dt>Namespace</dt>
      <dd>
        <span className="mono">{detail.namespace}</span>
      </dd>
      <dt>Task queue</dt>
      <dd>
        <span className="mono">{detail.taskQueue}</span>
      </dd>
    </dl>
  )
}
