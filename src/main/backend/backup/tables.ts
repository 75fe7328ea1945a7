/** The tables of Gatehouse's database as text: one JSON object per row, so that any Postgres on any system takes them. */
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { migrationsTable } from '../postgres/migrate.ts'
import type { Manifest } from './manifest.ts'

export type Tables = NonNullable<Manifest['postgres']>

const rowsAtOnce = 1_000

/**
 * Writes every table into `<folder>/<name>.jsonl`, all as they were at one moment (one REPEATABLE READ transaction; see
 * https://www.postgresql.org/docs/18/transaction-iso.html). Nobody waits for it.
 * @throws what Postgres or the file system answers
 */
export async function writeTables(config: pg.ClientConfig, folder: string): Promise<Tables> {
  return withClient(config, async (client) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const { rows: done } = await client.query<{ name: string }>(`SELECT name FROM ${migrationsTable} ORDER BY id`)
    const tables: Tables['tables'] = []
    for (const name of await tablesInOrder(client)) {
      const rows = await writeTable(client, name, join(folder, `${name}.jsonl`))
      tables.push({ name, rows, sequences: await sequencesOf(client, name) })
    }
    await client.query('COMMIT')
    return { migrations: done.map(({ name }) => name), tables }
  })
}

/** Parents before the tables that refer to them. */
async function tablesInOrder(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; parents: string[] }>(
    `SELECT c.relname AS name,
            array(SELECT DISTINCT p.relname::text FROM pg_constraint k JOIN pg_class p ON p.oid = k.confrelid
                  WHERE k.conrelid = c.oid AND k.contype = 'f' AND p.oid <> c.oid) AS parents
       FROM pg_class c
      WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND c.relname <> $1
      ORDER BY c.relname`,
    [migrationsTable],
  )
  const ordered: string[] = []
  let left = rows
  while (left.length > 0) {
    const ready = left.filter(({ parents }) => parents.every((parent) => !left.some(({ name }) => name === parent)))
    // Tables that refer to each other in a circle are none of ours; their order is left to chance.
    const next = ready.length > 0 ? ready : left
    ordered.push(...next.map(({ name }) => name))
    left = left.filter((table) => !next.includes(table))
  }
  return ordered
}

async function writeTable(client: pg.Client, name: string, file: string): Promise<number> {
  const out = createWriteStream(file, { flags: 'wx', mode: 0o600 })
  const failed = once(out, 'error').then(([error]) => Promise.reject(error))
  failed.catch(() => {})
  let rows = 0
  await client.query(
    `DECLARE backup NO SCROLL CURSOR FOR SELECT to_jsonb(t)::text AS line FROM ${client.escapeIdentifier(name)} t`,
  )
  for (;;) {
    const { rows: lines } = await client.query<{ line: string }>(`FETCH ${rowsAtOnce} FROM backup`)
    if (lines.length === 0) break
    rows += lines.length
    if (!out.write(`${lines.map(({ line }) => line).join('\n')}\n`)) await Promise.race([once(out, 'drain'), failed])
  }
  await client.query('CLOSE backup')
  await Promise.race([new Promise<void>((resolve) => out.end(resolve)), failed])
  return rows
}

async function sequencesOf(client: pg.Client, table: string): Promise<Tables['tables'][number]['sequences']> {
  const { rows } = await client.query<{ column: string; sequence: string }>(
    `SELECT a.attname AS column, pg_get_serial_sequence(quote_ident($1), a.attname) AS sequence
       FROM pg_attribute a
      WHERE a.attrelid = quote_ident($1)::regclass AND a.attnum > 0 AND NOT a.attisdropped
        AND pg_get_serial_sequence(quote_ident($1), a.attname) IS NOT NULL`,
    [table],
  )
  const sequences = []
  for (const { column, sequence } of rows) {
    // Quoted already, as `pg_get_serial_sequence` answers it.
    const state = await client.query<{ last_value: string; is_called: boolean }>(`SELECT last_value, is_called FROM ${sequence}`)
    const [one] = state.rows
    if (one) sequences.push({ column, last: one.last_value, called: one.is_called })
  }
  return sequences
}

/**
 * Fills the tables of a database that the same migrations have made and nobody has used; all of it or nothing.
 * @returns names of tables that these migrations do not make: somebody else's, left out
 * @throws what Postgres answers, and when a file holds fewer rows than were written into it
 */
export async function readTables(config: pg.ClientConfig, folder: string, { tables }: Tables): Promise<string[]> {
  return withClient(config, async (client) => {
    const leftOut: string[] = []
    await client.query('BEGIN')
    for (const { name, rows, sequences } of tables) {
      const known = await client.query('SELECT FROM pg_class WHERE oid = to_regclass(quote_ident($1))', [name])
      if (known.rowCount === 0) {
        leftOut.push(name)
        continue
      }
      const filled = await fillTable(client, name, join(folder, `${name}.jsonl`))
      if (filled !== rows) throw new Error(`the table ${name} has ${filled} rows and should have ${rows}`)
      for (const { column, last, called } of sequences) {
        await client.query('SELECT setval(pg_get_serial_sequence(quote_ident($1), $2), $3::bigint, $4)', [
          name,
          column,
          last,
          called,
        ])
      }
    }
    await client.query('COMMIT')
    return leftOut
  })
}

async function fillTable(client: pg.Client, name: string, file: string): Promise<number> {
  const table = client.escapeIdentifier(name)
  let filled = 0
  let batch: string[] = []
  const flush = async () => {
    if (batch.length === 0) return
    const { rowCount } = await client.query(
      `INSERT INTO ${table} OVERRIDING SYSTEM VALUE SELECT * FROM jsonb_populate_recordset(NULL::${table}, $1::jsonb)`,
      [`[${batch.join(',')}]`],
    )
    filled += rowCount ?? 0
    batch = []
  }
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line === '') continue
    batch.push(line)
    if (batch.length >= rowsAtOnce) await flush()
  }
  await flush()
  return filled
}

async function withClient<T>(config: pg.ClientConfig, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ ...config, application_name: 'gatehouse backup', connectionTimeoutMillis: 10_000 })
  client.on('error', () => {}) // the query under way tells
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end().catch(() => {})
  }
}
