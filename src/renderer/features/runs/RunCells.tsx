import type { ReactNode } from 'react'
import { isEndStage, type RunSummary, type Stage } from '../../../contract/model.ts'
import { decidersOf, durationOf, errorOf, type Measure, type RunColumn, scoreOf, sinceOf } from '../../../contract/runSort.ts'
import { describeRun, durationWords, remainingWords, spanWords, stageLabels } from '../../../contract/sentence.ts'
import { useIn } from '../../app/console.ts'
import { useWaitingTime } from '../../ui/clock.ts'
import { figure } from '../../ui/format.ts'
import { stageTones } from '../../ui/StageSign.tsx'
import { Moment, useTimes } from '../../ui/times.tsx'

/** What each column shows of a run; empty where there is nothing to show yet. */
export const runCells: Record<RunColumn, (run: RunSummary) => ReactNode> = {
  file: ({ fileName }) => (
    <span className="ellipsis run-file" title={fileName}>
      {fileName}
    </span>
  ),
  state: (run) => <RowWords run={run} />,
  attempts: ({ attempt, maxAttempts }) =>
    attempt === 0 ? null : (
      <span className={attempt > 1 ? 'nowrap' : 'nowrap faint'}>
        {attempt}
        {maxAttempts ? ` of ${maxAttempts}` : ''}
      </span>
    ),
  error: (run) => <Measured measure={errorOf(run)} bad={run.gatePassed === false} />,
  score: (run) => <Measured measure={scoreOf(run)} bad={false} />,
  gate: ({ gatePassed }) =>
    gatePassed === null ? null : gatePassed ? <span className="muted">Passed</span> : <span className="tone-bad">Refused</span>,
  approver: (run) => <Deciders run={run} />,
  submittedBy: ({ submittedBy }) => (
    <span className="ellipsis muted" title={submittedBy}>
      {submittedBy}
    </span>
  ),
  accepted: ({ acceptedAt }) => <When at={acceptedAt} />,
  started: ({ startedAt }) => (startedAt === null ? null : <When at={startedAt} />),
  since: (run) => <Span run={run} of={sinceOf} />,
  duration: (run) => <Span run={run} of={durationOf} />,
  model: ({ modelId }) =>
    modelId === null ? null : (
      <span className="ellipsis mono" title={modelId}>
        {modelId}
      </span>
    ),
  pipeline: ({ pipeline }) => <span className="ellipsis muted">{pipeline}</span>,
}

/** The task's own measure, named: an MAE and a log loss are no neighbours. */
function Measured({ measure, bad }: { measure: Measure | null; bad: boolean }) {
  if (measure === null) return null
  return (
    <span className="ellipsis">
      <span className="faint">{measure.label} </span>
      <span className={bad ? 'tone-bad' : ''}>{figure(measure.value)}</span>
      {bad ? <span className="sr-only"> did not pass the gate</span> : null}
    </span>
  )
}

/** Who decided; of several approvals how many there are. */
function Deciders({ run }: { run: RunSummary }) {
  const names = decidersOf(run).map((name) => name ?? 'unnamed client')
  const { approvals } = run
  if (names.length === 0) return null
  const words = names.join(', ')
  const some = approvals !== null && approvals.needed > 1 && run.decision === null
  return (
    <span className="ellipsis" title={words}>
      {some ? <span className="faint">{`${approvals.given.length} of ${approvals.needed}: `}</span> : null}
      {words}
    </span>
  )
}

function When({ at }: { at: string }) {
  return (
    <span className="faint nowrap">
      <Moment at={at} brief />
    </span>
  )
}

/** Beside an open run a row has room for some 40 letters, and the number of the try must be among them. */
const rowLabel = (stage: Stage) =>
  stage === 'LoggingExperiment'
    ? 'Logging'
    : stage === 'AssessingQuality'
      ? 'Assessing'
      : stage === 'DeployingProd'
        ? 'Deploying to prod'
        : stageLabels[stage]

/** What a row says, in few words; the whole sentence is its title. */
function rowWords(run: RunSummary, now: number): string {
  const label = stageLabels[run.stage]
  switch (run.stage) {
    case 'Queued':
      return run.problem ? `Queued: ${run.problem}` : 'Queued'
    case 'AwaitingApproval':
      if (run.decisionPending) return 'Decided here, waits for Temporal'
      return run.approvalDeadline ? `${label} · ${leftWords(Date.parse(run.approvalDeadline) - now)}` : label
    case 'Failed':
      return failedWords(run)
    case 'Rejected':
      return run.decision ? `Rejected by ${run.decision.operator ?? 'a client'}: ${run.decision.reason}` : label
    case 'Completed':
      return run.decision?.decision === 'approve' ? 'Deployed to production' : 'In dev; production not asked for'
    case 'GateFailed':
      return 'Refused by the gate'
    case 'TimedOut':
      return 'Rejected itself'
    case 'Cancelled':
      return label
    default: {
      if (run.retryAt) {
        const wait = Date.parse(run.retryAt) - now
        const of = run.maxAttempts ? ` of ${run.maxAttempts}` : ''
        return `${rowLabel(run.stage)} failed · try ${run.attempt + 1}${of} ${wait > 0 ? `in ${remainingWords(wait)}` : 'now'}`
      }
      if (run.attempt > 1) return `${rowLabel(run.stage)} · try ${run.attempt}${run.maxAttempts ? ` of ${run.maxAttempts}` : ''}`
      return label
    }
  }
}

/** `23 h left`: from two hours on nobody needs the minutes. */
const leftWords = (ms: number) =>
  ms >= 2 * 3_600_000 ? `${spanWords(Math.floor(ms / 3_600_000) * 3_600_000)} left` : `${remainingWords(ms)} left`

/** Which step failed and why; the sign says that it did, and the file's name stands beside it. */
function failedWords({ problem, fileName }: RunSummary): string {
  if (!problem) return 'No message was given'
  return problem
    .replace(`${fileName} has `, '')
    .replace(`${fileName} `, '')
    .replace(/^([A-Z][\w ]*?) failed(?: after \d+ attempts)?: /, '$1: ')
}

/** A run that waits for its operator stands still; every other one moves by the second. */
function useRunTime(run: RunSummary): number {
  const still = run.stage === 'AwaitingApproval'
  const until = run.approvalDeadline === null ? null : Date.parse(run.approvalDeadline)
  return useWaitingTime(!isEndStage(run.stage), still ? Date.parse(run.stageSince) : Number.POSITIVE_INFINITY, until)
}

function RowWords({ run }: { run: RunSummary }) {
  const now = useRunTime(run)
  const times = useTimes()
  const stack = useIn('stack', (s) => s.health)
  const tone = run.retryAt ? 'bad' : stageTones[run.stage]
  return (
    <span className={`ellipsis run-words tone-${tone}`} title={describeRun(run, new Date(now), { ...times, stack })}>
      {run.stage === 'Failed' ? <span className="sr-only">Failed. </span> : null}
      {rowWords(run, now)}
    </span>
  )
}

/** The ends of a run are told to the second, what goes on as it moves. */
function Span({ run, of }: { run: RunSummary; of: (run: RunSummary, now: number) => number }) {
  const now = useRunTime(run)
  return <span className="muted nowrap">{(run.endedAt === null ? spanWords : durationWords)(of(run, now))}</span>
}
