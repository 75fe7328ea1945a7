import { type AuditFilter, type AuditKind, type AuditRecord, settingChange } from '../../../contract/operator.ts'
import { isDiskFull } from '../../../temporal/diskFull.ts'
import { isLedgerHeld } from './isLedgerHeld.ts'
import { isLedgerFree } from './ledgerTurn.ts'
import type { Ledger } from './openLedger.ts'

/** One deed as its doer tells it; what is left out is not there. */
export type NewRecord = Omit<AuditRecord, 'id' | 'kind' | 'reason' | 'problem' | 'changes'> &
  Partial<Pick<AuditRecord, 'reason' | 'problem' | 'changes'>> & {
    /** Names the deed: told twice, it is on record once. */
    ref?: string
  }

export interface Audit {
  /**
   * Puts a deed on record. It is done by then: one that a full disk, or another program that holds the ledger, keeps out is
   * kept in memory, up to a thousand of them, and written in its turn once that is over.
   * @throws whatever else keeps it out; within a transaction these too
   */
  add(entry: NewRecord): void
  /** Writes what was kept out, as far as that is possible now. Waits for nobody. @returns what is still kept in memory */
  catchUp(): readonly object[]
  /** Newest first. */
  latest(topic: string, limit: number): AuditRecord[]
  /** Of every topic, newest first; of one run where that is named. */
  all(limit: number, workflowId?: string): AuditRecord[]
  /** A page of what fits the filter, newest first, after the entry `before`; and how many fit in all. */
  page(filter: AuditFilter, page: { limit: number; before?: number }): { entries: AuditRecord[]; total: number }
  /** Everybody who is on record, by name. */
  operators(): string[]
  /** Of the newest entry; 0 while there is none. */
  lastId(): number
}

/** Somebody who tries again and again on a full disk must not fill the memory too. */
const mostKept = 1000

const kindOfName: Record<string, AuditKind> = {
  'runs.decide': 'decision',
  'history.export': 'run',
  'deployments.rollBack': 'deployment',
  'intake.submit': 'intake',
  'intake.upload': 'intake',
  'settings.set': 'settings',
  'profiles.use': 'settings',
  'drills.set': 'drill',
}

/** What a record is about. The ledger's migration says the same of records from before there were kinds. */
export function auditKindOf({ topic, name, event }: Pick<AuditRecord, 'topic' | 'name' | 'event'>): AuditKind {
  if (topic === 'drill') return event === 'used' ? 'drillHit' : 'drill'
  if (topic === 'encryption') return 'key'
  if (topic === 'rollBack') return 'deployment'
  if (topic === 'temporal') return 'decision'
  return kindOfName[name] ?? (name.startsWith('runs.') ? 'run' : name.startsWith('keys.') ? 'key' : 'host')
}

/** What operators switched and what that did; written once, never changed. */
export function createAudit(ledger: Ledger): Audit {
  const insert = ledger.prepare(
    `INSERT INTO audit (at, kind, topic, name, event, operator, host, workflow_id, step, attempt, detail, reason, problem, changes, ref)
     VALUES (@at, @kind, @topic, @name, @event, @operator, @host, @workflowId, @step, @attempt, @detail, @reason, @problem, @changes, @ref)
     ON CONFLICT (ref) WHERE ref IS NOT NULL DO NOTHING`,
  )
  const select = `SELECT id, at, kind, topic, name, event, operator, host, workflow_id AS workflowId, step, attempt, detail, reason,
    problem, changes FROM audit`
  const latest = ledger.prepare<[string, number], Row>(`${select} WHERE topic = ? ORDER BY id DESC LIMIT ?`)
  const everything = ledger.prepare<[number], Row>(`${select} ORDER BY id DESC LIMIT ?`)
  const ofRun = ledger.prepare<[string, number], Row>(`${select} WHERE workflow_id = ? ORDER BY id DESC LIMIT ?`)
  const names = ledger.prepare<[], string>('SELECT DISTINCT operator FROM audit ORDER BY operator').pluck()
  const last = ledger.prepare<[], number | null>('SELECT max(id) FROM audit').pluck()
  let kept: Record<string, unknown>[] = []

  function catchUp(): readonly object[] {
    while (kept.length > 0 && isLedgerFree(ledger)) {
      const [row] = kept
      try {
        insert.run(row)
      } catch (error) {
        if (isDiskFull(error) || isLedgerHeld(error)) return kept
        kept = kept.slice(1)
        throw error
      }
      kept = kept.slice(1)
    }
    return kept
  }

  return {
    catchUp,
    add: (entry) => {
      const { changes = null, reason = null, problem = null, ref = null, ...others } = entry
      const kind = auditKindOf(entry)
      const row = { ...others, kind, reason, problem, ref, changes: changes && JSON.stringify(changes) }
      if (ledger.inTransaction) {
        insert.run(row)
        return
      }
      if (kept.length >= mostKept) throw new Error('No room for the audit: what is done now is not on record.')
      kept.push(row)
      catchUp()
    },
    latest: (topic, limit) => latest.all(topic, limit).map(recordOf),
    all: (limit, workflowId) => (workflowId === undefined ? everything.all(limit) : ofRun.all(workflowId, limit)).map(recordOf),
    page(filter, { limit, before }) {
      const { where, values } = conditionOf(filter)
      const total = ledger.prepare(`SELECT count(*) FROM audit WHERE ${where}`).pluck().get(values) as number
      const rows = ledger
        .prepare(`${select} WHERE ${where} AND id < @before ORDER BY id DESC LIMIT @limit`)
        .all({ ...values, limit, before: before ?? Number.MAX_SAFE_INTEGER }) as Row[]
      return { entries: rows.map(recordOf), total }
    },
    operators: () => names.all(),
    lastId: () => last.get() ?? 0,
  }
}

type Row = Omit<AuditRecord, 'changes'> & { changes: string | null }

const recordOf = ({ changes, ...row }: Row): AuditRecord => ({
  ...row,
  changes: changes === null ? null : settingChange.array().parse(JSON.parse(changes)),
})

/** Each condition stands in the statement by its own words; what an operator typed goes in as a value alone. */
function conditionOf({ workflowId, kinds, operator, text, from, to }: AuditFilter) {
  const conditions: [string, Record<string, string>][] = []
  if (workflowId !== undefined) conditions.push(['workflow_id = @workflowId', { workflowId }])
  if (operator !== undefined) conditions.push(['operator = @operator', { operator }])
  if (from !== undefined) conditions.push(['at >= @from', { from: new Date(from).toISOString() }])
  if (to !== undefined) conditions.push(['at < @to', { to: new Date(to).toISOString() }])
  if (kinds !== undefined) conditions.push(['kind IN (SELECT value FROM json_each(@kinds))', { kinds: JSON.stringify(kinds) }])
  // instr takes the text as it is, where LIKE would read % and _ in it.
  const searched = `concat_ws(' ', name, event, operator, host, workflow_id, step, detail, reason, problem, changes)`
  if (text?.trim()) conditions.push([`instr(lower(${searched}), @text) > 0`, { text: text.trim().toLowerCase() }])
  return {
    where: ['1', ...conditions.map(([words]) => words)].join(' AND '),
    values: Object.assign({}, ...conditions.map(([, value]) => value)) as Record<string, string>,
  }
}
