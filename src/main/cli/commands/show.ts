import type { GateCheck, RunDetail, Step } from '../../../contract/model.ts'
import { describeRun, durationWords, momentWords } from '../../../contract/sentence.ts'
import { metricsInWords } from '../../../contract/training.ts'
import { type Context, findRun, withHost } from '../context.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import type { Cell, Output, Style } from '../output.ts'

export async function showRun(context: Context, wanted: string): Promise<ExitCode> {
  return withHost(context, async (host) => {
    const { workflowId } = await findRun(host, wanted)
    const run = await host.call('runs.get', { workflowId })
    context.out.data(run)
    print(context.out, run, new Date())
    return exitCodes.done
  })
}

function print(out: Output, run: RunDetail, now: Date): void {
  out.table([
    [
      { text: run.fileName, style: 'strong' },
      { text: run.workflowId, style: 'faint' },
    ],
  ])
  out.line(describeRun(run, now))
  out.line()
  const facts: Cell[][] = [
    ['Accepted', `${momentWords(run.acceptedAt, now)} from ${run.submittedBy} (${run.origin})`],
    // Another Temporal client gives a path; what lay there is read by the run and not kept by this host.
    [
      'Dataset',
      run.sha256 === ''
        ? 'not kept here: another Temporal client started this run'
        : `sha256:${run.sha256}, ${run.sizeBytes} bytes`,
    ],
  ]
  if (run.modelId !== null) facts.push(['Model', run.modelId])
  if (run.metrics !== null) facts.push(['Metrics', metricsInWords(run.metrics)])
  for (const { environment, url, deployedAt } of run.deployments) {
    facts.push([`Deployed ${environment}`, `${url} since ${momentWords(deployedAt, now)}`])
  }
  if (run.decision !== null) {
    const { decision, operator, reason, at, via } = run.decision
    const who = operator ?? `a Temporal client without a name (${via})`
    facts.push(['Decision', `${decision === 'approve' ? 'approved' : 'rejected'} by ${who} ${momentWords(at, now)}: ${reason}`])
  }
  if (run.temporalUrl !== null) facts.push(['Temporal', run.temporalUrl])
  out.table(facts)
  out.line()
  out.table(run.steps.map((step) => stepRow(step, now)))
  if (run.gateChecks.length > 0) {
    out.line()
    out.table(run.gateChecks.map(checkRow))
  }
  if (run.notes.length > 0) {
    out.line()
    for (const sentence of run.notes) out.line(`Note: ${sentence}`)
  }
  if (run.incomplete !== null) out.line(`\n${run.incomplete}`)
}

const stateStyles: Record<Step['state'], Style> = {
  waiting: 'faint',
  scheduled: 'busy',
  running: 'busy',
  backingOff: 'human',
  paused: 'human',
  completed: 'good',
  failed: 'bad',
  cancelled: 'faint',
  skipped: 'faint',
}

function stepRow(step: Step, now: Date): Cell[] {
  const last = step.attempts.at(-1)
  const words: string[] = []
  if (last !== undefined && last.attempt > 1)
    words.push(`attempt ${last.attempt}${step.maxAttempts ? ` of ${step.maxAttempts}` : ''}`)
  if (step.state === 'running' && step.progress !== null) {
    words.push(`${Math.round(step.progress.fraction * 100)} % ${step.progress.message}`.trim())
  }
  if (last?.failure) words.push(last.failure.message)
  if (step.state === 'backingOff' && step.retryAt !== null) words.push(`next attempt ${momentWords(step.retryAt, now)}`)
  const began = step.scheduledAt
  const took =
    began === null ? '' : durationWords((step.endedAt === null ? now.getTime() : Date.parse(step.endedAt)) - Date.parse(began))
  const shown = step.state === 'waiting' || step.state === 'skipped' ? '' : took
  return [step.step, { text: step.state, style: stateStyles[step.state] }, shown, words.join('; ')]
}

const checkRow = ({ label, passed, reason }: GateCheck): Cell[] => [
  label,
  { text: passed ? 'passed' : 'not passed', style: passed ? 'good' : 'bad' },
  reason,
]
