import { parse } from 'csv-parse/sync'
import { describe, expect, it } from 'vitest'
import { csvCell, exportAudit } from './auditExport.ts'
import type { AuditRecord } from './operator.ts'

const record = (reason: string): AuditRecord => ({
  ...{ id: 7, at: '2026-11-25T10:00:00.000Z', kind: 'decision', topic: 'call', name: 'runs.decide', event: 'done' },
  ...{ operator: 'ada', host: 'desk', workflowId: 'mlops-1-a', step: null, attempt: null, detail: 'approve', reason },
  problem: null,
  changes: [{ field: 'operator', before: 'a, "b"', after: '=1+1' }],
})

describe('the audit as CSV', () => {
  it.each([
    ['=HYPERLINK("http://evil.example")', `"'=HYPERLINK(""http://evil.example"")"`],
    ['+1', `"'+1"`],
    ['-2+3', `"'-2+3"`],
    ['@SUM(A1)', `"'@SUM(A1)"`],
    ['\t=1', `"'\t=1"`],
    ['＝1', `"'＝1"`],
    ['better, "much"', '"better, ""much"""'],
    ['two\nlines', '"two\nlines"'],
    ['plain', 'plain'],
    ['', ''],
  ])('%j is written as %j', (text, cell) => expect(csvCell(text)).toBe(cell))

  it('is read back whole by a CSV reader', () => {
    const [read] = parse(exportAudit([record('two\r\nlines, "quoted"')], 'csv'), { columns: true }) as Record<string, string>[]
    expect(read).toMatchObject({ id: '7', operator: 'ada', reason: 'two\r\nlines, "quoted"', step: '', workflowId: 'mlops-1-a' })
    expect(JSON.parse(read?.changes ?? '')).toEqual(record('').changes)
  })

  it('and as JSON loses nothing', () => expect(JSON.parse(exportAudit([record('=1')], 'json'))).toEqual([record('=1')]))
})
