import { conflict, notFound, refused } from '../../../contract/errors.ts'
import type { Part } from '../../../contract/model.ts'
import type { ProfileCheck, ProfileInfo, ProfilesState, ServerCheck } from '../../../contract/profiles.ts'
import type { Log } from '../log.ts'
import type { SecretStore } from '../secrets/secretStore.ts'
import { firstLine } from '../settings/firstLine.ts'
import type { Stack } from '../stack/createStack.ts'
import {
  composeProfile,
  type FoundProfile,
  ownProfiles,
  type Profile,
  type ProfilesFile,
  type RemotePostgres,
  type RemoteTemporal,
  readProfiles,
  writeCurrent,
} from '../stack/profiles.ts'
import { checkProfile } from './checkProfile.ts'

export interface Profiles {
  /** Reads the file: somebody may have edited it. */
  state(): ProfilesState
  /** Whether a profile's servers answer. @throws CallFailed `notFound`, or `refused` where it cannot be used */
  check(name: string): Promise<ProfileCheck>
  /**
   * Has the next start use a profile. Where none is in use yet, as nobody could tell which, it is used at once.
   * @throws CallFailed with nothing changed: `conflict` where something else goes before the file, `notFound`, `refused`
   * where the profile or the file cannot be used or the file cannot be written
   */
  use(name: string): ProfilesState
}

interface Options {
  stack: Pick<Stack, 'profileSource' | 'retry' | 'status'>
  secrets: SecretStore
  canRestart: boolean
  onChange(state: ProfilesState): void
  log: Log
}

/** What an operator sees of `config/profiles.json`, and the choice in it. */
export function createProfiles({ stack, secrets, canRestart, onChange, log }: Options): Profiles {
  /** Two windows that ask at once have one answer. */
  const underWay = new Map<string, Promise<ProfileCheck>>()

  function read(): ProfilesFile | { problem: string } {
    try {
      return readProfiles(stack.profileSource().file)
    } catch (error) {
      return { problem: firstLine(error) }
    }
  }

  function state(): ProfilesState {
    const { file, inUse, wanted, setBy } = stack.profileSource()
    const content = read()
    const unread = 'problem' in content ? content.problem : null
    return {
      file,
      profiles: [...ownProfiles.map(ownInfo), ...('found' in content ? content.found.map(infoOf) : [])],
      inUse,
      next: wanted ?? ('current' in content ? content.current : null),
      setBy,
      problem:
        unread === null ? null : `${file} cannot be used: ${unread}. It is left as it is; correct it, then choose a profile.`,
      canRestart,
    }
  }

  /** @throws CallFailed */
  function find(name: string): { content: ProfilesFile | null; profile: Profile } {
    const content = read()
    const own = ownProfiles.find((each) => each === name)
    if (own) return { content: 'found' in content ? content : null, profile: { kind: own, name: own } as Profile }
    if ('problem' in content) throw unusable(content.problem)
    const found = content.found.find((each) => each.name === name)
    if (!found) throw notFound(`There is no profile "${name}" in ${stack.profileSource().file}. Nothing was changed.`)
    if (found.profile === null) throw refused(`The profile "${name}" is not right: ${found.problem}. Nothing was changed.`)
    return { content, profile: found.profile }
  }
  const unusable = (problem: string) =>
    refused(`${stack.profileSource().file} cannot be used: ${problem}. It was left as it is; correct it, then choose again.`)

  return {
    state,
    check(name) {
      const { profile } = find(name)
      if (stack.profileSource().inUse === name) {
        const { temporal, postgres } = stack.status()
        return Promise.resolve({ temporal: seen(temporal), postgres: seen(postgres) })
      }
      const asked = underWay.get(name) ?? checkProfile(profile, secrets).finally(() => underWay.delete(name))
      underWay.set(name, asked)
      return asked
    },
    use(name) {
      const { file, setBy, inUse } = stack.profileSource()
      if (setBy !== null) {
        throw conflict(
          `The profile is chosen by ${setBy}, which goes before ${file}. Nothing was changed. Start Gatehouse without it to choose here.`,
        )
      }
      const { content } = find(name)
      if (content === null) throw unusable((read() as { problem: string }).problem)
      if (content.current !== name) writeCurrent(file, content, name)
      log.info({ profile: name, inUse }, 'profile of the next start')
      // Nothing runs anywhere yet, so that nothing is left behind.
      if (inUse === null) stack.retry()
      const next = state()
      onChange(next)
      return next
    },
  }
}

const seen = ({ state, summary, detail, remedy }: Part): ServerCheck => ({
  state: state === 'up' || state === 'starting' ? state : 'down',
  words: [`In use: ${summary}.`, detail, remedy].filter(Boolean).join(' '),
})

function ownInfo(name: (typeof ownProfiles)[number]): ProfileInfo {
  const about = { name, kind: name, production: false, problem: null }
  if (name === 'embedded') {
    return { ...about, temporal: 'on this machine, started by Gatehouse', postgres: 'on this machine, started by Gatehouse' }
  }
  const { temporalAddress, namespace, postgres } = composeProfile
  return {
    ...about,
    temporal: `${temporalAddress}, namespace ${namespace}, not encrypted`,
    postgres: `${postgres.host}:${postgres.port}, database ${postgres.database}, user ${postgres.user}, not encrypted`,
  }
}

function infoOf({ name, profile, problem }: FoundProfile): ProfileInfo {
  if (profile === null) return { name, kind: 'remote', production: false, temporal: null, postgres: null, problem }
  const { production, temporal, postgres } = profile
  return { name, kind: 'remote', production, temporal: temporalWords(temporal), postgres: postgresWords(postgres), problem }
}

const temporalWords = ({ address, namespace, tls, apiKey }: RemoteTemporal): string =>
  [
    address,
    `namespace ${namespace}`,
    tls === false ? 'not encrypted' : typeof tls === 'object' && tls.certFile ? 'TLS with a client certificate' : 'TLS',
    apiKey ? 'API key' : '',
  ]
    .filter(Boolean)
    .join(', ')

const postgresWords = ({ host, port, user, database, sslmode }: RemotePostgres): string =>
  `${host}:${port}, database ${database}, user ${user}, ${sslmode === 'disable' ? 'not encrypted' : `TLS (${sslmode})`}`
