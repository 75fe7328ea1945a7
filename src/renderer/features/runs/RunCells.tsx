import type { ReactNode } from 'react'
import { isEndStage, type RunSummary, type Stage } from '../../../contract/model.ts'
import { decidersOf, durationOf, errorOf, type Measure, type RunColumn, scoreOf, sinceOf } from '../../../contract/runSort.ts'
import {
  describeRun,
  durationWords,
  exactWords,
  momentWords,
  type RunSentenceOptions,
  remainingWords,
  spanWords,
  stageLabels,
  waitsForWorker,
} from '../../../contract/sentence.ts'
import { useWaitingTime } from '../../ui/clock.ts'
import { figure } from '../../ui/format.ts'
import { toneOf } from '../../ui/StageSign.tsx'

/** How a row says moments and spans: the time now, in milliseconds, and what the operator chose. */
export interface RowTime {
  now: number
  options: RunSentenceOptions
}

/** One element per cell, and no component: a screen of rows is drawn anew at each letter of a filter and each turn of a wheel. */
export interface Cell {
  content: ReactNode
  /** Class names. */
  look?: string
  title?: string
}

/** What each column shows of a run; null where there is nothing to show yet. */
export const runCells: Record<RunColumn, (run: RunSummary, time: RowTime) => Cell | null> = {
  file: ({ fileName }) => ({ content: fileName, look: 'ellipsis run-file', title: fileName }),
  state: stateCell,
  attempts: ({ attempt, maxAttempts }) =>
    attempt === 0
      ? null
      : { content: maxAttempts ? `${attempt} of ${maxAttempts}` : attempt, ...(attempt > 1 ? {} : { look: 'faint' }) },
  error: (run) => measureCell(errorOf(run), run.gatePassed === false),
  score: (run) => measureCell(scoreOf(run), false),
  gate: ({ gatePassed }) =>
    gatePassed === null ? null : gatePassed ? { content: 'Passed', look: 'muted' } : { content: 'Refused', look: 'tone-bad' },
  approver: decidersCell,
  submittedBy: ({ submittedBy }) => ({ content: submittedBy, look: 'ellipsis muted', title: submittedBy }),
  accepted: ({ acceptedAt }, time) => momentCell(acceptedAt, time),
  started: ({ startedAt }, time) => (startedAt === null ? null : momentCell(startedAt, time)),
  since: (run, { now }) => spanCell(run, sinceOf(run, now)),
  duration: (run, { now }) => spanCell(run, durationOf(run, now)),
  model: ({ modelId }) => (modelId === null ? null : { content: modelId, look: 'ellipsis mono', title: modelId }),
  pipeline: ({ pipeline }) => ({ content: pipeline, look: 'ellipsis muted' }),
}

/** The task's own measure, named: an MAE and a log loss are no neighbours. */
function measureCell(measure: Measure | null, bad: boolean): Cell | null {
  if (measure === null) return null
  return {
    content: (
      <>
        <span className="faint">{measure.label} </span>
        {figure(measure.value)}
        {bad ? <span className="sr-only"> did not pass the gate</span> : null}
      </>
    ),
    look: bad ? 'ellipsis tone-bad' : 'ellipsis',
    title: `${measure.label} ${figure(measure.value)}`,
  }
}

/** Who decided; of several approvals how many there are. */
function decidersCell(run: RunSummary): Cell | null {
  const names = decidersOf(run).map((name) => name ?? 'unnamed client')
  const { approvals } = run
  if (names.length === 0) return null
  const words = names.join(', ')
  const some = approvals !== null && approvals.needed > 1 && run.decision === null
  if (!some) return { content: words, look: 'ellipsis', title: words }
  const given = <span className="faint">{`${approvals.given.length} of ${approvals.needed}: `}</span>
  return {
    content: (
      <>
        {given}
        {words}
      </>
    ),
    look: 'ellipsis',
    title: words,
  }
}

const momentCell = (at: string, { now, options }: RowTime): Cell => ({
  content: momentWords(at, new Date(now), { ...options, zoneName: false }),
  look: 'faint',
  title: exactWords(at, options),
})

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
function rowWords(run: RunSummary, now: number, { stack }: RunSentenceOptions): string {
  const label = stageLabels[run.stage]
  if (waitsForWorker(run, new Date(now), stack)) return `${rowLabel(run.stage)} · waits for a worker`
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
      if (run.paused) return `${rowLabel(run.stage)} · paused${run.paused.by ? ` by ${run.paused.by}` : ''}`
      if (run.waitsForRoom) return `${rowLabel(run.stage)} · the disk is full`
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

/** The time that a row needs: a run that waits for its operator stands still, every other one that goes on moves by the second. */
export function useRowTime(run: RunSummary | undefined, relative: boolean): number {
  const goesOn = run !== undefined && !isEndStage(run.stage)
  const until = goesOn && run.approvalDeadline ? Date.parse(run.approvalDeadline) : null
  return useWaitingTime(goesOn || relative, run === undefined ? 0 : stillSince(run), until)
}

/** Since when nothing but the time moves in a row; for a run that works that is never. */
function stillSince(run: RunSummary): number {
  if (isEndStage(run.stage)) return Date.parse(run.acceptedAt)
  return run.stage === 'AwaitingApproval' ? Date.parse(run.stageSince) : Number.POSITIVE_INFINITY
}

function stateCell(run: RunSummary, { now, options }: RowTime): Cell {
  const tone = toneOf(run)
  const words = rowWords(run, now, options)
  return {
    content:
      run.stage === 'Failed' ? (
        <>
          <span className="sr-only">Failed. </span>
          {words}
        </>
      ) : (
        words
      ),
    look: `ellipsis run-words tone-${tone}`,
    title: describeRun(run, new Date(now), options),
  }
}

/** The ends of a run are told to the second, what goes on as it moves. */
const spanCell = ({ endedAt }: RunSummary, ms: number): Cell => ({
  content: (endedAt === null ? spanWords : durationWords)(ms),
  look: 'muted',
})
