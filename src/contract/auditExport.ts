/** The audit as a file: JSON as it is, CSV for a spreadsheet. */
import type { AuditRecord } from './operator.ts'

export type AuditFormat = 'csv' | 'json'

const columns: (keyof AuditRecord)[] = [
  'id',
  'at',
  'kind',
  'topic',
  'name',
  'event',
  'operator',
  'host',
  'workflowId',
  'step',
  'attempt',
  'detail',
  'reason',
  'problem',
  'changes',
]

/** What a spreadsheet takes for a formula: https://owasp.org/www-community/attacks/CSV_Injection */
const formula = /^[=+\-@\t\r\n]|^[\uFF1D\uFF0B\uFF0D\uFF20]/

/** A cell that no spreadsheet runs: text that would be a formula gets a quote before it; quotes and lines as in RFC 4180. */
export function csvCell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const safe = formula.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) || safe !== text ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Every record whole, in the given order. */
export function exportAudit(entries: readonly AuditRecord[], format: AuditFormat): string {
  if (format === 'json') return `${JSON.stringify(entries, null, 2)}\n`
  const lines = [columns.join(','), ...entries.map((entry) => columns.map((name) => csvCell(entry[name])).join(','))]
  return `${lines.join('\r\n')}\r\n`
}
