/** Whether the servers of a profile that is not in use answer; nothing is changed there. */
import { setTimeout as wait } from 'node:timers/promises'
import { type ProfileCheck, profileCheckSeconds, type ServerCheck } from '../../../contract/profiles.ts'
import type { SecretStore } from '../secrets/secretStore.ts'
import { PartProblem } from '../stack/keepUp.ts'
import { askPostgres, wantsPassword } from '../stack/postgresConnection.ts'
import { composeProfile, type Profile } from '../stack/profiles.ts'
import { apiKeySecret, keptSecret, passwordSecret, remotePostgresConfig, remoteTemporalPlace } from '../stack/remotePlaces.ts'
import { askTemporal, wantsCredentials } from '../stack/temporalConnection.ts'

/**
 * Asks both servers side by side, for at most `profileCheckSeconds`. They are shown the password and the key that are kept for
 * this profile, and none of the environment: that one is meant for the profile that Gatehouse is started with.
 */
export async function checkProfile(
  profile: Profile,
  secrets: SecretStore,
  limitMs = profileCheckSeconds * 1000,
): Promise<ProfileCheck> {
  if (profile.kind === 'embedded') {
    const own: ServerCheck = { state: 'own', words: 'Gatehouse starts its own with this profile.' }
    return { temporal: own, postgres: own }
  }
  const ask = profile.kind === 'compose' ? composeServers(secrets) : remoteServers(profile, secrets)
  const [temporal, postgres] = await Promise.all([within(limitMs, ask.temporal()), within(limitMs, ask.postgres())])
  return { temporal, postgres }
}

const composeServers = (secrets: SecretStore) => ({
  async temporal(): Promise<ServerCheck> {
    const { temporalAddress: address, namespace } = composeProfile
    await askTemporal({ address, namespace })
    return up(`Answers on ${address}.`)
  },
  async postgres(): Promise<ServerCheck> {
    const kept = await keptSecret(secrets, passwordSecret('compose'))
    const { host, port } = composeProfile.postgres
    const config = { ...composeProfile.postgres, password: kept ?? composeProfile.defaultPassword, ssl: false }
    return lookAtPostgres(config, 'and does not take the usual password', kept !== null, `${host}:${port}`)
  },
})

const remoteServers = ({ name, temporal, postgres }: Extract<Profile, { kind: 'remote' }>, secrets: SecretStore) => ({
  async temporal(): Promise<ServerCheck> {
    const key = temporal.apiKey ? await keptSecret(secrets, apiKeySecret(name)) : null
    const { address } = await remoteTemporalPlace(temporal, key ?? undefined)
    try {
      await askTemporal(address)
    } catch (error) {
      if (!temporal.apiKey || key !== null || !(error instanceof PartProblem && wantsCredentials(error))) throw error
      return asks(`Answers on ${address.address}, and wants an API key`, 'GATEHOUSE_TEMPORAL_API_KEY')
    }
    return up(`Answers on ${address.address}, and has the namespace ${address.namespace}.`)
  },
  async postgres(): Promise<ServerCheck> {
    const password = await keptSecret(secrets, passwordSecret(name))
    const config = await remotePostgresConfig(postgres, password)
    return lookAtPostgres(config, 'and wants a password', password !== null, `${postgres.host}:${postgres.port}`)
  },
})

/** @param wants what is said of a server that refuses what it was shown, where no password is kept for the profile */
async function lookAtPostgres(
  config: Parameters<typeof askPostgres>[0],
  wants: string,
  isKept: boolean,
  at: string,
): Promise<ServerCheck> {
  try {
    await askPostgres(config)
  } catch (error) {
    if (isKept || !(error instanceof PartProblem && wantsPassword(error))) throw error
    return asks(`Answers on ${at}, ${wants}`, 'GATEHOUSE_POSTGRES_PASSWORD')
  }
  return up(`Answers on ${at}, and lets Gatehouse in.`)
}

const up = (words: string): ServerCheck => ({ state: 'up', words })

const asks = (words: string, variable: string): ServerCheck => ({
  state: 'asks',
  words: `${words}; none is kept for this profile, so no more was asked. Start Gatehouse with it in ${variable}.`,
})

/** What went wrong, in words; never a rejection, as one server says nothing about the other. */
async function within(limitMs: number, asked: Promise<ServerCheck>): Promise<ServerCheck> {
  const ended = new AbortController()
  try {
    return await Promise.race([
      asked,
      wait(limitMs, undefined, { signal: ended.signal }).then(
        (): ServerCheck => ({
          state: 'down',
          words: `No answer within ${limitMs / 1000} s.`,
        }),
      ),
    ])
  } catch (error) {
    if (!(error instanceof PartProblem)) throw error
    return { state: 'down', words: `${error.message} ${error.remedy}`.trim() }
  } finally {
    ended.abort()
    asked.catch(() => {}) // too late to be told
  }
}
