import { type Stage, stages } from '../../../contract/model.ts'
import { describeRun, momentWords } from '../../../contract/sentence.ts'
import { type Context, withHost } from '../context.ts'
import { type ExitCode, exitCodes, UsageError } from '../exitCodes.ts'
import type { Cell } from '../output.ts'
import { stageStyle } from '../stageStyle.ts'

export interface RunsOptions {
  stage?: string[]
  limit: number
  text?: string
}

/** Stage names are taken in any case. @throws UsageError for a name that there is not. */
export function parseStage(name: string): Stage {
  const stage = stages.find((one) => one.toLowerCase() === name.toLowerCase())
  if (stage === undefined) throw new UsageError(`There is no stage "${name}". The stages are ${stages.join(', ')}.`)
  return stage
}

export async function listRuns(context: Context, options: RunsOptions): Promise<ExitCode> {
  const { out } = context
  const wanted = options.stage?.flatMap((names) => names.split(',')).map((name) => parseStage(name.trim()))
  return withHost(context, async (host) => {
    const answer = await host.call('runs.list', { limit: options.limit, stages: wanted, text: options.text })
    out.data(answer)
    const { runs, total } = answer
    if (runs.length === 0) {
      const filtered = wanted !== undefined || options.text !== undefined
      out.line(
        filtered
          ? 'No run matches.'
          : 'There are no runs yet. Submit a CSV with "gatehouse submit FILE", or drop one into the inbox.',
      )
      return exitCodes.done
    }
    const now = new Date()
    const head: Cell[] = ['FILE', 'ACCEPTED', 'STAGE', 'RUN', 'WHAT'].map((text) => ({ text, style: 'faint' }))
    out.table([
      head,
      ...runs.map((run): Cell[] => [
        run.fileName,
        momentWords(run.acceptedAt, now),
        { text: run.stage, style: stageStyle(run.stage) },
        run.workflowId,
        describeRun(run, now),
      ]),
    ])
    if (total > runs.length) out.line(`${runs.length} of ${total} runs, the newest ones; --limit shows more.`)
    return exitCodes.done
  })
}
