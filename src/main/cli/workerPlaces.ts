/** Where a bare worker finds Temporal and Postgres: with the profile's own servers, or with the host that runs ours. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
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
import { connectToHost, type HostConnection, NoHostError } from '../control/connectToHost.ts'
import type { AppPaths } from '../paths.ts'

export interface WorkerPlaces {
  /** Resolves once Temporal is there. @throws NoHostError when only a host could tell where it is, and none runs */
  temporal(signal: AbortSignal): Promise<TemporalAddress>
  /** Resolves once Temporal is up at another address than this one; what answers at the old one may be anybody's. */
  temporalMoved(from: TemporalAddress, signal: AbortSignal): Promise<void>
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
  /** A host is there, or about to be: it has started this process. */
  hostComes?: boolean
}

/** A host that was killed needs seconds to be back. */
const hostAgainMs = 500

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
    // A profile's servers stay where it says.
    temporalMoved: () => new Promise(() => {}),
    postgres: () => stack.postgres(),
    postgresProblem: () => stack.postgresProblem(),
    close: () => stack.close(),
  }
}

/** The servers are children of the host on this data folder, which knows their ports. */
async function besideHost({ home, secrets, log, hostComes = false }: PlacesOptions): Promise<WorkerPlaces> {
  const password = await secrets.get('postgres-password')
  /** null while no host tells it: after one has gone, its servers' ports may be anybody's. */
  let health: StackHealth | null = null
  let host: HostConnection | null = null
  let isClosed = false
  const changed = new EventTarget()
  const tell = (next: StackHealth | null) => {
    health = next
    changed.dispatchEvent(new Event('change'))
  }
  const connect = async () => {
    const connection = await connectToHost(home)
    connection.subscribe('stack.changed', (payload) => tell(payload.health))
    try {
      tell(await connection.call('stack.health', {}))
    } catch (error) {
      connection.close()
      throw error
    }
    host = connection
    if (isClosed) return connection.close()
    // Only now: one that was lost before it told anything is tried again by whoever connects.
    connection.onStatus((status) => {
      if (status !== 'lost' && status !== 'refused') return
      tell(null)
      void followAgain()
    })
  }
  /** The next host on the folder is followed like the one before. */
  const followAgain = async () => {
    while (!isClosed) {
      await sleep(hostAgainMs)
      if (isClosed) return
      try {
        return await connect()
      } catch (error) {
        log.debug({ err: error }, 'no host to follow yet')
      }
    }
  }
  const noHost = await connect().then(
    () => null,
    (error: unknown) => {
      if (!(error instanceof NoHostError)) throw error
      if (!hostComes) return error
      void followAgain()
      return null
    },
  )
  const nextChange = (signal: AbortSignal) => once(changed, 'change', { signal })
  const temporalNow = () => (health?.temporal.state === 'up' ? health.temporal.address : null)
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
      if (noHost) throw noHost
      for (;;) {
        const address = temporalNow()
        if (address !== null) return { address, namespace: 'default' }
        await nextChange(signal)
      }
    },
    async temporalMoved(from, signal) {
      while ((temporalNow() ?? from.address) === from.address) await nextChange(signal)
    },
    postgres() {
      const told = health?.postgres.state === 'up' ? Number(health.postgres.address?.split(':').at(-1)) : null
      const port = noHost ? rememberedPort() : told
      if (password === null || !port) return null
      return { host: '127.0.0.1', port, user: appRole, password, database: appDatabase, ssl: false }
    },
    postgresProblem: () =>
      password === null
        ? new DatabaseProblem('weather', 'The embedded Postgres of this data folder has never been started.', null)
        : null,
    async close() {
      isClosed = true
      host?.close()
    },
  }
}
