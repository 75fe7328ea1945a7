import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Context } from '../context.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import type { Cell, Style } from '../output.ts'

export interface LogsOptions {
  limit: number
  /** The least level shown. */
  level: LevelName
}

/** pino's (https://getpino.io/#/docs/api?id=loggerlevels-object). */
export const levels = { debug: 20, info: 30, warn: 40, error: 50, fatal: 60 } as const
export type LevelName = keyof typeof levels

/** One line of a log; the ids stand on those about a run. */
interface Line {
  level: number
  time: string
  msg: string
  workflowId?: string
  step?: string
  attempt?: number
  [more: string]: unknown
}

/**
 * Prints the latest lines of the host's and the bare workers' logs, oldest first; with a workflow id, or the beginning of
 * one, those about that run. Needs no host.
 */
export async function showLogs(
  { home, out }: Context,
  run: string | undefined,
  { limit, level }: LogsOptions,
): Promise<ExitCode> {
  const lines: Line[] = []
  for (const file of await logFiles(home.logs)) {
    for await (const text of createInterface({ input: createReadStream(file, 'utf8') })) {
      const line = lineOf(text)
      if (line === null || line.level < levels[level]) continue
      if (run !== undefined && !line.workflowId?.startsWith(run)) continue
      lines.push(line)
      // Several files in turn: no more than their latest lines are ever kept.
      if (lines.length > 4 * limit) keepLatest(lines, limit)
    }
  }
  keepLatest(lines, limit)
  out.data({ lines })
  if (lines.length === 0) {
    out.line(
      run === undefined ? `There is nothing at this level in ${home.logs}.` : `No line at this level is about a run ${run}.`,
    )
  }
  out.table(lines.map(cells))
  return exitCodes.done
}

/** The host's and the workers' own, with those that were set aside; the servers' logs are not JSON. */
async function logFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((): string[] => [])
  return names.filter((name) => /^(gatehouse|worker)\.log(\.\d+)?$/.test(name)).map((name) => join(folder, name))
}

/** null for half a line, which a full disk may leave. */
function lineOf(text: string): Line | null {
  try {
    const { level, time, msg = '', ...more } = JSON.parse(text) as Partial<Line>
    return typeof level === 'number' && typeof time === 'string' ? { level, time, msg, ...more } : null
  } catch {
    return null
  }
}

function keepLatest(lines: Line[], limit: number): void {
  lines.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
  lines.splice(0, lines.length - limit)
}

function cells({ level, time, msg, workflowId = '', runId: _, step, attempt, encryption: __, err, ...more }: Line): Cell[] {
  const name = (Object.keys(levels) as LevelName[]).find((each) => levels[each] === level) ?? String(level)
  const style: Style = level >= levels.error ? 'bad' : level >= levels.warn ? 'human' : 'faint'
  const where = step === undefined ? workflowId : `${workflowId} ${step}${attempt === undefined ? '' : ` #${attempt}`}`
  const problem = (err as { message?: string } | undefined)?.message
  const rest = Object.entries(more).map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return [
    { text: time, style: 'faint' },
    { text: name, style },
    where,
    [msg, ...(problem === undefined ? [] : [problem]), ...rest].join(' · ').replaceAll('\n', ' '),
  ]
}
