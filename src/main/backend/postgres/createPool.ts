import pg from 'pg'
import { DatabaseProblem } from '../../../temporal/activities/deps.ts'
import type { Log } from '../log.ts'

export interface DatabasePool {
  /** The pool for where Postgres is now. @throws DatabaseProblem while it is not up */
  get(): pg.Pool
  close(): Promise<void>
}

export interface PoolOptions {
  /** Where Postgres is; null while it is not up. */
  config(): pg.PoolConfig | null
  /** Why it is not up, where that is known: a wrong password must not be waited for. */
  problem?(): DatabaseProblem | null
  log: Log
}

/** Limits in milliseconds: an attempt must fail well before the activity that makes it is given up. */
const limits = {
  connectionTimeoutMillis: 5_000,
  statement_timeout: 10_000,
  query_timeout: 15_000, // also ends a wait for a server that has gone silent, where statement_timeout cannot
  idleTimeoutMillis: 30_000,
}

/** A pool that follows Postgres to another address, and tells "not up" as a problem like any other. */
export function createPool({ config, problem, log }: PoolOptions): DatabasePool {
  let current: { key: string; pool: pg.Pool } | null = null
  const endings = new Set<Promise<void>>()
  const letGo = () => {
    if (!current) return
    const ending = current.pool
      .end()
      .catch((error: unknown) => log.debug({ err: error }, 'ending a pool'))
      .finally(() => endings.delete(ending))
    endings.add(ending)
    current = null
  }
  return {
    get() {
      const wanted = config()
      if (!wanted) {
        throw problem?.() ?? new DatabaseProblem('weather', 'Postgres is not up yet; this goes on when it is.', null)
      }
      const key = JSON.stringify(wanted)
      if (current?.key !== key) {
        letGo()
        const pool = new pg.Pool({ ...wanted, ...limits, max: 10, keepAlive: true, application_name: 'gatehouse' })
        // Without a listener, the error of an idle connection (a server that went away) ends the process.
        pool.on('error', (error) => log.info({ code: (error as { code?: string }).code }, 'an idle database connection ended'))
        current = { key, pool }
      }
      return current.pool
    },
    async close() {
      letGo()
      await Promise.all(endings)
    },
  }
}
