import { resolve } from 'node:path'
import { assertNever, type IntakeEntry, type RunSummary, stages } from '../../../contract/model.ts'
import { describeRun } from '../../../contract/sentence.ts'
import type { Connection } from '../../../contract/wire.ts'
import { type Context, withHost } from '../context.ts'
import { type ExitCode, exitCodes, UsageError } from '../exitCodes.ts'
import { listenToRuns } from '../followRuns.ts'
import type { Cell, Output, Style } from '../output.ts'
import { stageStyle } from '../stageStyle.ts'

/** As many paths as one call takes. */
const pathsPerCall = 10_000

export async function submitFiles(context: Context, files: string[], { wait }: { wait?: boolean }): Promise<ExitCode> {
  // resolve('') is the folder that one stands in; an unset shell variable must not hand that in.
  if (files.some((file) => file.trim() === '')) throw new UsageError('A file’s name is empty. Nothing was submitted.')
  const paths = files.map((file) => resolve(file))
  return withHost(context, (host) => (wait ? submitAndWait(host, context.out, paths) : submitOnly(host, context.out, paths)))
}

async function submit(host: Connection, paths: string[]): Promise<IntakeEntry[]> {
  const entries: IntakeEntry[] = []
  for (let at = 0; at < paths.length; at += pathsPerCall) {
    const answer = await host.call('intake.submit', { paths: paths.slice(at, at + pathsPerCall), origin: 'cli' })
    entries.push(...answer.entries)
  }
  return entries
}

async function submitOnly(host: Connection, out: Output, paths: string[]): Promise<ExitCode> {
  const entries = await submit(host, paths)
  out.data({ entries })
  out.table(entries.map(entryRow))
  if (entries.length === 0) out.line('There is no file there that could be submitted.')
  return entries.length === 0 || entries.some(isRefused) ? exitCodes.failed : exitCodes.done
}

async function submitAndWait(host: Connection, out: Output, paths: string[]): Promise<ExitCode> {
  const listening = listenToRuns(host)
  try {
    const submitted = await submit(host, paths)
    const tellEntry = (entry: IntakeEntry) => out.data({ event: 'file', ...entry })
    submitted.forEach(tellEntry)
    out.table(submitted.map(entryRow))
    const nameWidth = Math.max(...submitted.map((entry) => entry.fileName.length), 0)
    const { runs, entries } = await listening.follow({
      entries: submitted,
      onEntry(entry) {
        tellEntry(entry)
        out.table([entryRow(entry)])
      },
      onStage(run) {
        out.data({ event: 'stage', workflowId: run.workflowId, fileName: run.fileName, stage: run.stage, at: run.stageSince })
        out.table([stageRow(run, nameWidth)])
      },
    })
    const refused = entries.filter(isRefused).length
    const failed = runs.filter(isFailure).length
    out.data({ event: 'summary', files: entries.length, refused, failed, runs })
    out.line(summary(runs, entries.length, refused))
    return refused + failed > 0 || entries.length === 0 ? exitCodes.failed : exitCodes.done
  } finally {
    listening.close()
  }
}

const isRefused = (entry: IntakeEntry) => entry.outcome === 'refused'
/** Whatever came to rest and is neither in production, nor in dev as intended, nor with the operator. */
const isFailure = (run: RunSummary) => run.stage !== 'Completed' && run.stage !== 'AwaitingApproval'

export function outcomeCell(outcome: IntakeEntry['outcome']): { text: string; style: Style } {
  switch (outcome) {
    case 'accepted':
      return { text: 'new run', style: 'good' }
    case 'alreadyProcessed':
      return { text: 'known', style: 'faint' }
    case 'waiting':
      return { text: 'waits', style: 'human' }
    case 'refused':
      return { text: 'refused', style: 'bad' }
    default:
      return assertNever(outcome)
  }
}

const entryRow = (entry: IntakeEntry): Cell[] => [
  outcomeCell(entry.outcome),
  entry.fileName,
  entry.workflowId ?? '',
  entry.message,
]

const stageWidth = Math.max(...stages.map((stage) => stage.length))

function stageRow(run: RunSummary, nameWidth: number): Cell[] {
  const time = new Date(run.stageSince).toLocaleTimeString('en-GB')
  return [
    { text: time, style: 'faint' },
    run.fileName.padEnd(nameWidth),
    { text: run.stage.padEnd(stageWidth), style: stageStyle(run.stage) },
    describeRun(run, new Date()),
  ]
}

function summary(runs: RunSummary[], files: number, refused: number): string {
  const count = (is: (run: RunSummary) => boolean) => runs.filter(is).length
  const parts = [
    [count((run) => run.stage === 'Completed'), 'completed'],
    [count((run) => run.stage === 'AwaitingApproval'), 'await approval'],
    [count(isFailure), 'failed or were turned down'],
    [refused, 'refused before a run began'],
  ] as const
  const words = parts.filter(([n]) => n > 0).map(([n, what]) => `${n} ${what}`)
  return `${files} file${files === 1 ? '' : 's'}: ${words.join(', ') || 'nothing to follow'}.`
}
