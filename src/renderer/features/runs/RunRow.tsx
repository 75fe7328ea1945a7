import { type MouseEvent, memo } from 'react'
import { isEndStage, type RunSummary, type Stage } from '../../../contract/model.ts'
import { describeRun, durationWords, remainingWords, spanWords, stageLabels } from '../../../contract/sentence.ts'
import { useIn } from '../../app/console.ts'
import { useWaitingTime } from '../../ui/clock.ts'
import { figure } from '../../ui/format.ts'
import { StageSign, stageTones } from '../../ui/StageSign.tsx'
import { Moment, useTimes } from '../../ui/times.tsx'
import { RowCheck } from '../batch/RowCheck.tsx'

export const rowId = (id: string) => `run-${id.replace(/[^\w-]/g, '_')}`

export const RunRow = memo(
  function RunRow({
    id,
    top,
    place,
    of,
    isCursor,
    isOpen,
    isSelected,
    onSelect,
    onOpen,
  }: {
    id: string
    top: number
    place: number
    of: number
    isCursor: boolean
    isOpen: boolean
    isSelected: boolean
    onSelect: (event: MouseEvent) => void
    onOpen: () => void
  }) {
    const run = useIn('runs', (s) => s.byId.get(id))
    if (!run) return null
    return (
      // biome-ignore lint/a11y/useKeyWithClickEvents: the keys of the list act on its active row (app/keys.ts)
      <div
        id={rowId(id)}
        role="option"
        aria-selected={isSelected}
        aria-current={isOpen ? 'true' : undefined}
        aria-setsize={of}
        aria-posinset={place}
        tabIndex={-1}
        className={`run-row${isCursor ? ' cursor' : ''}${isOpen ? ' open' : ''}`}
        style={{ transform: `translateY(${top}px)` }}
        onClick={(event) => (event.shiftKey || event.ctrlKey || event.metaKey ? onSelect(event) : onOpen())}
        data-workflow-id={id}
        data-stage={run.stage}
      >
        <RowCheck onPress={onSelect} />
        <StageSign run={run} />
        <span className="ellipsis run-file" title={run.fileName}>
          {run.fileName}
        </span>
        <RowWords run={run} />
        <span className="ellipsis col-metrics">
          {run.metrics ? (
            <>
              {/* The task's own measure, named: an MAE and a log loss are no neighbours. */}
              <span className="faint">{run.metrics.mae === undefined ? 'Log loss ' : 'MAE '}</span>
              <span className={run.gatePassed === false ? 'tone-bad' : ''}>
                {figureOf(run.metrics.mae ?? run.metrics.log_loss)}
              </span>
              {run.gatePassed === false ? <span className="sr-only"> did not pass the gate</span> : null}
            </>
          ) : null}
        </span>
        <RowSpan run={run} />
        <RowWhen run={run} />
      </div>
    )
  },
  (a, b) =>
    a.id === b.id &&
    a.top === b.top &&
    a.place === b.place &&
    a.of === b.of &&
    a.isCursor === b.isCursor &&
    a.isOpen === b.isOpen &&
    a.isSelected === b.isSelected,
)

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

const figureOf = (value: number | undefined) => (value === undefined ? '–' : figure(value))

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

/** How long the run has been in its stage; how long it took when it is over. */
function RowSpan({ run }: { run: RunSummary }) {
  const now = useRunTime(run)
  const words =
    run.endedAt !== null
      ? durationWords(Date.parse(run.endedAt) - Date.parse(run.startedAt ?? run.acceptedAt))
      : spanWords(now - Date.parse(run.stageSince))
  return <span className="right muted nowrap">{words}</span>
}

function RowWhen({ run }: { run: RunSummary }) {
  return (
    <span className="right faint nowrap col-when">
      <Moment at={run.acceptedAt} brief />
    </span>
  )
}
