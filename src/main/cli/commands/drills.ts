/** `gatehouse drills`: what faults there are on purpose, and switching them. */
import { randomUUID } from 'node:crypto'
import {
  type ActiveDrill,
  type Drill,
  type DrillName,
  type DrillOrder,
  type DrillScope,
  type DrillsState,
  drillNames,
  leftOfDrill,
} from '../../../contract/drills.ts'
import { assertNever } from '../../../contract/model.ts'
import { momentWords } from '../../../contract/sentence.ts'
import { type Context, withHost } from '../context.ts'
import { type ExitCode, exitCodes, UsageError } from '../exitCodes.ts'
import type { Cell, Output } from '../output.ts'

export interface DrillFlags {
  scope?: string
  count?: number
  minutes?: number
  probability?: number
  seconds?: number
  profile?: string
  startWorker?: boolean
  all?: boolean
}

const orderFlags = ['scope', 'count', 'minutes', 'probability', 'seconds', 'profile', 'startWorker'] as const

export async function runDrills(
  context: Context,
  action = 'list',
  name: string | undefined,
  flags: DrillFlags,
): Promise<ExitCode> {
  const without = (names: readonly (keyof DrillFlags)[]) => {
    const given = names.find((flag) => flags[flag] !== undefined)
    if (given)
      throw new UsageError(
        `--${given.replace('startWorker', 'start-worker')} makes no sense with "drills ${action}". Nothing was switched.`,
      )
  }
  switch (action) {
    case 'list':
      without([...orderFlags, 'all'])
      if (name !== undefined) throw new UsageError('"drills list" takes no name; it shows every drill.')
      return withHost(context, async (host) => {
        const state = await host.call('drills.list', {})
        context.out.data(state)
        show(context.out, state)
        return exitCodes.done
      })
    case 'on': {
      without(['all'])
      const drill = parseName(name)
      return withHost(context, async (host) => {
        const state = await host.call('drills.set', { name: drill, to: orderOf(flags), requestId: randomUUID() })
        tell(context.out, state, [drill])
        return exitCodes.done
      })
    }
    case 'off': {
      without(orderFlags)
      if ((name === undefined) === (flags.all !== true)) {
        throw new UsageError(`Name the drill to switch off, or give --all. The drills are ${drillNames.join(', ')}.`)
      }
      const one = name === undefined ? null : parseName(name)
      return withHost(context, async (host) => {
        let state = await host.call('drills.list', {})
        const names = one ? [one] : state.drills.filter((drill) => drill.on !== null).map((drill) => drill.name)
        for (const each of names) state = await host.call('drills.set', { name: each, to: null, requestId: randomUUID() })
        tell(context.out, state, names)
        if (names.length === 0) context.out.line('No drill was on.')
        return exitCodes.done
      })
    }
    default:
      throw new UsageError(`There is no "drills ${action}". There are list, on and off.`)
  }
}

function parseName(text: string | undefined): DrillName {
  const name = drillNames.find((one) => one === text)
  if (name === undefined) {
    const what = text === undefined ? 'Name the drill to switch.' : `There is no drill "${text}".`
    throw new UsageError(`${what} The drills are ${drillNames.join(', ')}.`)
  }
  return name
}

const orderOf = ({ scope, count, minutes, probability, seconds, profile, startWorker }: DrillFlags): DrillOrder => ({
  ...(scope === undefined ? {} : { scope: parseScope(scope) }),
  count,
  minutes,
  probability,
  seconds,
  profile,
  ...(startWorker === undefined ? {} : { startsWorker: startWorker }),
})

const parseScope = (text: string): DrillScope =>
  text === 'next' || text === 'all' ? { kind: text } : { kind: 'files', pattern: text }

/** After a switch: what was switched, as it stands now. */
function tell(out: Output, state: DrillsState, names: readonly DrillName[]): void {
  const switched = state.drills.filter((drill) => names.includes(drill.name))
  out.data({ drills: switched })
  out.table(switched.map(row))
}

function show(out: Output, { drills, failureFile, problem }: DrillsState): void {
  out.table(drills.flatMap((drill) => [row(drill), ['', '', { text: drill.description, style: 'faint' }]]))
  if (failureFile.state === 'on') out.line(`${failureFile.path} makes ${failureFile.activity} fail for as long as it is there.`)
  if (failureFile.problem) out.line(failureFile.problem)
  if (problem) out.line(problem)
}

function row({ name, title, options, on }: Drill): Cell[] {
  return [
    on ? { text: 'on', style: 'human' } : { text: 'off', style: 'faint' },
    name,
    on ? `${title}: ${onWords(on, options)}` : title,
  ]
}

function onWords(on: ActiveDrill, options: Drill['options']): string {
  const now = new Date()
  const left = leftOfDrill(on, (time) => momentWords(time, now))
  const parts = [
    options.scope ? scopeWords(on) : '',
    on.probability === null ? '' : `probability ${on.probability}`,
    on.seconds === null ? '' : `${on.seconds} s`,
    options.count ? `hit ${on.uses}` : '',
    on.startsWorker ? 'with a worker process of its own' : '',
    left,
    `since ${momentWords(on.since, now)} by ${on.operator}`,
  ]
  return parts.filter(Boolean).join(' · ')
}

function scopeWords({ scope, run }: ActiveDrill): string {
  switch (scope.kind) {
    case 'next':
      return run === null ? 'waits for the next run' : `for the run of ${run.fileName}`
    case 'files':
      return `files like ${scope.pattern}`
    case 'all':
      return 'for everything'
    default:
      return assertNever(scope)
  }
}
