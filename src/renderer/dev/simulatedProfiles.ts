/** Profiles of the simulated host: its own, one that answers, and one that nobody can use. */
import type { Handlers } from '../../contract/calls.ts'
import { notFound, refused } from '../../contract/errors.ts'
import type { ProfileCheck, ProfilesState } from '../../contract/profiles.ts'

const own = { state: 'own', words: 'Gatehouse starts its own with this profile.' } as const

const checks: Record<string, ProfileCheck> = {
  embedded: { temporal: own, postgres: own },
  compose: {
    temporal: {
      state: 'down',
      words: 'Temporal does not answer on 127.0.0.1:7233. Start the server, or correct the address in the profile.',
    },
    postgres: {
      state: 'down',
      words: 'Postgres does not answer on 127.0.0.1:5432: connection refused. Start the database.',
    },
  },
  lab: {
    temporal: { state: 'up', words: 'Answers on temporal.lab:7233, and has the namespace ml.' },
    postgres: {
      state: 'asks',
      words:
        'Answers on db.lab:5432, and wants a password; none is kept for this profile, so no more was asked. Start Gatehouse with it in GATEHOUSE_POSTGRES_PASSWORD.',
    },
  },
}

const first: ProfilesState = {
  file: '/home/ada/.local/share/gatehouse/config/profiles.json',
  profiles: [
    {
      ...{ name: 'embedded', kind: 'embedded', production: false, problem: null },
      temporal: 'on this machine, started by Gatehouse',
      postgres: 'on this machine, started by Gatehouse',
    },
    {
      ...{ name: 'compose', kind: 'compose', production: false, problem: null },
      temporal: '127.0.0.1:7233, namespace default, not encrypted',
      postgres: '127.0.0.1:5432, database gatehouse, user gatehouse, not encrypted',
    },
    {
      ...{ name: 'lab', kind: 'remote', production: true, problem: null },
      temporal: 'temporal.lab:7233, namespace ml, TLS, API key',
      postgres: 'db.lab:5432, database gatehouse, user gatehouse, TLS (verify-full)',
    },
    {
      ...{ name: 'staging', kind: 'remote', production: false, temporal: null, postgres: null },
      problem: 'temporal.address: must be host:port',
    },
  ],
  inUse: 'embedded',
  next: 'embedded',
  setBy: null,
  problem: null,
  canRestart: false,
}

export function createSimulatedProfiles(
  onChange: (state: ProfilesState) => void,
): Pick<Handlers, 'profiles.list' | 'profiles.check' | 'profiles.use'> {
  let state = first
  const find = (name: string) => {
    const found = state.profiles.find((profile) => profile.name === name)
    if (!found) throw notFound(`There is no profile "${name}" in ${state.file}. Nothing was changed.`)
    if (found.problem) throw refused(`The profile "${name}" is not right: ${found.problem}. Nothing was changed.`)
    return found
  }
  return {
    'profiles.list': () => state,
    'profiles.check': ({ name }) => checks[find(name).name] ?? { temporal: own, postgres: own },
    'profiles.use': ({ name }) => {
      state = { ...state, next: find(name).name }
      onChange(state)
      return state
    },
  }
}
