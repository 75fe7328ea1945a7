/** What is known of each key but the key itself: `keys.sqlite`, shared by every process on the data folder. */
import { chmodSync, existsSync, renameSync } from 'node:fs'
import Database from 'better-sqlite3'
import type { KeyInfo, KeyProvider } from '../../../contract/keys.ts'
import type { Log } from '../log.ts'

export interface KeyRecord {
  id: string
  state: KeyInfo['state']
  provider: KeyProvider
  createdAt: string
  /** When another key took its place; null while it seals, and for a key that came from another operator. */
  sealedUntil: string | null
  /** Messages charged so far; never less than were sealed. */
  messages: number
  /** As a key service wrapped it; null for keys that lie elsewhere. */
  wrapped: Buffer | null
}

export interface KeyRecords {
  /** Newest first. */
  list(): KeyRecord[]
  get(id: string): KeyRecord | null
  sealing(): KeyRecord | null
  /** Adds a key, or changes what is known of it; its counter never goes down. */
  put(record: KeyRecord): void
  /**
   * Makes a key the sealing one in the place of `instead` (null: of none).
   * @returns false when another process was faster; nothing was changed then.
   */
  replaceSealing(record: KeyRecord, instead: string | null): boolean
  /** Takes messages out of a key's budget, on disk before it returns. @returns false when it does not hold that many. */
  charge(id: string, messages: number, budget: number): boolean
  /** Gives back what was charged and not used. */
  refund(id: string, messages: number): void
  encrypting(): boolean
  setEncrypting(on: boolean): void
  /** Changes whenever something but a counter was changed, by whichever process. */
  revision(): number
  close(): void
}

const schema = `
  CREATE TABLE IF NOT EXISTS key (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('sealing','reading','retired')),
    provider TEXT NOT NULL,
    created_at TEXT NOT NULL,
    sealed_until TEXT,
    messages INTEGER NOT NULL DEFAULT 0,
    wrapped BLOB
  ) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS one_sealing_key ON key (state) WHERE state = 'sealing';
  CREATE TABLE IF NOT EXISTS ring (
    one INTEGER PRIMARY KEY CHECK (one = 1), encrypting INTEGER NOT NULL, revision INTEGER NOT NULL
  ) STRICT;
  INSERT OR IGNORE INTO ring VALUES (1, 1, 0);
`

/**
 * Opens (and makes) the records. A file that is no database any more is set aside under a new name, and new records are
 * begun: the keys themselves lie elsewhere, and `onBeganAnew` adds them again.
 *
 * Not in WAL mode: its shared memory does not reach the worker on another machine that shares the folder.
 * @throws when the file cannot be opened or made at all, or was written by a newer Gatehouse
 */
export function openKeyRecords(
  path: string,
  { log, onBeganAnew }: { log: Log; onBeganAnew(setAside: string): void },
): KeyRecords {
  let opened: ReturnType<typeof open>
  try {
    opened = open(path)
  } catch (error) {
    if (!isDamaged(error)) throw error
    opened = beginAnew(error)
  }

  function beginAnew(reason: unknown) {
    // Another process may have done so already; this one then still had the old file open.
    try {
      return open(path)
    } catch (error) {
      if (!isDamaged(error)) throw error
    }
    const setAside = `${path}.damaged-${new Date().toISOString().replaceAll(/[^0-9]/g, '')}`
    for (const end of ['', '-journal']) if (existsSync(path + end)) renameSync(path + end, setAside + end)
    log.error({ err: reason, setAside }, 'the records of the keys were damaged; they are set aside and begun anew')
    onBeganAnew(setAside)
    return open(path)
  }

  /** Damage is often seen only when the damaged page is read. */
  const using = <T>(work: (records: ReturnType<typeof open>) => T): T => {
    try {
      return work(opened)
    } catch (error) {
      if (!isDamaged(error)) throw error
      opened.db.close()
      opened = beginAnew(error)
      return work(opened)
    }
  }

  return {
    list: () => using(({ list }) => (list.all() as Row[]).map(recordOf)),
    get: (id) => using(({ get }) => optional(get.get(id) as Row | undefined)),
    sealing: () => using(({ sealing }) => optional(sealing.get() as Row | undefined)),
    put: (record) =>
      using(({ db, put, changed }) =>
        db
          .transaction(() => {
            put.run(record)
            changed.run()
          })
          .immediate(),
      ),
    replaceSealing: (record, instead) =>
      using(({ db, sealing, endSealing, put, changed }) =>
        db
          .transaction(() => {
            const before = sealing.get() as Row | undefined
            if ((before?.id ?? null) !== instead) return false
            endSealing.run(new Date().toISOString())
            put.run({ ...record, state: 'sealing', sealedUntil: null })
            changed.run()
            return true
          })
          .immediate(),
      ),
    charge: (id, messages, budget) => using(({ charge }) => charge.run({ id, messages, budget }).changes === 1),
    refund: (id, messages) =>
      using(({ charge }) => void charge.run({ id, messages: -messages, budget: Number.MAX_SAFE_INTEGER })),
    encrypting: () => using(({ ring }) => (ring.get() as Ring).encrypting === 1),
    setEncrypting: (on) => using(({ setEncrypting }) => void setEncrypting.run(on ? 1 : 0)),
    revision: () => using(({ ring }) => (ring.get() as Ring).revision),
    close: () => opened.db.close(),
  }
}

/** Of the layout above; a newer Gatehouse counts it up. */
const layout = 1

function open(path: string) {
  const db = openFile(path)
  try {
    db.pragma('busy_timeout = 5000')
    db.pragma('journal_mode = DELETE')
    // What was charged must survive a power cut: a counter that falls back would let a key seal too much.
    db.pragma('synchronous = FULL')
    if (path !== ':memory:') chmodSync(path, 0o600)
    const version = db.pragma('user_version', { simple: true }) as number
    if (version > layout) {
      throw new Error(
        `${path} was written by a newer Gatehouse (version ${version}, this one knows ${layout}). Nothing was changed. Start the newer Gatehouse.`,
      )
    }
    if (version < layout) {
      db.transaction(() => {
        db.exec(schema)
        db.pragma(`user_version = ${layout}`)
      }).immediate()
    }
    const health = db.pragma('quick_check(1)', { simple: true })
    if (health !== 'ok') throw Object.assign(new Error(String(health)), { code: 'SQLITE_CORRUPT' })
    return {
      db,
      list: db.prepare('SELECT * FROM key ORDER BY created_at DESC, id'),
      get: db.prepare('SELECT * FROM key WHERE id = ?'),
      sealing: db.prepare(`SELECT * FROM key WHERE state = 'sealing'`),
      put: db.prepare(`
        INSERT INTO key (id, state, provider, created_at, sealed_until, messages, wrapped)
        VALUES (@id, @state, @provider, @createdAt, @sealedUntil, @messages, @wrapped)
        ON CONFLICT (id) DO UPDATE SET state = excluded.state, provider = excluded.provider, created_at = excluded.created_at,
          sealed_until = excluded.sealed_until, messages = max(messages, excluded.messages), wrapped = excluded.wrapped`),
      endSealing: db.prepare(`UPDATE key SET state = 'reading', sealed_until = ? WHERE state = 'sealing'`),
      charge: db.prepare('UPDATE key SET messages = messages + @messages WHERE id = @id AND messages + @messages <= @budget'),
      ring: db.prepare('SELECT encrypting, revision FROM ring'),
      changed: db.prepare('UPDATE ring SET revision = revision + 1'),
      setEncrypting: db.prepare('UPDATE ring SET encrypting = ?, revision = revision + 1'),
    }
  } catch (error) {
    db.close()
    throw error
  }
}

interface Ring {
  encrypting: number
  revision: number
}

interface Row {
  id: string
  state: KeyRecord['state']
  provider: KeyProvider
  created_at: string
  sealed_until: string | null
  messages: number
  wrapped: Buffer | null
}

const recordOf = ({ created_at, sealed_until, ...rest }: Row): KeyRecord => ({
  ...rest,
  createdAt: created_at,
  sealedUntil: sealed_until,
})
const optional = (row: Row | undefined) => (row ? recordOf(row) : null)

function openFile(path: string): Database.Database {
  try {
    return new Database(path)
  } catch (error) {
    // As SQLite says it, it names no file.
    throw new Error(
      `The records of the keys ${path} cannot be opened (${(error as Error).message}). Nothing was changed. Make it an ordinary file that this user may write, as its folder, and start again.`,
      { cause: error },
    )
  }
}

const damage: unknown[] = ['SQLITE_CORRUPT', 'SQLITE_NOTADB'] // sqlite.org/rescode.html
const isDamaged = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (damage.includes(error.code) || String(error.code).startsWith('SQLITE_CORRUPT_'))
