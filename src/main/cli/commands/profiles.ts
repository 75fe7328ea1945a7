/** `gatehouse profiles`: where Temporal and Postgres may be, and the choice for the next start. */
import type { ProfileInfo, ProfilesState } from '../../../contract/profiles.ts'
import { type Context, withHost } from '../context.ts'
import { type ExitCode, exitCodes, UsageError } from '../exitCodes.ts'
import type { Cell, Output } from '../output.ts'

export interface ProfilesFlags {
  reason?: string
}

export async function runProfiles(
  context: Context,
  action = 'list',
  name: string | undefined,
  { reason }: ProfilesFlags,
): Promise<ExitCode> {
  const { out } = context
  switch (action) {
    case 'list':
      if (name !== undefined) throw new UsageError('"profiles list" takes no name; it shows every profile.')
      if (reason !== undefined) throw new UsageError('--reason makes no sense with "profiles list".')
      return withHost(context, async (host) => {
        tell(out, await host.call('profiles.list', {}))
        return exitCodes.done
      })
    case 'use':
      if (name === undefined) throw new UsageError('Name the profile to use. "gatehouse profiles" lists them.')
      return withHost(context, async (host) => {
        const state = await host.call('profiles.use', { name, reason })
        tell(out, state)
        if (state.inUse === state.next) out.line(`${name} is in use, and stays so.`)
        else if (state.inUse === null) out.line(`${name} is brought up now.`)
        else out.line(`${state.inUse} is in use until Gatehouse ends; from the next start on it is ${name}. Runs do not move.`)
        return exitCodes.done
      })
    default:
      throw new UsageError(`There is no "profiles ${action}". There are list and use.`)
  }
}

function tell(out: Output, state: ProfilesState): void {
  out.data(state)
  out.table(state.profiles.map((profile) => row(profile, state)))
  if (state.setBy !== null) out.line(`${state.setBy} says ${state.next}, and goes before ${state.file}.`)
  if (state.problem !== null) out.line(state.problem)
}

function row({ name, production, temporal, postgres, problem }: ProfileInfo, { inUse, next }: ProfilesState): Cell[] {
  if (problem !== null) return [{ text: '', style: 'faint' }, name, { text: `cannot be chosen: ${problem}`, style: 'bad' }, '']
  const marks = [name === inUse ? 'in use' : name === next ? 'next start' : '', production ? 'production' : '']
  return [
    { text: marks.filter(Boolean).join(', '), style: name === inUse ? 'good' : 'human' },
    { text: name, style: 'strong' },
    `Temporal ${temporal}`,
    `Postgres ${postgres}`,
  ]
}
