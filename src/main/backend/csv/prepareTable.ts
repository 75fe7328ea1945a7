/** From an imported table to the one that a trainer takes: labels, parts, encoded features. */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { DataPlan } from '../../../training/dataPlan.ts'
import { encodeTable, missingCategory, type RawColumn, type RawTable } from '../../../training/encoders.ts'
import { splitRows } from '../../../training/splitRows.ts'
import { one } from './importTable.ts'
import { columnAt } from './sql.ts'

/** Columns by which a row is what it is: those that are learned from, and the target. */
const usedColumns = ({ roles, target }: DataPlan) => roles.flatMap((role, i) => (role === 'feature' || i === target ? [i] : []))

/** Rows that are used, in the file's order: those whose target is known. */
export const usedRows = ({ target }: DataPlan) => `FROM t WHERE ${columnAt(target)} IS NOT NULL`

/** Columns that are learned from. */
export const featureColumns = ({ roles, target }: Pick<DataPlan, 'roles' | 'target'>) =>
  roles.flatMap((role, i) => (role === 'feature' && i !== target ? [i] : []))

/** Of a row's content, as a whole number below 2^53. MD5 is the same on every machine and in every version. */
const contentHash = (plan: DataPlan) => {
  const hashed = plan.splitBy === undefined ? usedColumns(plan) : featureColumns(plan)
  const cells = hashed.map((i) => `coalesce(${columnAt(i)}::VARCHAR, chr(30))`)
  if (plan.splitBy === 'rows') {
    const features = hashed.map(columnAt).join(', ')
    // Rows of one rank are alike, so the order of the file does not matter.
    cells.push(`row_number() OVER (PARTITION BY ${features} ORDER BY ${columnAt(plan.target)})::VARCHAR`)
  }
  return `(md5_number_lower(concat_ws(chr(31), ${cells.join(', ')})) % ${2 ** 53})::DOUBLE`
}

/**
 * Reads table `t` into memory: 4 bytes per row and feature, 8 more per row.
 * @throws the signal's reason
 */
export async function prepareTable(
  db: DuckDBConnection,
  plan: DataPlan,
  { signal, onProgress }: { signal: AbortSignal; onProgress(fraction: number): void },
): Promise<ReturnType<typeof encodeTable>> {
  const raw = await readRaw(db, plan, signal, (fraction) => onProgress(fraction * 0.8))
  signal.throwIfAborted()
  const encoded = encodeTable(raw)
  onProgress(1)
  return encoded
}

async function readRaw(
  db: DuckDBConnection,
  plan: DataPlan,
  signal: AbortSignal,
  onProgress: (fraction: number) => void,
): Promise<RawTable> {
  const rows = await one(db, `SELECT count(*) ${usedRows(plan)}`)
  const used = usedColumns(plan).filter((i) => i !== plan.target)
  const columns: RawColumn[] = []
  const select: string[] = []
  for (const i of used) {
    const name = plan.names[i] as string
    const kind = plan.reading.kinds[i] as DataPlan['reading']['kinds'][number]
    if (kind.kind === 'number') {
      columns.push({ kind: 'number', name, format: kind.format, values: new Float32Array(rows) })
      select.push(columnAt(i))
    } else if (kind.kind === 'date') {
      columns.push({ kind: 'date', name, format: kind.format, values: new Float32Array(rows) })
      select.push(`epoch(${columnAt(i)})`)
    } else {
      const result = await db.runAndReadAll(`SELECT DISTINCT ${columnAt(i)} v FROM t WHERE v IS NOT NULL ORDER BY v`)
      const categories = result.getRowsJS().map(([value]) => String(value))
      // An enumeration arrives as numbers instead of as one text per cell.
      await db.run(`DROP TYPE IF EXISTS e${i}`)
      await db.run(`CREATE TYPE e${i} AS ENUM (SELECT DISTINCT ${columnAt(i)} v FROM t WHERE v IS NOT NULL ORDER BY v)`)
      columns.push({ kind: 'text', name, categories, index: new Uint32Array(rows) })
      select.push(`${columnAt(i)}::e${i}`)
    }
  }
  const label = new Float32Array(rows)
  const hashes = new Float64Array(rows)
  const classOf = plan.classes === null ? null : new Map(plan.classes.map((name, i) => [name, i]))
  const target = columnAt(plan.target)

  const result = await db.stream(
    `SELECT ${[...select, contentHash(plan), target].join(', ')} ${usedRows(plan)}${plan.splitBy === 'rows' ? ' ORDER BY rowid' : ''}`,
  )
  let at = 0
  for (;;) {
    const chunk = await result.fetchChunk()
    if (chunk === null || chunk.rowCount === 0) break
    signal.throwIfAborted()
    const count = chunk.rowCount
    columns.forEach((column, c) => {
      const vector = chunk.getColumnVector(c) as unknown as Vector
      const to = column.kind === 'text' ? column.index : column.values
      const missing = column.kind === 'text' ? missingCategory : Number.NaN
      for (let i = 0; i < count; i++) to[at + i] = vector.validity.itemValid(i) ? (vector.items[i] as number) : missing
    })
    const hash = chunk.getColumnVector(columns.length) as unknown as Vector
    const goal = chunk.getColumnVector(columns.length + 1)
    for (let i = 0; i < count; i++) {
      hashes[at + i] = hash.items[i] as number
      const value = goal.getItem(i)
      label[at + i] = classOf === null ? Number(value) : (classOf.get(String(value)) as number)
    }
    at += count
    onProgress(at / Math.max(1, rows))
  }
  const part = splitRows(hashes, plan.classes === null ? null : label)
  return { task: plan.task, target: plan.names[plan.target] as string, classes: plan.classes, columns, label, part, hashes }
}

/** What numeric vectors of DuckDB have in common. */
interface Vector {
  items: ArrayLike<number>
  validity: { itemValid(index: number): boolean }
}
