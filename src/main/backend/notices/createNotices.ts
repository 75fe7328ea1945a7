import type { Emit } from '../../../contract/events.ts'
import type { Part, Settings, StackHealth, Stage } from '../../../contract/model.ts'
import { asksForDecision, severalWords } from '../../../contract/noticeGroups.ts'
import { type Notice, switchOfKind } from '../../../contract/notices.ts'
import { metricsInWords } from '../../../contract/training.ts'
import { isDiskFull } from '../../../temporal/diskFull.ts'
import { isLedgerHeld } from '../ledger/isLedgerHeld.ts'
import { isLedgerFree } from '../ledger/ledgerTurn.ts'
import type { Ledger } from '../ledger/openLedger.ts'
import type { RunRecord } from '../projection/runRecord.ts'
import type { RollBack } from '../rollBacks/createRollBacks.ts'
import { isQuiet } from './quietHours.ts'

const sentenceStart = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

export interface Notices {
  /** Tells it now, or in quiet hours keeps it for their end; not at all when the operator has switched its kind off. */
  tell(notice: Notice): void
  runChanged(record: RunRecord, from: Stage): void
  decisionRefused(record: RunRecord | undefined, workflowId: string, message: string): void
  rollBackRefused(decision: Pick<RollBack, 'environment' | 'modelId'>, message: string): void
  /** Tells of parts that go down or come back; `starting` is neither. */
  stackChanged(health: StackHealth): void
  /** To see whether notices arrive. */
  test(): void
  /** Sums up what was kept, once quiet hours are over; called every few seconds. */
  look(): void
}

interface Options {
  ledger: Ledger
  emit: Emit
  settings(): Settings
  /** Whether a run still waits for a decision. */
  awaitsDecision(workflowId: string): boolean
  now?: () => number
}

/** What is worth an operator's attention, said once when it happens. */
export function createNotices({ ledger, emit, settings, awaitsDecision, now = Date.now }: Options): Notices {
  const hold = ledger.prepare(
    `INSERT OR IGNORE INTO held_notice (kind, subject, title, workflow_id, at) VALUES (@kind, @subject, @title, @workflowId, @at)`,
  )
  const held = ledger.prepare<[], Held>('SELECT kind, title, workflow_id AS workflowId FROM held_notice ORDER BY at')
  const letGo = ledger.prepare('DELETE FROM held_notice')
  let partsDown = new Set<string>()

  let roomBefore: Part['state'] | 'enough' = 'enough'

  const quietNow = () => isQuiet(settings().notifications.quiet, new Date(now()))

  function tell(notice: Notice): void {
    const { notifications } = settings()
    const { kind, title, subject, workflowId } = notice
    const wanted = switchOfKind[kind]
    if (wanted !== null && notifications[wanted] === false) return
    const breaksThrough = wanted === null || (kind === 'approvalExpiring' && notifications.quiet.letExpiringThrough)
    // Said too early rather than never: what could not be kept for later.
    if (breaksThrough || !quietNow() || !isLedgerFree(ledger)) {
      emit('notice', notice)
      return
    }
    const at = new Date(now()).toISOString()
    try {
      // What has no run is told apart by its words.
      hold.run({ kind, title, workflowId, at, subject: workflowId ?? subject ?? title })
    } catch (error) {
      // What tells of a full disk must not end the host.
      if (!isDiskFull(error) && !isLedgerHeld(error)) throw error
      emit('notice', notice)
    }
  }

  function look(): void {
    if (quietNow()) return
    const kept = held.all()
    if (kept.length === 0) return
    // In the ledger first: what it does not take would be told again every few seconds.
    letGo.run()
    const body = summaryOf(kept, awaitsDecision)
    if (body !== '') {
      emit('notice', { kind: 'quietSummary', title: 'While it was quiet', body, subject: null, workflowId: null })
    }
  }

  return {
    tell,
    look,
    test() {
      const body = 'Notices of this Gatehouse arrive here.'
      emit('notice', { kind: 'test', title: 'A test', body, subject: null, workflowId: null })
    },

    runChanged(record, from) {
      const { fileName, workflowId, stage, problem } = record
      const about = { subject: fileName, workflowId }
      if (stage === 'AwaitingApproval' && from !== 'AwaitingApproval') {
        const metrics = record.metrics ? ` ${sentenceStart(metricsInWords(record.metrics))}.` : ''
        const body = `${fileName} waits for your decision on production.${metrics}`
        tell({ ...about, kind: 'approvalPending', title: 'Approval pending', body })
      }
      if (stage === 'TimedOut') {
        const body = `${fileName}: nobody decided in time. The model stays in dev.`
        tell({ ...about, kind: 'approvalExpired', title: 'Rejected itself', body })
      }
      if (stage === 'GateFailed') {
        const body = `${fileName}: ${problem ?? 'the model did not pass the quality gate.'}`
        tell({ ...about, kind: 'gateFailed', title: 'Refused by the quality gate', body })
      }
      if (stage === 'Failed') {
        const body = `${fileName}: ${problem ?? 'the run ended with a failure.'}`
        tell({ ...about, kind: 'runFailed', title: 'Run failed', body })
      }
    },

    decisionRefused(record, workflowId, message) {
      const subject = record?.fileName ?? workflowId
      const body = `Your decision on ${subject} came too late and changed nothing. ${message}`
      tell({ kind: 'decisionRefused', title: 'Decision not taken', body, subject, workflowId })
    },

    rollBackRefused({ environment, modelId }, message) {
      const body = `Your decision to go back to ${modelId} in ${environment} could not be carried out. ${message}`
      tell({ kind: 'decisionRefused', title: 'Roll back not done', body, subject: modelId, workflowId: null })
    },

    stackChanged(health) {
      const parts = [
        ['Temporal', health.temporal],
        ['Postgres', health.postgres],
      ] as const
      const down = new Set(parts.filter(([, part]) => part.state === 'down').map(([name]) => name as string))
      for (const [name, part] of parts) {
        const about = { subject: name, workflowId: null }
        if (part.state === 'down' && !partsDown.has(name)) {
          tell({ ...about, kind: 'stackDown', title: `${name} is down`, body: `${part.detail} ${part.remedy}`.trim() })
        }
        if (part.state === 'up' && partsDown.has(name)) {
          tell({ ...about, kind: 'stackUp', title: `${name} is back`, body: 'What waited for it goes on now.' })
        }
        // Between down and up a part is starting: the end of the outage is still to be told.
        if (part.state === 'starting' && partsDown.has(name)) down.add(name)
      }
      partsDown = down

      const { state, summary, remedy } = health.disk
      const room = remedy === '' ? 'enough' : state
      const about = { subject: 'Disk', workflowId: null }
      const body = `${sentenceStart(summary)} on the disk of the data folder. Free some space on it; nothing is lost.`
      if (room === 'down' && roomBefore !== 'down') tell({ ...about, kind: 'stackDown', title: 'The disk is full', body })
      if (room === 'up' && roomBefore === 'enough') tell({ ...about, kind: 'stackDown', title: 'The disk fills up', body })
      if (room === 'enough' && roomBefore !== 'enough') {
        tell({ ...about, kind: 'stackUp', title: 'The disk has room again', body: 'What waited for it goes on now.' })
      }
      roomBefore = room
    },
  }
}

type Held = Pick<Notice, 'kind' | 'title' | 'workflowId'>

/** `2 runs wait for approval · 3 runs failed · Temporal is down · Temporal is back`; what was settled meanwhile is left out. */
function summaryOf(kept: readonly Held[], awaitsDecision: (workflowId: string) => boolean): string {
  const waiting = new Set(
    kept
      .filter(({ kind }) => asksForDecision(kind))
      .flatMap(({ workflowId }) => (workflowId !== null && awaitsDecision(workflowId) ? [workflowId] : [])),
  )
  const numbered = (['approvalExpired', 'runFailed', 'gateFailed'] as const).map(
    (kind) => [kind, kept.filter((one) => one.kind === kind).length] as const,
  )
  const stack = kept.filter(({ kind }) => kind === 'stackDown' || kind === 'stackUp').map(({ title }) => title)
  return [['approvalPending', waiting.size] as const, ...numbered]
    .filter(([, n]) => n > 0)
    .map(([kind, n]) => severalWords(kind, n))
    .concat(stack)
    .join(' · ')
}
