import type { AuditRecord } from '../../../contract/operator.ts'
import { useIn } from '../../app/console.ts'
import { Moment } from '../../ui/times.tsx'
import { stepLabels } from './timeline.ts'

const deedWords: Record<string, string> = {
  'runs.again': 'Ran it again',
  'runs.cancel': 'Cancelled',
  'runs.terminate': 'Terminated',
}
const stepActionWords: Record<string, string> = {
  retryNow: 'Tried now',
  pause: 'Paused',
  resume: 'Resumed',
  restart: 'Retried from',
}

const decisionWords: Record<string, string> = { approve: 'Approved', reject: 'Rejected' }

/** `Paused Train`, and the reason without the action's name before it. */
export function deedOf({ name, step, detail }: AuditRecord): { deed: string; why: string } {
  const [action = '', ...rest] = detail.split(': ')
  if (name === 'runs.decide') return { deed: decisionWords[action] ?? action, why: rest.join(': ') }
  if (name !== 'runs.actOnStep' || step === null) return { deed: deedWords[name] ?? name, why: detail }
  const label = step in stepLabels ? stepLabels[step as keyof typeof stepLabels] : step
  return { deed: `${stepActionWords[action] ?? action} ${label}`, why: rest.join(': ') }
}

/** Who did what to this run from here, newest first. */
export function AuditList() {
  const entries = useIn('run', (s) => s.audit)
  if (entries.length === 0) return <p className="faint">Nobody has acted on this run from here.</p>
  return (
    <ul className="audit-list">
      {entries.map((entry) => {
        const { deed, why } = deedOf(entry)
        return (
          <li key={entry.id}>
            <span>
              {deed}
              {entry.event === 'refused' ? <span className="tone-bad"> (refused)</span> : null}
            </span>
            <span className="faint">
              <bdi>{entry.operator}</bdi> on {entry.host} · <Moment at={entry.at} />
            </span>
            {why ? <span className="wrap audit-why">{why}</span> : null}
          </li>
        )
      })}
    </ul>
  )
}
