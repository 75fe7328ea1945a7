/** Where a bare worker finds Temporal and Postgres: with the profile's own servers, or with the host that runs ours. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import type { StackHealth } from '../../contract/model.ts'
import { DatabaseProblem } from '../../temporal/activities/deps.ts'
import type { TemporalAddress } from '../../temporal/connection.ts'
import type { Home } from '../backend/home.ts'
import type { Log } from '../backend/log.ts'
import type { SecretStore } from '../backend/secrets/secretStore.ts'
import { createStack } from '../backend/stack/createStack.ts'
import { appDatabase, appRole } from '../backend/stack/postgresServer.ts'
import { chooseProfile } from '../backend/stack/profiles.ts'
import { connectToHost, NoHostError } from '../control/connectToHost.ts'
import type { AppPaths } from '../paths.ts'

export interface WorkerPlaces {
  /** Resolves once Temporal is there. @throws NoHostError when only a host could tell where it is, and none runs */
  temporal(signal: AbortSignal): Promise<TemporalAddress>
  /** null while Postgres is not known to be up. */
  postgres(): pg.PoolConfig | null
  postgresProblem(): DatabaseProblem | null
  close(): Promise<void>
}

export interface PlacesOptions {
  home: Home
  paths: AppPaths
  secrets: SecretStore
  log: Log
  /** Says what is waited for. */
  say: (line: string) => void
}

export async function findPlaces(options: PlacesOptions): Promise<WorkerPlaces> {
  const profile = chooseProfile(join(options.home.config, 'profiles.json'), process.env.GATEHOUSE_PROFILE || undefined)
  return profile.kind === 'embedded' ? besideHost(options) : onServers(options)
}

/** The servers are somebody else's, so this process can attach to them itself. */
function onServers({ home, paths, secrets, log, say }: PlacesOptions): WorkerPlaces {
  const stack = createStack({ home, paths, secrets, log })
  let told = ''
  return {
    temporal(signal) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const address = stack.temporal()
          if (address !== null) return finish(() => resolve(address))
          const { detail, remedy } = stack.status().temporal
          const words = `${detail} ${remedy}`.trim()
          if (words !== told) say(words)
          told = words
        }
        const off = stack.onChange(look)
        const onAbort = () => finish(() => reject(signal.reason))
        const finish = (settle: () => void) => {
          off()
          signal.removeEventListener('abort', onAbort)
          settle()
        }
        signal.addEventListener('abort', onAbort, { once: true })
        stack.start()
        look()
      })
    },
    postgres: () => stack.postgres(),
    postgresProblem: () => stack.postgresProblem(),
    close: () => stack.close(),
  }
}

/** The servers are children of the host on this data folder, which knows their ports. */
async function besideHost({ home, secrets }: PlacesOptions): Promise<WorkerPlaces> {
  const password = await secrets.get('postgres-password')
  let health: StackHealth | null = null
  const host = await connectToHost(home).catch((error: unknown) => {
    if (error instanceof NoHostError) return error
    throw error
  })
  const changed = new EventTarget()
  if (!(host instanceof NoHostError)) {
    host.subscribe('stack.changed', (payload) => {
      health = payload.health
      changed.dispatchEvent(new Event('change'))
    })
    health = await host.call('stack.health', {})
  }
  /** Kept by the server beside its data, and the same from start to start where it is free. */
  const rememberedPort = () => {
    try {
      return Number(readFileSync(join(home.postgres, 'port'), 'utf8')) || null
    } catch {
      return null
    }
  }
  return {
    async temporal(signal) {
      if (host instanceof NoHostError) throw host
      for (;;) {
        const address = health?.temporal.state === 'up' ? health.temporal.address : null
        if (address !== null && address !== undefined) return { address, namespace: 'default' }
        await new Promise<void>((resolve, reject) => {
          changed.addEventListener('change', () => resolve(), { once: true })
          signal.addEventListener('abort', () => reject(signal.reason), { once: true })
        })
      }
    },
    postgres() {
      const port = Number(health?.postgres.address?.split(':').at(-1)) || rememberedPort()
      if (password === null || port === null) return null
      return { host: '127.0.0.1', port, user: appRole, password, database: appDatabase, ssl: false }
    },
    postgresProblem: () =>
      password === null
        ? new DatabaseProblem('weather', 'The embedded Postgres of this data folder has never been started.', null)
        : null,
    async close() {
      if (!(host instanceof NoHostError)) host.close()
    },
  }
}
