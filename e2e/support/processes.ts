/** What processes there are (Linux), so that a test can say that none was left behind. */
import { readdirSync, readFileSync } from 'node:fs'

interface ProcessFacts {
  pid: number
  parent: number
  /** Clock ticks since the machine started: with the pid it names one process for good. */
  startedAt: string
  command: string
}

function facts(pid: number): ProcessFacts | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in brackets may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z') return null
    return {
      pid,
      parent: Number(fields[1]),
      startedAt: fields[19] ?? '',
      command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim(),
    }
  } catch {
    return null
  }
}

const all = () =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => facts(Number(name)) ?? [])

/** Every process below this one. */
export function descendantsOf(pid: number): ProcessFacts[] {
  const list = all()
  const below = (parent: number): ProcessFacts[] =>
    list.filter((each) => each.parent === parent).flatMap((each) => [each, ...below(each.pid)])
  return below(pid)
}

export const stillRunning = (list: readonly ProcessFacts[]): ProcessFacts[] =>
  list.filter(({ pid, startedAt }) => facts(pid)?.startedAt === startedAt)

/** Processes that have this text on their command line. */
export const processesNaming = (text: string): ProcessFacts[] =>
  all().filter(({ pid, command }) => pid !== process.pid && command.includes(text))
