/** What "Postgres is up" means, for a server of ours and for anybody else's. */
import pg from 'pg'
import { DatabaseProblem } from '../../../temporal/activities/deps.ts'
import type { Log } from '../log.ts'
import { classifyDatabaseError } from '../postgres/classifyDatabaseError.ts'
import { migrate } from '../postgres/migrate.ts'
import { type Live, PartProblem } from './keepUp.ts'

const connectMilliseconds = 5_000
const checkMilliseconds = 5_000

export interface PostgresWatch {
  /** Asks the server something on a connection of its own, which is made anew when it broke. */
  check(): Promise<void>
  /** Settles as soon as the connection ends, long before the next check. */
  lost: Promise<void>
  close(): Promise<void>
}

/** Holds one connection open: its end tells at once that the server went away, and a look at it costs almost nothing. */
export async function watchPostgres(config: pg.PoolConfig): Promise<PostgresWatch> {
  let tellLost: () => void = () => {}
  const lost = new Promise<void>((resolve) => {
    tellLost = resolve
  })
  const connect = async () => {
    const client = new pg.Client({
      ...config,
      connectionTimeoutMillis: connectMilliseconds,
      query_timeout: checkMilliseconds,
      keepAlive: true,
      application_name: 'gatehouse watch',
    })
    client.on('error', () => tellLost())
    client.once('end', () => {
      if (current === client) current = null
      tellLost()
    })
    await client.connect()
    return client
  }
  let current: pg.Client | null = null
  current = await connect()
  const address = `${config.host}:${config.port}`
  return {
    async check() {
      try {
        current ??= await connect()
        await current.query('SELECT 1')
      } catch (error) {
        const broken = current
        current = null
        await broken?.end().catch(() => {})
        throw postgresProblem(error, address)
      }
    },
    lost,
    async close() {
      const old = current
      current = null
      await old?.end().catch(() => {})
    },
  }
}

/** Whether a server lets Gatehouse in, within ten seconds; changes nothing there. @throws PartProblem */
export async function askPostgres(config: pg.PoolConfig): Promise<void> {
  const client = new pg.Client({
    ...config,
    connectionTimeoutMillis: connectMilliseconds,
    query_timeout: checkMilliseconds,
    application_name: 'gatehouse check',
  })
  client.on('error', () => {}) // told by what is awaited
  try {
    await client.connect()
    await client.query('SELECT 1')
  } catch (error) {
    throw postgresProblem(error, `${config.host}:${config.port}`)
  } finally {
    await client.end().catch(() => {})
  }
}

/** true when the server did answer, and wants a password that it was not given. */
export const wantsPassword = ({ cause }: PartProblem): boolean =>
  cause instanceof DatabaseProblem && (cause.sqlState === '28P01' || /SASL|client password must be/.test(cause.message))

/** Connects to a server that is not ours, migrates it, and watches it. @throws PartProblem */
export async function attachPostgres(
  config: pg.PoolConfig,
  summary: string,
  resources: string,
  log: Log,
): Promise<Live<pg.PoolConfig>> {
  const address = `${config.host}:${config.port}`
  try {
    // Fails sooner and more clearly than the migration would.
    const watch = await watchPostgres(config)
    try {
      await migrate(config, resources, log)
    } catch (error) {
      await watch.close()
      throw error
    }
    return {
      value: config,
      summary,
      address,
      note: '',
      check: watch.check,
      gone: watch.lost.then(() => `Postgres on ${address} ended the connection.`),
      close: watch.close,
    }
  } catch (error) {
    throw postgresProblem(error, address)
  }
}

export function postgresProblem(error: unknown, address: string): PartProblem {
  if (error instanceof PartProblem) return error
  const problem = classifyDatabaseError(error, address)
  const remedy = {
    configuration: 'Correct the profile or the database; Gatehouse tries again by itself.',
    weather: 'Start the database. Runs that need it wait, and nothing is lost.',
    bug: 'Look at the log of Gatehouse.',
  }[problem.kind]
  return new PartProblem(problem.message, remedy, { cause: problem })
}
