import { Check, X } from 'lucide-react'
import type { RunDetail } from '../../../contract/model.ts'
import { listMetrics } from '../../../contract/training.ts'
import { figure, sentenceStart } from '../../ui/format.ts'

const signOf = { '>=': '≥', '<=': '≤', '>': '>' } as const

/** The model's figures against the limits of the gate; bare figures while the gate has not judged them. */
export function Checks({ detail }: { detail: Pick<RunDetail, 'metrics' | 'gateChecks' | 'gatePassed'> }) {
  const { metrics, gateChecks } = detail
  if (gateChecks.length === 0) {
    return metrics ? (
      <dl className="figures">
        {listMetrics(metrics).map(({ name, label, value }) => (
          <div key={name}>
            <dt>{sentenceStart(label)}</dt>
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
          <tr key={`${check.kind}${check.label}`} title={check.reason}>
            <td>{sentenceStart(check.label)}</td>
            <td className="right strong">{check.observed === null ? '–' : figure(check.observed)}</td>
            <td className="right muted">{check.limit === null ? '–' : `${signOf[check.comparison]} ${figure(check.limit)}`}</td>
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
