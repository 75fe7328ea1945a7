import { join } from 'node:path'
import type pg from 'pg'
import { assertNever, type Part } from '../../../contract/model.ts'
import { DatabaseProblem } from '../../../temporal/activities/deps.ts'
import type { TemporalAddress } from '../../../temporal/connection.ts'
import type { AppPaths } from '../../paths.ts'
import type { Home } from '../home.ts'
import type { Log } from '../log.ts'
import type { SecretStore } from '../secrets/secretStore.ts'
import { keepUp, type Live, PartProblem, type Report } from './keepUp.ts'
import { attachPostgres } from './postgresConnection.ts'
import { createPostgresServer } from './postgresServer.ts'
import { chooseProfile, composeProfile, type Profile, type RemoteTemporal } from './profiles.ts'
import { apiKeySecret, passwordSecret, remotePostgresConfig, remoteTemporalPlace, secretOrEnvironment } from './remotePlaces.ts'
import { createTcpProxy, type LinkCondition, type TcpProxy } from './tcpProxy.ts'
import { defaultCliCache } from './temporalCli.ts'
import { connectTemporal } from './temporalConnection.ts'
import { createTemporalServer, type TemporalPlace } from './temporalServer.ts'

export interface Stack {
  /** The profile in use, or the wanted one while that cannot be told. */
  readonly profile: string
  /** Name of the profile in use when it is marked as production; null otherwise. */
  production(): string | null
  /**
   * Which profile is in use (null while that cannot be told, and nothing was brought up), where profiles are described, and
   * what goes before that file: which profile it wants, and its name for an operator. Another one needs a start.
   */
  profileSource(): { inUse: string | null; file: string; wanted: string | null; setBy: string | null }
  /** Returns at once; the parts come up side by side and report. */
  start(): void
  status(): { temporal: Part; postgres: Part; temporalUiUrl: string | null }
  onChange(listener: () => void): () => void
  /** null while it is not up: reachable, with a namespace and search attribute that can be used. */
  temporal(): TemporalAddress | null
  /** null while it is not up: answering and migrated. */
  postgres(): pg.PoolConfig | null
  /** Why Postgres is not up, where that is known; for `createPool`, so that a wrong password is not waited for. */
  postgresProblem(): DatabaseProblem | null
  /** Tries at once whatever is down. */
  retry(): void
  /** true when the servers are children of ours, which can be stopped without harm to anybody else. */
  ownsServers(): boolean
  /** Stops a server of ours and leaves it stopped, for this reason. Comes back once it has stopped; does nothing to a server of others. */
  pause(server: StackServer, reason: { message: string; remedy: string }): Promise<void>
  /** Starts it again. */
  resume(server: StackServer): void
  /** true where what the host says to its servers goes through a proxy of ours, so that the network can be made to fail. */
  ownsLinks(): boolean
  /** Makes the network between the host and a server so; `reason` is shown meanwhile. An open one has none. */
  setLink(server: StackServer, condition: LinkCondition, reason: { message: string; remedy: string }): void
  /** Stops what is ours, within about 8 s. */
  close(): Promise<void>
}

export type StackServer = 'temporal' | 'postgres'

export interface StackOptions {
  home: Home
  paths: Pick<AppPaths, 'root' | 'resources'>
  secrets: SecretStore
  log: Log
  /** Default: GATEHOUSE_PROFILE, else what `config/profiles.json` says. */
  profile?: string
  /** Ports tried first by the embedded servers; the next free ones otherwise. Tests keep away from the defaults. */
  pins?: { temporalPort?: number; uiPort?: number; postgresPort?: number; cliCache?: string; postgresFolder?: string }
}

/** How long a server of ours may be silent (a busy machine) before it is stopped and started anew. */
const patience = 60_000

/** Temporal and Postgres, wherever the profile says they are: brought up where they are ours, and watched. */
export function createStack({ home, paths, secrets, log, pins = {}, ...options }: StackOptions): Stack {
  const profilesFile = join(home.config, 'profiles.json')
  const wanted = options.profile || process.env.GATEHOUSE_PROFILE || undefined
  let known: Profile | null = null
  /** @throws PartProblem until the file is right */
  const profile = (): Profile => {
    known ??= chooseProfile(profilesFile, wanted)
    return known
  }
  try {
    profile()
  } catch (error) {
    log.error({ err: error }, 'profile')
  }

  const temporalServer = createTemporalServer({
    home,
    resources: paths.resources,
    cacheDir: pins.cliCache ?? defaultCliCache(),
    port: pins.temporalPort ?? 7233,
    uiPort: pins.uiPort ?? 8233,
    log,
  })
  const postgresServer = createPostgresServer({
    home,
    appRoot: paths.root,
    resources: paths.resources,
    secrets,
    log,
    port: pins.postgresPort ?? 5432,
    systemFolder: pins.postgresFolder,
  })
  const summary = () => known?.name ?? wanted ?? 'unknown'
  const patienceMilliseconds = () => (known?.kind === 'embedded' ? patience : 0)

  const temporal = keepUp<TemporalPlace>({
    name: 'temporal',
    summary,
    patienceMilliseconds,
    log,
    bring: (report, signal) => {
      const chosen = profile()
      switch (chosen.kind) {
        case 'embedded':
          return temporalServer(report, signal)
        case 'compose': {
          const address = { address: composeProfile.temporalAddress, namespace: composeProfile.namespace }
          return attachTemporal({ address, uiUrl: composeProfile.uiUrl }, 'compose', true, report, signal)
        }
        case 'remote':
          return remotePlace(chosen.name, chosen.temporal, secrets).then((place) =>
            attachTemporal(place, chosen.name, false, report, signal),
          )
        default:
          return assertNever(chosen)
      }
    },
  })
  const postgres = keepUp<pg.PoolConfig>({
    name: 'postgres',
    summary,
    patienceMilliseconds,
    log,
    bring: async (report, signal) => {
      const chosen = profile()
      switch (chosen.kind) {
        case 'embedded':
          return postgresServer(report, signal)
        case 'compose': {
          const password =
            (await secretOrEnvironment(secrets, passwordSecret('compose'), 'GATEHOUSE_POSTGRES_PASSWORD')) ??
            composeProfile.defaultPassword
          return attachPostgres({ ...composeProfile.postgres, password, ssl: false }, 'compose', paths.resources, log)
        }
        case 'remote': {
          const { name } = chosen
          const password = await secretOrEnvironment(secrets, passwordSecret(name), 'GATEHOUSE_POSTGRES_PASSWORD')
          return attachPostgres(await remotePostgresConfig(chosen.postgres, password), name, paths.resources, log)
        }
        default:
          return assertNever(chosen)
      }
    },
  })

  const servers = { temporal, postgres }

  /** The network to servers on this machine; one to somewhere else has names in its certificates, and is left alone. */
  const links = { temporal: createLink(() => temporal.value()?.address.address), postgres: createLink(postgresAddress) }
  function postgresAddress(): string | undefined {
    const at = postgres.value()
    return at ? `${at.host}:${at.port}` : undefined
  }
  const ownsLinks = () => known !== null && known.kind !== 'remote'
  const linkListeners = new Set<() => void>()
  const tellLinks = () => {
    for (const listener of linkListeners) listener()
  }
  const isCut = (server: StackServer) => ['cut', 'silent'].includes(links[server].condition.kind)
  /** A server that is up behind a network that is not, as the host sees it. */
  const seen = (server: StackServer): Part => {
    const part = servers[server].part()
    const { condition, reason } = links[server]
    if (condition.kind === 'open' || part.state !== 'up' || !ownsLinks()) return part
    return { ...part, state: isCut(server) ? 'down' : 'up', detail: reason.message, remedy: reason.remedy }
  }

  return {
    get profile() {
      return summary()
    },
    production: () => (known?.kind === 'remote' && known.production ? known.name : null),
    profileSource: () => ({
      inUse: known?.name ?? null,
      file: profilesFile,
      wanted: wanted ?? null,
      setBy: wanted === undefined ? null : options.profile ? 'the command that started Gatehouse' : 'GATEHOUSE_PROFILE',
    }),
    start() {
      for (const link of Object.values(links)) {
        link.open().then(tellLinks, (error) => log.error({ err: error }, 'no proxy; the network cannot be made to fail'))
      }
      temporal.start()
      postgres.start()
    },
    status: () => ({ temporal: seen('temporal'), postgres: seen('postgres'), temporalUiUrl: temporal.value()?.uiUrl ?? null }),
    onChange(listener) {
      const off = [temporal.onChange(listener), postgres.onChange(listener)]
      linkListeners.add(listener)
      return () => {
        linkListeners.delete(listener)
        for (const stop of off) stop()
      }
    },
    temporal() {
      const place = temporal.value()
      if (!place || !ownsLinks()) return place?.address ?? null
      const { port } = links.temporal
      // A call that cannot arrive is answered at once; the worker's own connections feel the network as it is.
      return port === null || isCut('temporal') ? null : { ...place.address, address: `${loopback}:${port}` }
    },
    postgres() {
      const config = postgres.value()
      if (!config || !ownsLinks()) return config
      const { port } = links.postgres
      return port === null ? null : { ...config, host: loopback, port }
    },
    postgresProblem() {
      const problem = postgres.problem()
      if (!problem) return null
      return problem.cause instanceof DatabaseProblem ? problem.cause : new DatabaseProblem('weather', problem.message, null)
    },
    retry() {
      temporal.retry()
      postgres.retry()
    },
    ownsServers: () => known?.kind === 'embedded',
    async pause(server, { message, remedy }) {
      if (known?.kind === 'embedded') await servers[server].hold(new PartProblem(message, remedy))
    },
    resume: (server) => servers[server].release(),
    ownsLinks,
    setLink(server, condition, reason) {
      links[server].set(condition, reason)
      tellLinks()
    },
    async close() {
      await Promise.all([temporal.close(), postgres.close()])
      await Promise.all([links.temporal.close(), links.postgres.close()])
    },
  }
}

const loopback = '127.0.0.1'

/** A proxy to wherever the server is, and what a drill makes of it. @param address `host:port`, undefined while it is not up */
function createLink(address: () => string | undefined) {
  const proxy: TcpProxy = createTcpProxy({
    target() {
      const [, host, port] = /^(.*):(\d+)$/.exec(address() ?? '') ?? []
      return host && port ? { host, port: Number(port) } : null
    },
  })
  const link = {
    /** null until it listens. */
    port: null as number | null,
    condition: { kind: 'open' } as LinkCondition,
    reason: { message: '', remedy: '' },
    async open() {
      link.port = await proxy.open()
    },
    set(condition: LinkCondition, reason: { message: string; remedy: string }) {
      Object.assign(link, { condition, reason })
      proxy.set(condition)
    },
    close: proxy.close,
  }
  return link
}

/** A Temporal server that is not a child of ours. */
async function attachTemporal(
  place: TemporalPlace,
  summary: string,
  ownServer: boolean,
  report: Report,
  signal: AbortSignal,
): Promise<Live<TemporalPlace>> {
  report({ detail: `Looking for Temporal on ${place.address.address}.`, address: place.address.address })
  const server = await connectTemporal(place.address, ownServer, signal)
  return {
    value: place,
    summary,
    address: place.address.address,
    note: '',
    check: server.check,
    gone: new Promise(() => {}), // only checks tell
    close: server.close,
  }
}

/** @throws PartProblem where the profile asks for an API key and there is none */
async function remotePlace(name: string, remote: RemoteTemporal, secrets: SecretStore): Promise<TemporalPlace> {
  if (!remote.apiKey) return remoteTemporalPlace(remote)
  const apiKey = await secretOrEnvironment(secrets, apiKeySecret(name), 'GATEHOUSE_TEMPORAL_API_KEY')
  if (apiKey) return remoteTemporalPlace(remote, apiKey)
  throw new PartProblem(
    `The profile ${name} asks for an API key, and there is none in the secret store.`,
    `Store it as ${apiKeySecret(name)}, or start with GATEHOUSE_TEMPORAL_API_KEY.`,
  )
}
