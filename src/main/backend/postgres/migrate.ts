import { join } from 'node:path'
import type pg from 'pg'
import type { Log } from '../log.ts'

const connectMilliseconds = 5_000

export const migrationsTable = 'gatehouse_migrations'

/**
 * Brings the tables up to date: `resources/migrations/*.sql`, in the order of their names, each once. Several apps at
 * once wait for each other (advisory lock). Plain SQL files beside the app work from a bundle and from the sources.
 * @param count so many of them at most, for tables as an earlier version had them
 * @throws whatever Postgres or the connection answers
 */
export async function migrate(config: pg.ClientConfig, resources: string, log: Log, count?: number): Promise<void> {
  // Loaded when it is needed: it brings a module loader and a glob library along.
  const { runner } = await import('node-pg-migrate')
  const done = await runner({
    databaseUrl: { ...config, connectionTimeoutMillis: connectMilliseconds, application_name: 'gatehouse migrations' },
    dir: join(resources, 'migrations'),
    direction: 'up',
    migrationsTable,
    count,
    advisoryLockMode: 'wait',
    logger: { debug: () => {}, info: () => {}, warn: (text) => log.warn(text), error: (text) => log.error(text) },
  })
  if (done.length > 0) log.info({ migrations: done.map((m) => m.name) }, 'migrated Postgres')
}
