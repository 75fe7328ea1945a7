import type { DiffEntry, DiffSection } from '../../../contract/diff.ts'
import { type Context, findRun, withHost } from '../context.ts'
import { type ExitCode, exitCodes, UsageError } from '../exitCodes.ts'
import type { Cell } from '../output.ts'

export interface DiffOptions {
  secrets?: boolean
  all?: boolean
}

/** Prints what the second run differs in from the first. */
export async function diffRuns(
  context: Context,
  wanted: readonly [string, string],
  { secrets = false, all = false }: DiffOptions,
): Promise<ExitCode> {
  return withHost(context, async (host) => {
    const [left, right] = await Promise.all(wanted.map((run) => findRun(host, run)))
    if (!left || !right || left.workflowId === right.workflowId) throw new UsageError('Name two runs that are not the same one.')
    const diff = await host.call('runs.diff', { left: left.workflowId, right: right.workflowId, reveal: secrets })
    const { out } = context
    out.data(diff)
    out.line(`${left.fileName} (${left.workflowId}) and ${right.fileName} (${right.workflowId})`)
    for (const section of diff.sections) {
      out.line()
      out.line(headOf(section))
      for (const { side, text } of section.problems) out.line(`  ${side === 'left' ? 'first' : 'second'} run: ${text}`)
      out.table(section.entries.filter(({ kind }) => all || kind !== 'same').map(entryRow))
    }
    return exitCodes.done
  })
}

const headOf = ({ title, differing, same, problems }: DiffSection): string => {
  if (differing === 0 && same === 0) return `${title}: ${problems.length > 0 ? 'not compared' : 'neither has any'}`
  return `${title}: ${differing} differ, ${same} the same`
}

const textOf = (text: string | null, { covered }: DiffEntry, absent: boolean): string =>
  absent ? 'none' : (text ?? (covered ? '[secret]' : ''))

function entryRow(entry: DiffEntry): Cell[] {
  const { path, kind, left, right, change } = entry
  const share = change?.share === null || change === null ? '' : ` (${Math.round(Math.abs(change.share) * 1000) / 10} %)`
  const word = change?.better === null || change === null ? '' : change.better ? ' better' : ' worse'
  return [
    `  ${path || 'the whole'}`,
    textOf(left, entry, kind === 'added'),
    textOf(right, entry, kind === 'removed'),
    {
      text: change ? `${change.by.startsWith('-') ? '' : '+'}${change.by}${share}${word}` : '',
      style: change?.better === true ? 'good' : change?.better === false ? 'bad' : 'faint',
    },
  ]
}
