import { Check, X } from 'lucide-react'
import type { RunDetail } from '../../../contract/model.ts'
import { figure } from '../../ui/format.ts'

const signOf = { '>=': '≥', '<=': '≤', '>': '>' } as const
const nameOf: Record<string, string> = { accuracy: 'Accuracy', mae: 'MAE', r2: 'R²' }
/** A check's name in words; the gate may name checks that this table does not know. */
const words = (name: string) => {
  const known = nameOf[name.toLowerCase()]
  if (known) return known
  const spaced = name.replaceAll('_', ' ')
  return spaced.charAt(0).toUpperCase() + spaced.slice(1)
}

/** The model's figures against the limits of the gate; bare figures while the gate has not judged them. */
export function Checks({ detail }: { detail: Pick<RunDetail, 'metrics' | 'gateChecks' | 'gatePassed'> }) {
  const { metrics, gateChecks } = detail
  if (gateChecks.length === 0) {
    return metrics ? (
      <dl className="figures">
        {Object.entries(metrics).map(([name, value]) => (
          <div key={name}>
            <dt>{words(name)}</dt>
            <dd>{figure(value)}</dd>
          </div>
        ))}
      </dl>
    ) : null
  }
  return (
    <table className="checks">
      <thead>
        <tr>
          <th>Check</th>
          <th className="right">Observed</th>
          <th className="right">Limit</th>
          <th>Verdict</th>
        </tr>
      </thead>
      <tbody>
        {gateChecks.map((check) => (
          <tr key={`${check.name}${check.comparison}${check.limit}`}>
            <td>{words(check.name)}</td>
            <td className="right strong">{figure(check.observed)}</td>
            <td className="right muted">
              {signOf[check.comparison]} {figure(check.limit)}
            </td>
            <td className={check.passed ? 'tone-good' : 'tone-bad'}>
              <span className="verdict">
                {check.passed ? <Check size={14} aria-hidden /> : <X size={14} aria-hidden />}
                {check.passed ? 'Passed' : 'Failed'}
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
