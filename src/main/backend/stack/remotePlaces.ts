/** What a profile of `config/profiles.json` comes to: addresses, certificates and what lets Gatehouse in. */
import { readFile } from 'node:fs/promises'
import type pg from 'pg'
import { type SecretStore, SecretsUnavailable } from '../secrets/secretStore.ts'
import { PartProblem } from './keepUp.ts'
import type { RemotePostgres, RemoteTemporal } from './profiles.ts'
import type { TemporalPlace } from './temporalServer.ts'

/** Where a profile's API key and its password are kept. */
export const apiKeySecret = (profile: string) => `temporal-api-key:${profile}`
export const passwordSecret = (profile: string) => `postgres-password:${profile}`

/** @throws PartProblem when a certificate cannot be read */
export async function remoteTemporalPlace(
  { address, namespace, tls, uiUrl }: RemoteTemporal,
  apiKey?: string,
): Promise<TemporalPlace> {
  const files = typeof tls === 'object' ? tls : null
  const [ca, crt, key] = await Promise.all([pem(files?.caFile), pem(files?.certFile), pem(files?.keyFile)])
  return {
    uiUrl: uiUrl ?? null,
    address: {
      address,
      namespace,
      apiKey,
      tls: files
        ? {
            serverNameOverride: files.serverName,
            serverRootCACertificate: ca,
            clientCertPair: crt && key ? { crt, key } : undefined,
          }
        : Boolean(tls),
    },
  }
}

/** @throws PartProblem when a certificate cannot be read */
export async function remotePostgresConfig(remote: RemotePostgres, password: string | null): Promise<pg.PoolConfig> {
  const { sslmode, caFile, ...config } = remote
  const ca = (await pem(caFile))?.toString('utf8')
  const ssl = {
    disable: false,
    require: { rejectUnauthorized: false },
    'verify-ca': { ca, checkServerIdentity: () => undefined },
    'verify-full': { ca },
  }[sslmode]
  // Never undefined: `pg` would then look into the environment and ~/.pgpass, which the profile does not mean.
  return { ...config, password: password ?? '', ssl }
}

/** The environment wins, so that a secret can be tried without being kept. @throws PartProblem */
export const secretOrEnvironment = async (secrets: SecretStore, name: string, variable: string): Promise<string | null> =>
  process.env[variable] || keptSecret(secrets, name)

/** null where none is kept. @throws PartProblem */
export async function keptSecret(secrets: SecretStore, name: string): Promise<string | null> {
  try {
    return await secrets.get(name)
  } catch (error) {
    if (error instanceof SecretsUnavailable) throw new PartProblem(error.message, error.remedy, { cause: error })
    throw error
  }
}

async function pem(file: string | undefined): Promise<Buffer | undefined> {
  if (!file) return undefined
  try {
    return await readFile(file)
  } catch (error) {
    throw new PartProblem(
      `${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`,
      'Correct the path in the profile.',
    )
  }
}
