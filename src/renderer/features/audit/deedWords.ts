/** What a record says was done, in the words of the console. */
import type { AuditKind, AuditRecord } from '../../../contract/operator.ts'
import { stepLabels } from '../run/timeline.ts'

export const kindWords: Record<AuditKind, string> = {
  decision: 'Decisions',
  run: 'Runs',
  deployment: 'Deployments',
  intake: 'Intake',
  settings: 'Settings',
  key: 'Keys',
  drill: 'Drills',
  drillHit: 'Drill hits',
  host: 'Host',
}

const callWords: Record<string, string> = {
  'runs.again': 'Ran it again',
  'runs.cancel': 'Cancelled',
  'runs.terminate': 'Terminated',
  'deployments.rollBack': 'Rolled back',
  'intake.submit': 'Submitted files',
  'intake.upload': 'Dropped a file on the page',
  'settings.set': 'Changed settings',
  'profiles.use': 'Chose a profile',
  'drills.set': 'Switched a drill',
  'stack.retry': 'Tried the stack again',
  'workers.switch': 'Switched the worker',
  'workers.switchProcess': 'Switched the worker process',
  'history.export': 'Exported the history',
  'backup.make': 'Made a backup',
  'backup.stop': 'Stopped a backup',
  'diagnostics.make': 'Collected diagnostics',
  'guide.begin': 'Began the guided demonstration',
  'guide.end': 'Cleaned up after the guided demonstration',
  'host.stop': 'Stopped Gatehouse',
  'host.restart': 'Restarted Gatehouse',
  'views.save': 'Changed the views',
  'views.remove': 'Changed the views',
  'keys.setEncrypting': 'Switched encryption',
  'keys.rotate': 'Rotated the key',
  'keys.retire': 'Retired a key',
  'keys.export': 'Exported a key',
  'keys.import': 'Imported a key',
  'keys.unlock': 'Unlocked the keys',
  'keys.usePassphrase': 'Chose a passphrase',
  'keys.chooseProvider': 'Chose where keys come from',
  'keys.codecServer': 'Switched the codec server',
}
const stepActionWords: Record<string, string> = {
  retryNow: 'Tried at once:',
  pause: 'Paused',
  resume: 'Resumed',
  restart: 'Retried from',
}
const decisionWords: Record<string, string> = { approve: 'Approved', reject: 'Rejected' }
const rollBackWords: Record<string, string> = {
  decided: 'Decided to roll back',
  switched: 'Rolled back',
  refused: 'Roll back',
}
const keyWords: Record<string, string> = {
  on: 'Switched on',
  off: 'Switched off',
  rotated: 'Rotated to',
  retired: 'Retired',
  exported: 'Exported',
  imported: 'Imported',
  protected: 'Protected',
  unlocked: 'Unlocked',
  refused: 'Key change:',
}
const drillWords: Record<string, string> = { on: 'Switched on', off: 'Switched off', used: 'Hit by' }

export type Outcome = { words: string; tone: 'good' | 'bad' | 'human' | 'idle' }

const outcomes: Record<string, Outcome> = {
  done: { words: 'done', tone: 'good' },
  pending: { words: 'on its way', tone: 'human' },
  refused: { words: 'refused', tone: 'bad' },
  failed: { words: 'failed', tone: 'bad' },
  ignored: { words: 'ignored', tone: 'idle' },
}
/** What parts tell of themselves has happened. */
export const outcomeOf = ({ event }: Pick<AuditRecord, 'event'>): Outcome => outcomes[event] ?? (outcomes.done as Outcome)

export interface Deed {
  /** `Paused Train`. */
  deed: string
  /** The reason, or what was changed. */
  why: string
}

/** Records of earlier versions have the action and the reason in one text. */
function actionAndReason({ detail, reason }: AuditRecord): { action: string; why: string } {
  if (reason !== null) return { action: detail, why: reason }
  const [action = '', ...rest] = detail.split(': ')
  return { action, why: rest.join(': ') }
}

export function deedOf(record: AuditRecord): Deed {
  const { name, topic, step, detail, reason, event } = record
  if (topic === 'encryption') return { deed: `${keyWords[event] ?? event} ${name}`, why: detail }
  if (topic === 'drill') return { deed: `${drillWords[event] ?? event} ${name}`, why: detail }
  if (topic === 'rollBack') {
    return { deed: `${rollBackWords[event] ?? event} in ${name}`, why: [detail, reason].filter(Boolean).join(': ') }
  }
  const { action, why } = actionAndReason(record)
  // A decision that did not fit the call has not said which.
  if (name === 'runs.decide') return { deed: (decisionWords[action] ?? action) || 'Decided', why }
  if (topic === 'temporal') return { deed: `${decisionWords[action] ?? action} by a bare signal`, why }
  if (name === 'runs.actOnStep' && step !== null) {
    const label = step in stepLabels ? stepLabels[step as keyof typeof stepLabels] : step
    return { deed: `${stepActionWords[action] ?? action} ${label}`, why }
  }
  return { deed: callWords[name] ?? name, why: reason === null ? detail : [detail, reason].filter(Boolean).join(': ') }
}
