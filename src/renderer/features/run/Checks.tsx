import { Check, X } from 'lucide-react'
import type { GateCheck, RunDetail } from '../../../contract/model.ts'
import { listMetrics } from '../../../contract/training.ts'
import { figure, sentenceStart, significant } from '../../ui/format.ts'
import { plainText } from '../../ui/plainText.ts'

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
        {inOrder(gateChecks).map((check) => (
          <Row key={`${check.kind}${check.label}`} check={check} />
        ))}
      </tbody>
    </table>
  )
}

/** What failed stands first; the gate's own order otherwise. */
const inOrder = (checks: readonly GateCheck[]) => [...checks].sort((a, b) => Number(a.passed) - Number(b.passed))

function Row({ check }: { check: GateCheck }) {
  const { label, observed, limit, comparison, passed, reason, kind } = check
  // A fixed limit that was kept says all in its figures.
  const explained = reason !== '' && !(kind === 'limit' && passed)
  return (
    <>
      <tr className={explained ? 'explained' : undefined}>
        <td>{sentenceStart(label)}</td>
        <td className="right strong">{observed === null ? '–' : significant(observed)}</td>
        <td className="right muted">{limit === null ? '–' : `${signOf[comparison]} ${significant(limit)}`}</td>
        <td className={passed ? 'tone-good' : 'tone-bad'}>
          <span className="verdict">
            {passed ? <Check size={14} aria-hidden /> : <X size={14} aria-hidden />}
            {passed ? 'Passed' : 'Failed'}
          </span>
        </td>
      </tr>
      {explained ? (
        <tr className="reason">
          <td colSpan={4}>
            <bdi>{plainText(sentenceStart(reason))}</bdi>
          </td>
        </tr>
      ) : null}
    </>
  )
}
