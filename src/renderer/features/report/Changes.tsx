import { ArrowDown, ArrowUp, Equal } from 'lucide-react'
import '../../ui/charts/charts.css'
import { figure, significant } from '../../ui/format.ts'
import { type MetricChange, metricWords, type Verdict } from './compare.ts'

const verdictTone: Record<Verdict, string> = { better: 'tone-good', worse: 'tone-bad', same: 'faint' }

/** `↑ 0.031 (2.1 %) worse`: direction, size and what it means, in words beside the colour. */
export function Change({ change }: { change: Pick<MetricChange, 'change' | 'share' | 'verdict'> }) {
  const { verdict, share } = change
  if (verdict === 'same')
    return (
      <span className="change faint">
        <Equal size={12} aria-hidden />
        the same
      </span>
    )
  const Arrow = change.change > 0 ? ArrowUp : ArrowDown
  return (
    <span className={`change ${verdictTone[verdict]}`}>
      <Arrow size={12} aria-hidden />
      <span className="sr-only">{change.change > 0 ? 'up by' : 'down by'}</span>
      {significant(Math.abs(change.change), 3)}
      {share === null || share > 10 ? '' : ` (${share < 0.0005 ? '< 0.1' : figure(share * 100, 1)} %)`} {verdict}
    </span>
  )
}

/** Two models' figures, what got worse first. */
export function Changes({ changes, fromName, toName }: { changes: readonly MetricChange[]; fromName: string; toName: string }) {
  return (
    <table className="dense">
      <thead>
        <tr>
          <th scope="col">Metric</th>
          <th scope="col" className="right">
            {fromName}
          </th>
          <th scope="col" className="right">
            {toName}
          </th>
          <th scope="col">Difference</th>
        </tr>
      </thead>
      <tbody>
        {changes.map((change) => (
          <tr key={change.metric}>
            <td>{metricWords(change.metric)}</td>
            <td className="right muted">{significant(change.from)}</td>
            <td className="right strong">{significant(change.to)}</td>
            <td>
              <Change change={change} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
