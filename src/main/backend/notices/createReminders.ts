import { isDone, standingOf } from '../../../contract/approvals.ts'
import type { RunSummary, Settings } from '../../../contract/model.ts'
import { momentWords, spanWords } from '../../../contract/sentence.ts'
import type { Ledger } from '../ledger/openLedger.ts'
import type { Notices } from './createNotices.ts'

type Waiting = Pick<RunSummary, 'workflowId' | 'runId' | 'fileName' | 'stageSince' | 'approvalDeadline' | 'approvals'>

interface Options {
  ledger: Ledger
  /** Runs that await a decision, without those whose decision is on its way. */
  waiting(): Waiting[]
  settings(): Settings
  tell: Notices['tell']
  now?: () => number
}

const minute = 60_000

/**
 * Tells again of runs that wait long for their approval, and once more before they reject themselves. What was told is kept
 * in the ledger: a start tells at most one reminder for a run, however long the host was away.
 */
export function createReminders({ ledger, waiting, settings, tell, now = Date.now }: Options) {
  const known = ledger.prepare<[], Row>('SELECT workflow_id AS workflowId, wait, told_at AS toldAt, warned FROM reminder')
  const keep = ledger.prepare(
    `INSERT INTO reminder (workflow_id, wait, told_at, warned) VALUES (@workflowId, @wait, @toldAt, @warned)
     ON CONFLICT (workflow_id) DO UPDATE SET wait = excluded.wait, told_at = excluded.told_at, warned = excluded.warned`,
  )
  const forget = ledger.prepare('DELETE FROM reminder WHERE workflow_id = ?')

  return {
    /** Tells what is due; called every few seconds. */
    look(): void {
      const { notifications, operator } = settings()
      const at = now()
      const rows = new Map(known.all().map((row) => [row.workflowId, row]))
      for (const run of waiting()) {
        const row = rows.get(run.workflowId)
        rows.delete(run.workflowId)
        const wait = `${run.runId} ${run.approvalDeadline}`
        const before = row?.wait === wait ? row : null
        // Whoever has said what they can say is not asked again.
        if (isDone(run, operator)) continue
        const told = { workflowId: run.workflowId, wait, toldAt: new Date(at).toISOString(), warned: before?.warned ?? 0 }
        if (before?.warned !== 1 && isAboutToEnd(run, notifications.warnBeforeMinutes, at)) {
          // On disk first: a crash may cost a reminder, it never makes a storm of them.
          keep.run({ ...told, warned: 1 })
          tell({ ...noticeOf(run, operator, at), kind: 'approvalExpiring', title: 'Rejects itself soon' })
        } else if (at >= dueAt(run, before, notifications)) {
          keep.run(told)
          tell({ ...noticeOf(run, operator, at), kind: 'approvalReminder', title: 'Still waiting for approval' })
        }
      }
      for (const gone of rows.keys()) forget.run(gone)
    },
  }
}

interface Row {
  workflowId: string
  wait: string
  toldAt: string | null
  warned: number
}

function dueAt(
  { stageSince }: Waiting,
  before: Row | null,
  { remindAfterMinutes, remindEveryMinutes }: Settings['notifications'],
) {
  return before?.toldAt != null
    ? Date.parse(before.toldAt) + remindEveryMinutes * minute
    : Date.parse(stageSince) + remindAfterMinutes * minute
}

function isAboutToEnd({ stageSince, approvalDeadline }: Waiting, warnBeforeMinutes: number, at: number): boolean {
  if (approvalDeadline === null) return false
  const [since, end] = [Date.parse(stageSince), Date.parse(approvalDeadline)]
  // A wait shorter than the warning's time would otherwise begin with its warning.
  const from = Math.max(end - warnBeforeMinutes * minute, since + (end - since) / 2)
  return at >= from && at < end
}

function noticeOf({ workflowId, fileName, stageSince, approvalDeadline, approvals }: Waiting, operator: string, at: number) {
  const now = new Date(at)
  const since = `${fileName} waits since ${momentWords(stageSince, now)} (${spanWords(at - Date.parse(stageSince))})`
  const until = approvalDeadline === null ? '' : `; rejects itself ${momentWords(approvalDeadline, now)}`
  const { words } = standingOf(approvals, operator)
  return { body: [`${since}${until}.`, words].filter(Boolean).join(' '), subject: fileName, workflowId }
}
