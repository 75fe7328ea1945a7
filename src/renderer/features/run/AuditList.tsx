import { unknownHost } from '../../../contract/operator.ts'
import { useIn } from '../../app/console.ts'
import { Moment } from '../../ui/times.tsx'
import { deedOf, outcomeOf } from '../audit/deedWords.ts'

/** Who did what to this run, newest first. */
export function AuditList() {
  const entries = useIn('run', (s) => s.audit)
  if (entries.length === 0) return <p className="faint">Nobody has acted on this run.</p>
  return (
    <ul className="audit-list">
      {entries.map((entry) => {
        const { deed, why } = deedOf(entry)
        const { words, tone } = outcomeOf(entry)
        return (
          <li key={entry.id}>
            <span>
              {deed}
              {words === 'done' ? null : <span className={`tone-${tone}`}> ({words})</span>}
            </span>
            <span className="faint">
              <bdi>{entry.operator}</bdi> {entry.host === unknownHost ? '(host not known)' : `on ${entry.host}`} ·{' '}
              <Moment at={entry.at} />
            </span>
            {why ? <span className="wrap">{why}</span> : null}
            {entry.problem ? <span className="wrap tone-bad">{entry.problem}</span> : null}
          </li>
        )
      })}
    </ul>
  )
}
