import { momentWords } from '../../../contract/sentence.ts'
import { type Context, withHost } from '../context.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import type { Cell } from '../output.ts'
import { outcomeCell } from './submit.ts'

export interface FilesOptions {
  limit: number
  refused?: boolean
}

/** Lists the files that were seen, as the console's inbox does: `runs` knows only those that became a run. */
export async function listFiles(context: Context, { limit, refused }: FilesOptions): Promise<ExitCode> {
  const { out } = context
  return withHost(context, async (host) => {
    const seen = (await host.call('intake.list', { limit })).entries
    const entries = refused ? seen.filter(({ outcome }) => outcome === 'refused' || outcome === 'waiting') : seen
    out.data({ entries })
    if (entries.length === 0) {
      out.line(
        seen.length === 0
          ? 'No file was seen yet. Submit a CSV with "gatehouse submit FILE", or drop one into the inbox.'
          : `None of the last ${seen.length} files was refused or waits.`,
      )
      return exitCodes.done
    }
    const now = new Date()
    const head: Cell[] = ['FILE', 'SEEN', 'OUTCOME', 'WHAT'].map((text) => ({ text, style: 'faint' }))
    out.table([
      head,
      ...entries.map((entry): Cell[] => [entry.fileName, momentWords(entry.at, now), outcomeCell(entry.outcome), entry.message]),
    ])
    if (seen.length === limit) out.line(`These are of the last ${limit} files; --limit looks at more.`)
    return exitCodes.done
  })
}
